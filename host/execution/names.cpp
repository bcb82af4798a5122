#include <algorithm>

#include "base/log.hpp"
#include "execution/loop.hpp"

// Exclusive names, where several hosts share the store: limits_ keeps two steps of this host apart, a row in the store
// two hosts. A name is taken before the step is claimed and given back after the step's end is stored.
namespace tenantry::execution {
namespace {

constexpr int kTurns = 8;                // that a host has with a name before the others may
constexpr Millis kStandBack{200};        // for those who have asked meanwhile
constexpr Millis kBetweenAsking{1'000};  // besides whenever a name is given back

}  // namespace

bool Scheduler::Loop::take_name(const pace::Keys& keys) {
  if (!keys.contested || !store_.is_shared()) return true;
  const auto& name = keys.exclusive;
  if (!limits_.is_free(name)) return true;  // ours already, and limits_ will say so
  if (const auto held = names_.find(name); held != names_.end()) {
    if (held->second < kTurns) return ++held->second, true;
    names_elsewhere_[name] = {now_};  // once it was given back
    return false;
  }
  if (names_elsewhere_.contains(name)) return false;
  const auto taken = store_.take_name(name, self_, now_, lease_end());
  if (taken.has_error()) base::log::warn("name not taken", {{"name", name}, {"error", taken.error().message}});
  if (taken.has_error() || !*taken) {
    names_elsewhere_[name] = {now_ + kBetweenAsking};
    return false;
  }
  leased();
  names_[name] = 1;
  return true;
}

// Only what is stored is over: another host's step must not begin while ours still is under way for whoever reads.
void Scheduler::Loop::free_names() {
  std::vector<std::string> idle;
  for (const auto& [name, turns] : names_)
    if (limits_.is_free(name)) idle.push_back(name);
  if (idle.empty()) return;
  const auto wanted = store_.free_names(idle, self_, lease_end());
  if (wanted.has_error()) {  // the next round tries again, or the lease ends
    for (auto& [name, elsewhere] : names_elsewhere_) elsewhere.again = std::max(elsewhere.again, now_ + kStandBack);
    return;
  }
  for (const auto& name : idle) names_.erase(name);
  for (const auto& name : *wanted) names_elsewhere_[name] = {now_ + kStandBack, true};
}

// Whoever stands aside for a name that may be free now is called.
void Scheduler::Loop::ask_for_names() {
  const bool told = freed_elsewhere_.exchange(false);
  for (auto name = names_elsewhere_.begin(); name != names_elsewhere_.end();) {
    if (name->second.again > now_ && (!told || name->second.after_ours)) {
      ++name;
      continue;
    }
    freed_.insert(name->first);
    name = names_elsewhere_.erase(name);
  }
}

}  // namespace tenantry::execution
