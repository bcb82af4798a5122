#include <algorithm>

#include "base/log.hpp"
#include "execution/loop.hpp"

// A command that reaches a host other than the one that has the run is left in the store for that one, which decides;
// its answer comes back the same way.
namespace tenantry::execution {
namespace {

constexpr Millis kBetweenLooks{250};     // besides whenever an answer is told
constexpr Millis kTakeOver{5'000};       // how long after the end of a lease somebody has the run again
constexpr Millis kForgotten{3'600'000};  // what nobody asks about any more

base::Error silent() {
  return {base::ErrorKind::kUnavailable,
          "run.silent",
          "The host that carries the run on does not answer; nothing was changed.",
          "Send the command again.",
          {},
          {}};
}

base::Error uncertain(const model::Command& command) {
  return {base::ErrorKind::kUnavailable,
          "run.uncertain",
          "The host that carries the run on has taken the command and has not answered yet.",
          "GET /api/operations/" + command.id.value + " finds the operation once it is carried out.",
          {},
          {}};
}

}  // namespace

Millis Scheduler::Loop::patience() const { return options_.lease + kTakeOver; }

void Scheduler::Loop::hand_over(GiveCommand& given) {
  const auto refuse = [&](const base::Error& error) { refused_.emplace_back(&given.answered, error); };
  if (given.command.onto) {  // only a finished run can change its version, and this one is not finished
    const auto stored = store_.run(given.run);
    if (stored.has_error()) return refuse(stored.error());
    if (!*stored) return refuse(base::not_found("run.not_found", "There is no run " + given.run.value + "."));
    const auto scope = model::preview(**stored, given.command);
    return refuse(scope.has_error() ? scope.error() : silent());
  }
  if (given.until == Time{}) given.until = now_ + patience();
  const auto handed = store_.hand_over({given.run, given.command}, now_, now_ - kForgotten);
  if (handed.has_error()) return refuse(handed.error());
  next_follow_ = now_ + kBetweenLooks;
  handed_.push_back({given.run, given.command, std::exchange(given.answered, nullptr), given.until});
}

// Those that are about runs of ours. What is accepted is answered by the write of its operation; after a commit that
// failed, or under another owner, the command is still there.
void Scheduler::Loop::take_handed() {
  if (!hear_.exchange(false)) return;
  const auto taken = store_.take_handed(self_, now_ - patience());
  if (taken.has_error()) {
    hear_ = true;
    return;
  }
  for (const auto& [run, command] : *taken) {
    auto* active = find(run);
    if (active == nullptr) continue;
    const auto done = give(*active, command);
    if (done.has_value()) continue;
    if (const auto refused = store_.refuse_handed(command.id, done.error()); refused.has_error()) hear_ = true;
  }
}

void Scheduler::Loop::follow_handed() {
  if (handed_.empty() || (!answered_.exchange(false) && now_ < next_follow_)) return;
  next_follow_ = now_ + kBetweenLooks;
  handed_.erase(std::remove_if(handed_.begin(), handed_.end(), [this](auto& given) { return follow(given); }),
                handed_.end());
}

// true: it is answered.
bool Scheduler::Loop::follow(GiveCommand& given) {
  using State = store::Handed::State;
  const auto& id = given.command.id;
  const auto handed = store_.handed(id, now_);
  auto state = handed.has_value() ? handed->state : State::kWaiting;
  const bool late = given.until <= now_;
  switch (state) {
    case State::kDone: {
      auto stored = store_.run(given.run);
      if (stored.has_error() || !*stored) return given.answered(uncertain(given.command)), true;
      return given.answered(std::make_shared<const model::Run>(std::move(**stored))), true;
    }
    case State::kRefused:
      (void)store_.take_back(id);
      return given.answered(handed->refusal), true;
    case State::kUnknown:
      return given.answered(silent()), true;
    case State::kOwnerless:
    case State::kWaiting:
      break;
  }
  if (state == State::kWaiting && !late) return false;
  const auto back = store_.take_back(id);
  if (!late) return back.has_value() && *back && again(given);
  given.answered(back.has_value() && *back ? silent() : uncertain(given.command));
  return true;
}

// From the start: whoever has the run now decides. false: there is no time left for that.
bool Scheduler::Loop::again(const GiveCommand& given) {
  const auto until = given.until == Time{} ? now_ + patience() : given.until;
  return now_ < until && inbox->put(GiveCommand{given.run, given.command, given.answered, until});
}

// This host ends: nobody waits for an answer that it would not pass on.
void Scheduler::Loop::leave_handed() {
  for (auto& given : std::exchange(handed_, {})) {
    const auto back = store_.take_back(given.command.id);
    given.answered(back.has_value() && *back ? silent() : uncertain(given.command));
  }
}

}  // namespace tenantry::execution
