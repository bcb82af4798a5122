#include <algorithm>

#include "base/log.hpp"
#include "execution/loop.hpp"

namespace tenantry::execution {
namespace {

constexpr Millis kLookEvery{1'000};

// Whoever stands aside for this name waits for an engine with this manifest.
std::string engine_name(const std::string& digest) { return "engine|" + digest; }

}  // namespace

void Scheduler::Loop::enqueue(Active& active) {
  const auto at = now_ < active.turn_ends ? Turns::At::kFront : Turns::At::kEnd;
  if (turns_.join(&active, active.run.manifest().engine.value, active.run.spec->server.value, at)) say_nothing(active);
}

void Scheduler::Loop::claim() {
  opens_at_ = Time::max();
  if (is_draining()) return;
  look_for_engines();
  call_those_aside();
  turns_.round([this](Turns::Lane& lane) { return moves(lane); }, [this](Active* active) { take_turn(*active); });
}

bool Scheduler::Loop::moves(Turns::Lane& lane) {
  const auto found = limits_.obstacle(lane.engine, lane.server, now_);
  opens_at_ = std::min(opens_at_, found.until);
  if (std::exchange(lane.reason, found.reason) != found.reason)
    board.keep_waiting(lane.engine, lane.server, found.reason);
  return found.reason == model::WaitReason::kNone;
}

// One of several steps in one turn, so that a tenant with many does not keep one with few waiting.
void Scheduler::Loop::take_turn(Active& active) {
  const auto steps = model::claimable(active.run, now_);
  if (steps.empty()) {
    if (active.flights.empty()) quiet_.push_back(active.run.spec->id);
    return turns_.leave(&active);
  }
  if (!has_runtime(active)) {
    for (const auto step : steps) say(active, step, model::WaitReason::kEngineUnavailable);
    const auto& manifest = active.run.spec->manifest;
    gone_.emplace(manifest->digest, manifest);
    return turns_.step_aside(&active, {engine_name(manifest->digest)});
  }
  std::vector<std::string> names;
  for (const auto step : steps) {
    auto keys = pace::keys_of(active.run, step);
    const auto reason = take_name(keys) ? limits_.take(keys, now_) : model::WaitReason::kExclusive;
    if (reason == model::WaitReason::kNone) {
      claim_step(active, step, std::move(keys));
      return steps.size() == 1 ? turns_.leave(&active) : turns_.served(&active);
    }
    say(active, step, reason);
    if (reason == model::WaitReason::kExclusive) names.push_back(std::move(keys.exclusive));
  }
  // Without a name the tenant has as many steps running as it may, and the end of any of them brings it back.
  if (names.size() < steps.size()) return turns_.leave(&active);
  turns_.step_aside(&active, std::move(names));
}

void Scheduler::Loop::claim_step(Active& active, std::size_t step, pace::Keys keys) {
  (void)give(active, model::Claimed{step});
  active.flights[step] = Flight{active.run.steps[step].attempts, std::move(keys), nullptr, nullptr, {}, false};
  active.starting.push_back(step);
  if (active.turn_ends <= now_) active.turn_ends = now_ + options_.turn;
  ++in_flight;
}

// A run takes the newest generation with its manifest when it first needs one, and keeps it until it ends.
bool Scheduler::Loop::has_runtime(Active& active) {
  if (!active.runtime) active.runtime = ports_->runtime(active.run.manifest());
  return active.runtime != nullptr;
}

void Scheduler::Loop::look_for_engines() {
  if (gone_.empty() || now_ < next_look_) return;
  next_look_ = now_ + kLookEvery;
  for (auto one = gone_.begin(); one != gone_.end();) {
    const auto name = engine_name(one->first);
    if (ports_->runtime(*one->second) != nullptr)
      while (auto* active = turns_.call(name)) say_nothing(*active);
    one = turns_.is_awaited(name) ? std::next(one) : gone_.erase(one);
  }
}

// One for each name and round: all at once would only stand aside again, but the one that was called may not want it
// any more.
void Scheduler::Loop::call_those_aside() {
  for (auto name = freed_.begin(); name != freed_.end();) {
    auto* active = limits_.is_free(*name) && !names_elsewhere_.contains(*name) ? turns_.call(*name) : nullptr;
    if (active != nullptr) say_nothing(*active);
    name = active != nullptr ? std::next(name) : freed_.erase(name);
  }
}

// What was in the way is gone; what is next will be said when it is known.
void Scheduler::Loop::say_nothing(Active& active) {
  for (std::size_t i = 0; i < active.run.steps.size(); ++i) say(active, i, model::WaitReason::kNone);
}

void Scheduler::Loop::say(Active& active, std::size_t step, model::WaitReason reason) {
  auto& state = active.run.steps[step];
  if (state.state != model::StepState::kReady || state.wait_reason == model::WaitReason::kPaused) return;
  if (std::exchange(state.wait_reason, reason) != reason) repaint(active);
}

void Scheduler::Loop::hear(const Active& active, const Flight& flight, const model::StepReport& report) {
  const auto news = limits_.hear(flight.keys, report, now_, chance_(random_));
  if (news == pace::News::kNone) return;
  const bool answers = news == pace::News::kClosed;
  board.note_server(base::ServerId(flight.keys.server), answers);
  todo_.push_back(ServerSaid{active.run.spec->id, {flight.keys.server, answers}});
  if (answers)
    base::log::info("server answers again", {{"server", flight.keys.server}, {"run", active.run.spec->id.value}});
  else
    base::log::error("server does not answer", {{"server", flight.keys.server},
                                                {"run", active.run.spec->id.value},
                                                {"error", report.failure ? report.failure->message : ""}});
}

}  // namespace tenantry::execution
