#include <algorithm>

#include "base/log.hpp"
#include "execution/loop.hpp"
#include "model/view.hpp"

namespace tenantry::execution {
namespace {

constexpr Millis kFirstPause{50};
constexpr Millis kLongestPause{2'000};

base::Error moved() {
  return {base::ErrorKind::kUnavailable, "run.moved", "Another host has taken over this run.",
          "Send the command again.",     {},          {}};
}

base::Error tenant_busy() {
  return {base::ErrorKind::kConflict,          "run.active", "The tenant already has an active run.",
          "Wait for it to end, or cancel it.", {},           {"skip-step", "cancel"}};
}

}  // namespace

bool Scheduler::Loop::commit() {
  std::vector<store::RunWrite> writes;
  std::vector<Active*> owner;
  for (auto* active : touched_)
    for (std::size_t i = 0; i < active->pending.size(); ++i) {
      model::add_views(active->run, active->pending[i]);
      writes.push_back({&active->run, &active->pending[i], active->token, active->create && i == 0});
      owner.push_back(active);
    }
  std::set<Active*> lost;
  std::set<Active*> busy;
  if (!writes.empty()) {
    const auto written = store_.write(writes, self_, lease_end());
    if (written.has_error()) {
      roll_back(written.error());
      return false;
    }
    leased();
    for (std::size_t i = 0; i < writes.size(); ++i) {
      if ((*written)[i] == store::Written::kLost) lost.insert(owner[i]);
      if ((*written)[i] == store::Written::kTenantBusy) busy.insert(owner[i]);
    }
    if (ports_->committed) ports_->committed();
    if (!healthy.exchange(true)) base::log::info("commits work again");
    pause_ = kFirstPause;
  }
  acknowledge(lost, busy);
  return true;
}

void Scheduler::Loop::acknowledge(const std::set<Active*>& lost, const std::set<Active*>& busy) {
  const auto gone = [&](Active* active) { return lost.contains(active) || busy.contains(active); };
  for (auto* active : touched_)
    if (!gone(active)) show(*active);
  for (auto& [answered, error] : refused_) (*answered)(error);
  for (auto& [active, answered, given] : accepted_) {
    if (!gone(active))
      (*answered)(active->committed->view());
    else if (!lost.contains(active))
      (*answered)(tenant_busy());
    else if (given == nullptr || !again(*given))
      (*answered)(moved());
  }
  for (auto& [active, answered] : checkpoints_) (*answered)(active != nullptr && !gone(active));
  if (ports_->passing)
    for (const auto& item : todo_)
      if (const auto* ended = std::get_if<CallEnded>(&item))
        if (const auto* active = find(ended->run); active != nullptr && !gone(find(ended->run)))
          ports_->passing(Point::kCommitted, active->run.manifest().steps[ended->step].id);
  clear_batch();
  for (auto* active : std::exchange(touched_, {})) {
    active->pending.clear();
    active->create = false;
    if (gone(active)) {
      forget(*active);
      continue;
    }
    for (const auto step : std::exchange(active->starting, {})) begin_call(*active, step);
    for (const auto step : std::exchange(active->stopping, {})) tell(*active, step);
    if (model::is_active(active->run.head)) {
      set_alarm(*active);
      continue;
    }
    auto last = active->committed->view();
    forget(*active);
    if (options_.only_host) board.finish(std::move(last));
  }
  for (const auto& id : std::exchange(repainted_, {}))
    if (auto* active = find(id); active != nullptr && active->repainted) show(*active);
}

void Scheduler::Loop::show(Active& active) {
  const bool repainted = std::exchange(active.repainted, false);
  if (!active.committed) {
    active.committed = std::make_shared<Committed>(active.run);
  } else if (repainted) {
    active.committed->update(active.run);
  } else {
    active.committed->update(active.run, active.pending);
  }
  if (!active.on_board && model::is_active(active.run.head)) {
    board.put(active.committed);
    active.on_board = true;
  }
}

void Scheduler::Loop::clear_batch() {
  todo_.clear();
  accepted_.clear();
  refused_.clear();
  checkpoints_.clear();
}

// The commit did not happen. Memory goes back to what is stored; what had happened is kept for the next try; commands
// are refused, since a person should not wait for an uncertain store.
void Scheduler::Loop::roll_back(const base::Error& error) {
  if (healthy.exchange(false)) base::log::error("commit failed", {{"code", error.code}, {"error", error.message}});
  paused_until_ = now_ + pause_;
  pause_ = std::min(pause_ * 2, kLongestPause);
  hear_ = true;  // what other hosts left to us is still there
  std::vector<Item> again;
  for (auto& item : todo_) {
    if (auto* create = std::get_if<CreateRun>(&item)) {
      create->answered(error);
    } else if (auto* given = std::get_if<GiveCommand>(&item)) {
      if (given->answered) given->answered(error);
    } else {
      again.push_back(std::move(item));
    }
  }
  clear_batch();
  for (auto* active : std::exchange(touched_, {})) restore(*active, again);
  todo_.assign(std::make_move_iterator(again.begin()), std::make_move_iterator(again.end()));
}

void Scheduler::Loop::restore(Active& active, std::vector<Item>& again) {
  for (const auto step : std::exchange(active.starting, {})) land(active, step);
  active.stopping.clear();
  active.pending.clear();
  if (!active.committed) return forget(active);
  active.run = *active.committed->view();
  // A step that is in flight in the store but whose call is over, and whose end nobody will report again.
  for (std::size_t i = 0; i < active.run.steps.size(); ++i) {
    const auto& step = active.run.steps[i];
    if (!step.in_flight || active.flights.contains(i)) continue;
    const auto reported = std::any_of(again.begin(), again.end(), [&](const Item& item) {
      const auto* ended = std::get_if<CallEnded>(&item);
      return ended != nullptr && ended->run == active.run.spec->id && ended->step == i &&
             ended->attempt == step.attempts;
    });
    if (reported) continue;
    engine::Answer lost;
    lost.outcome = model::Outcome::kLost;
    again.push_back(CallEnded{active.run.spec->id, i, step.attempts, std::move(lost)});
  }
  if (!model::is_active(active.run.head)) return forget(active);
  enqueue(active);
  set_alarm(active);
}

}  // namespace tenantry::execution
