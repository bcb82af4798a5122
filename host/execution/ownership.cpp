#include <algorithm>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "execution/loop.hpp"

namespace tenantry::execution {
namespace {

constexpr Millis kSoon{100};
constexpr std::size_t kHelpings = 8;  // that a host with nothing to do takes in a row

std::size_t flights(const model::Run& run) {
  return static_cast<std::size_t>(
      std::count_if(run.steps.begin(), run.steps.end(), [](const auto& step) { return step.in_flight; }));
}

}  // namespace

void Scheduler::Loop::housekeeping() {
  const bool due = next_housekeeping_ <= now_;
  if (due) next_housekeeping_ = now_ + options_.lease / 3;
  while (due && !given_up_.empty()) {
    if (const auto released = store_.release_runs(given_up_.back()); released.has_error()) {
      next_housekeeping_ = now_ + kSoon;
      return;
    }
    given_up_.pop_back();
  }
  if (!is_draining() && (look_.exchange(false) || due || (left_over_ && room() > 0))) take_up();
  if (!due) return;
  if (const auto renewed = store_.renew_leases(self_, lease_end()); renewed.has_error()) {
    base::log::warn("leases not renewed", {{"error", renewed.error().message}});
    next_housekeeping_ = now_ + kSoon;
  } else {
    leased();
    if (const auto hosts = store_.living_hosts(now_); hosts.has_value()) limits_.share(*hosts, now_);
    // A host that has nothing to commit would never be found healthy again, and be given nothing.
    if (!healthy.exchange(true)) base::log::info("commits work again");
  }
  hear_ = hear_ || store_.is_shared();
}

// Runs that this host could begin a step of at once, if it had them.
std::size_t Scheduler::Loop::room() const {
  const auto most = static_cast<std::size_t>(std::max(options_.limits.host, 1));
  if (turns_.size() >= most) return 0;  // without a look at each of very many
  const auto busy = static_cast<std::size_t>(std::count_if(runs_.begin(), runs_.end(), [this](const auto& one) {
    return turns_.contains(one.second.get()) || !one.second->flights.empty();
  }));
  return most - std::min(most, busy);
}

// Of a store that others look at too, a few at a time: whoever finds a full helping tells the others, and all look
// again, so that what a dead host leaves is spread over all who have room.
void Scheduler::Loop::take_up() {
  if (!store_.is_shared()) return take_up_all();
  const auto helping =
      std::min(room(), std::max<std::size_t>(1, static_cast<std::size_t>(options_.limits.host) / kHelpings));
  left_over_ = true;
  if (helping == 0) return;
  auto claimed = store_.claim_runs(self_, now_, lease_end(), helping);
  if (claimed.has_error()) {
    base::log::warn("runs not claimed", {{"error", claimed.error().message}});
    next_housekeeping_ = now_ + kSoon;
    left_over_ = false;
    return;
  }
  leased();
  left_over_ = claimed->size() == helping;
  for (auto& owned : *claimed) {
    const auto suspects = owned.suspects;
    const auto& active = adopt(std::move(owned), suspects);
    base::log::info("run taken up", {{"run", active.run.spec->id.value}, {"token", active.token}});
  }
}

// The lease is over, or about to be, and the calls were given up: whoever finds the runs goes on with them, perhaps the
// new life of this host.
void Scheduler::Loop::begin_life() {
  base::log::warn("lease lost", {{"runs", runs_.size()}, {"boot", self_.boot}});
  while (!runs_.empty()) forget(*runs_.begin()->second);
  parked_.clear();
  parked_until_.clear();
  names_.clear();
  given_up_.push_back(self_);
  self_.boot = base::new_id("boot_");
  guard_.reset();
  next_housekeeping_ = now_;
}

void Scheduler::Loop::take_up_all() {
  for (;;) {
    auto claimed = store_.claim_runs(self_, now_, lease_end(), options_.claim_batch);
    if (claimed.has_error()) {
      base::log::warn("runs not claimed", {{"error", claimed.error().message}});
      next_housekeeping_ = now_ + kSoon;
      return;
    }
    for (auto& owned : *claimed) {
      const auto suspects = owned.suspects;
      const auto& active = adopt(std::move(owned), suspects);
      base::log::info("run taken up", {{"run", active.run.spec->id.value}, {"token", active.token}});
    }
    if (claimed->size() < options_.claim_batch) return;
  }
}

// If the clock was set back while no host lived, what waits must not wait for that long.
void Scheduler::Loop::mend_times(model::Run& run) const {
  auto latest = std::max(run.head.started_at, run.head.completed_at);
  for (const auto& step : run.steps) latest = std::max({latest, step.started_at, step.called_at, step.completed_at});
  if (latest <= now_) return;
  for (auto& step : run.steps)
    if (step.due_at > now_) step.due_at = std::max(now_, step.due_at - (latest - now_));
}

Active& Scheduler::Loop::adopt(store::OwnedRun owned, std::size_t suspects) {
  if (auto* old = find(owned.run.spec->id)) forget(*old);
  forget_parked(owned.run.spec->id);
  auto active = std::make_unique<Active>();
  active->run = std::move(owned.run);
  mend_times(active->run);
  active->token = owned.token;
  active->committed = std::make_shared<Committed>(active->run);
  auto& place = *(runs_[active->run.spec->id] = std::move(active));
  place.on_board = model::is_active(place.run.head);
  if (place.on_board) board.put(place.committed);
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
