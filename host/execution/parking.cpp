#include <algorithm>

#include "base/log.hpp"
#include "execution/loop.hpp"

// Runs that have nothing to do for a while are not kept in memory: the store has all of them, and a host may carry very
// many. What stays is when each is due. They are still this host's, under its lease.
namespace tenantry::execution {
namespace {

constexpr Millis kSoon{100};

}  // namespace

bool Scheduler::Loop::is_quiet(const Active& active) const {
  // What waits for a server hears of it when that is back.
  const bool listens = std::any_of(active.run.steps.begin(), active.run.steps.end(), [](const auto& step) {
    return step.wait_reason == model::WaitReason::kEngineUnavailable;
  });
  return options_.park_after != Millis::max() && !listens && active.flights.empty() && active.pending.empty() &&
         model::is_active(active.run.head) && !turns_.contains(&active) &&
         (active.alarm == Time{} || active.alarm - now_ >= options_.park_after);
}

void Scheduler::Loop::park() {
  for (const auto& id : std::exchange(quiet_, {})) {
    auto* active = find(id);
    if (active == nullptr || !is_quiet(*active)) continue;
    const auto due = active->alarm == Time{} ? Time::max() : active->alarm;
    const auto token = active->token;
    auto last = active->committed->view();
    forget(*active);
    if (options_.only_host) board.finish(std::move(last));
    parked_[id] = parked_until_.emplace(due, Parked{id, token});
  }
}

void Scheduler::Loop::wake_parked() {
  while (!parked_until_.empty() && parked_until_.begin()->first <= now_) {
    const auto parked = parked_until_.begin()->second;
    auto run = store_.run(parked.run);
    if (run.has_error()) {
      base::log::warn("run not read", {{"run", parked.run.value}, {"error", run.error().message}});
      forget_parked(parked.run);
      parked_[parked.run] = parked_until_.emplace(now_ + kSoon, parked);
      return;
    }
    forget_parked(parked.run);
    if (*run && model::is_active((*run)->head)) (void)adopt({std::move(**run), parked.token});
  }
}

void Scheduler::Loop::forget_parked(const base::RunId& run) {
  const auto found = parked_.find(run);
  if (found == parked_.end()) return;
  parked_until_.erase(found->second);
  parked_.erase(found);
}

}  // namespace tenantry::execution
