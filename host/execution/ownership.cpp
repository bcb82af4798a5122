#include <algorithm>

#include "base/log.hpp"
#include "execution/loop.hpp"

namespace tenantry::execution {
namespace {

constexpr Millis kSoon{100};

std::size_t flights(const model::Run& run) {
  return static_cast<std::size_t>(
      std::count_if(run.steps.begin(), run.steps.end(), [](const auto& step) { return step.in_flight; }));
}

}  // namespace

void Scheduler::Loop::housekeeping() {
  if (!look_.exchange(false) && now_ < next_housekeeping_) return;
  next_housekeeping_ = now_ + options_.lease / 3;
  if (!is_draining()) take_up();
  if (const auto renewed = store_.renew_leases(self_, lease_end()); renewed.has_error()) {
    base::log::warn("leases not renewed", {{"error", renewed.error().message}});
    next_housekeeping_ = now_ + kSoon;
  }
}

void Scheduler::Loop::take_up() {
  for (;;) {
    auto claimed = store_.claim_runs(self_, now_, lease_end(), options_.claim_batch);
    if (claimed.has_error()) {
      base::log::warn("runs not claimed", {{"error", claimed.error().message}});
      next_housekeeping_ = now_ + kSoon;
      return;
    }
    std::size_t suspects = 0;
    for (const auto& owned : *claimed) suspects += flights(owned.run);
    for (auto& owned : *claimed) {
      const auto& active = adopt(std::move(owned), suspects);
      base::log::info("run taken up", {{"run", active.run.spec->id.value}, {"token", active.token}});
    }
    if (claimed->size() < options_.claim_batch) return;
  }
}

Active& Scheduler::Loop::adopt(store::OwnedRun owned, std::size_t suspects) {
  if (auto* old = find(owned.run.spec->id)) forget(*old);
  forget_parked(owned.run.spec->id);
  auto active = std::make_unique<Active>();
  active->run = std::move(owned.run);
  active->token = owned.token;
  active->committed = std::make_shared<const model::Run>(active->run);
  auto& place = *(runs_[active->run.spec->id] = std::move(active));
  if (model::is_active(place.run.head)) board.put(place.committed);
  if (flights(place.run) > 0) (void)give(place, model::LeaseLost{std::max(suspects, flights(place.run))});
  enqueue(place);
  set_alarm(place);
  return place;
}

// The run is finished, or somebody else's: nothing of it stays here.
void Scheduler::Loop::forget(Active& active) {
  while (!active.flights.empty()) {
    if (auto& call = active.flights.begin()->second.call) call->abandon();
    land(active, active.flights.begin()->first);
  }
  if (active.alarm != Time{}) alarms_.erase({active.alarm, &active});
  turns_.leave(&active);
  touched_.erase(std::remove(touched_.begin(), touched_.end(), &active), touched_.end());
  board.remove(active.run);
  const auto id = active.run.spec->id;
  runs_.erase(id);
}

}  // namespace tenantry::execution
