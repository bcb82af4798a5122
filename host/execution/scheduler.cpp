#include "execution/scheduler.hpp"

#include "execution/loop.hpp"

namespace tenantry::execution {
namespace {

base::Error ending() {
  return {
      base::ErrorKind::kUnavailable, "host.ending", "This host is shutting down.", "Send the command again.", {}, {}};
}

}  // namespace

Scheduler::Scheduler(store::Store& store, store::HostLife self, Ports ports, const base::Clock& clock,
                     SchedulerOptions options)
    : loop_(std::make_unique<Loop>(store, std::move(self), std::move(ports), clock, std::move(options))) {}

Scheduler::~Scheduler() = default;

void Scheduler::start() { loop_->start(); }

void Scheduler::create(model::Run run, model::Change change, std::shared_ptr<engine::Runtime> runtime,
                       const Answered& answered) {
  if (!loop_->inbox->put(CreateRun{std::move(run), std::move(change), std::move(runtime), loop_->aside(answered)}))
    answered(ending());
}

void Scheduler::command(base::RunId run, model::Command command, const Answered& answered) {
  if (!loop_->inbox->put(GiveCommand{std::move(run), std::move(command), loop_->aside(answered)})) answered(ending());
}

void Scheduler::foresee(model::Run run, const std::shared_ptr<engine::Runtime>& runtime, Foreseen done) {
  execution::foresee(std::move(run), *runtime, loop_->ports(), std::move(done));
}

void Scheduler::drain(base::Millis wait) { loop_->drain(wait); }
const Board& Scheduler::board() const { return loop_->board; }
std::size_t Scheduler::running() const { return loop_->in_flight; }
bool Scheduler::healthy() const { return loop_->healthy; }

}  // namespace tenantry::execution
