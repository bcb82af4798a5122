#include "retention/pruner.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace tenantry::retention {
namespace {

constexpr base::Millis kShortest{1'000};
constexpr base::Millis kLongest{3'600'000};
constexpr base::Millis kFirst{60'000};        // also where hosts are restarted often, and not while they are starting
constexpr base::Millis kBetweenHelpings{50};  // so that deleting takes a small part of the writer's time

}  // namespace

std::optional<base::Millis> between_looks(const Policy& policy) {
  std::optional<base::Millis> shortest;
  for (const auto& kept : {policy.events, policy.runs, policy.deliveries})
    if (kept && (!shortest || *kept < *shortest)) shortest = kept;
  if (!shortest) return std::nullopt;
  return std::clamp(*shortest / 20, kShortest, kLongest);
}

Pruner::Pruner(store::Store& store, const base::Clock& clock, store::HostLife self, Policy policy)
    : store_(store), clock_(clock), self_(std::move(self)), policy_(policy) {}

Pruner::~Pruner() { stop(); }

void Pruner::start() {
  if (const auto pause = between_looks(policy_)) thread_ = std::thread([this, pause = *pause] { watch(pause); });
}

void Pruner::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Pruner::rest(base::Millis pause) {
  std::unique_lock lock(mutex_);
  return !stopped_.wait_for(lock, pause, [this] { return stopping_; });
}

base::Result<Counts> Pruner::look() {
  const auto now = clock_.now();
  const auto eldest = store_.retention().is_eldest(self_, now);
  if (eldest.has_error()) return eldest.error();
  if (!*eldest) return Counts{};
  const auto before = [&](const std::optional<base::Millis>& kept) {
    return kept ? std::optional(now - *kept) : std::nullopt;
  };
  return prune(store_.retention(), {before(policy_.events), before(policy_.runs), before(policy_.deliveries)},
               store::Prune::kDelete, [this] { return rest(kBetweenHelpings); });
}

void Pruner::watch(base::Millis pause) {
  bool well = true;
  for (auto next = std::min(pause, kFirst); rest(next); next = pause) {
    const auto pruned = look();
    if (pruned.has_error() && std::exchange(well, false))
      base::log::warn("old rows not deleted", {{"code", pruned.error().code}, {"error", pruned.error().message}});
    well = well || pruned.has_value();
    if (pruned.has_value() && pruned->any())
      base::log::info("old rows deleted", {{"events", pruned->events},
                                           {"runs", pruned->runs},
                                           {"batches", pruned->batches},
                                           {"deliveries", pruned->deliveries}});
  }
}

}  // namespace tenantry::retention
