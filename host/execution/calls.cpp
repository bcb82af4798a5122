#include <algorithm>

#include "base/log.hpp"
#include "execution/loop.hpp"
#include "model/slice.hpp"

namespace tenantry::execution {

void Scheduler::Loop::land(Active& active, std::size_t step) {
  const auto flight = active.flights.find(step);
  if (flight == active.flights.end()) return;
  if (!flight->second.keys.exclusive.empty()) freed_.insert(flight->second.keys.exclusive);
  limits_.give_back(flight->second.keys, now_);
  guard_.remove(flight->second.call);
  active.flights.erase(flight);
  --in_flight;
  enqueue(active);
}

void Scheduler::Loop::begin_call(Active& active, std::size_t step) {
  const auto found = active.flights.find(step);
  if (found == active.flights.end()) return;
  auto& flight = found->second;
  const auto& spec = active.run.manifest().steps[step];
  const auto& state = active.run.steps[step];
  flight.sink = std::make_shared<StepCall>(active.run.spec, step, flight.attempt, inbox, ports_, clock_);
  flight.deadline = now_ + spec.timeout;
  auto input = model::slice(active.run, step);
  if (input.has_error()) {
    engine::Answer answer;
    answer.outcome = model::Outcome::kFailed;
    answer.failure = model::Failure{model::FailureClass::kInternal, input.error().code, input.error().message, {}, {}};
    return flight.sink->finished(std::move(answer));
  }
  engine::Invocation call;
  call.op = state.op;
  call.step = spec.id;
  call.run_id = active.run.spec->id.value;
  call.tenant_id = active.run.spec->tenant.value;
  // Another effect, another key: an ERP that knows the key of RUN must not take UNDO for a repetition of it.
  call.idempotency_key = call.run_id + "." + spec.id + (state.op == model::Op::kUndo ? ".undo" : "");
  call.attempt = static_cast<std::uint32_t>(std::max(state.attempt, 1));
  call.max_attempts = static_cast<std::uint32_t>(spec.retry.attempts);
  call.input = std::move(*input);
  if (state.op != model::Op::kRun && state.output) call.output = *state.output;
  if (state.checkpoint) call.checkpoint = *state.checkpoint;
  call.timeout = spec.timeout;
  if (ports_->passing) ports_->passing(Point::kClaimed, spec.id);
  flight.call = active.runtime->start(std::move(call), flight.sink);
  guard_.add(flight.call);
  if (ports_->passing) ports_->passing(Point::kCalled, spec.id);
}

void Scheduler::Loop::tell(Active& active, std::size_t step) {
  const auto flight = active.flights.find(step);
  if (flight == active.flights.end()) return;
  flight->second.told = true;
  flight->second.deadline = std::min(flight->second.deadline, now_);
  if (flight->second.call) flight->second.call->cancel();
}

void Scheduler::Loop::set_alarm(Active& active) {
  auto next = model::next_due(active.run);
  for (const auto& [step, flight] : active.flights) {
    if (!flight.sink) continue;
    const auto silent = flight.sink->last_sign() + active.run.manifest().steps[step].heartbeat;
    const auto at = std::min(silent, flight.told ? flight.deadline + options_.grace : flight.deadline);
    if (!next || at < *next) next = at;
  }
  const auto at = next.value_or(Time{});
  if (at == active.alarm) return;
  if (active.alarm != Time{}) alarms_.erase({active.alarm, &active});
  active.alarm = at;
  if (at != Time{}) alarms_.insert({at, &active});
}

void Scheduler::Loop::ring_alarms() {
  std::vector<Active*> due;
  for (const auto& [at, active] : alarms_) {
    if (at > now_) break;
    due.push_back(active);
  }
  for (auto* active : due) {
    (void)give(*active, model::Tick{});
    enqueue(*active);  // an unknown step may be due for VERIFY without any change
    watch_flights(*active);
    set_alarm(*active);
  }
}

// Silent attempts, and those that did not stop after their time, are given up.
void Scheduler::Loop::watch_flights(Active& active) {
  for (auto& [step, flight] : active.flights) {
    if (!flight.sink) continue;
    const auto& spec = active.run.manifest().steps[step];
    const bool silent = flight.sink->last_sign() + spec.heartbeat <= now_;
    if (silent || (flight.told && flight.deadline + options_.grace <= now_)) {
      base::log::warn("call given up",
                      {{"run", active.run.spec->id.value}, {"step", spec.id}, {"silent", int{silent}}});
      if (flight.call) flight.call->abandon();
      engine::Answer lost;
      lost.outcome = model::Outcome::kLost;
      todo_.push_back(CallEnded{active.run.spec->id, step, flight.attempt, std::move(lost)});
    } else if (flight.deadline <= now_) {
      flight.told = true;  // by the runtime, which knows the time limit
    }
  }
}

}  // namespace tenantry::execution
