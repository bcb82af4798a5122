#include "execution/loop.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace tenantry::execution {
namespace {

constexpr Millis kIdle{1'000};
constexpr Millis kFirstPause{50};
constexpr double kReleaseMs = 2'000;  // what waited for a server that is back becomes due within this time

// One fact more for a run that already has a change in this batch.
void merge(Change& into, Change&& more) {
  into.head = more.head;
  for (auto& [index, step] : more.steps) {
    const auto same =
        std::find_if(into.steps.begin(), into.steps.end(), [i = index](const auto& old) { return old.first == i; });
    if (same == into.steps.end())
      into.steps.emplace_back(index, std::move(step));
    else
      same->second = std::move(step);
  }
  std::move(more.attempts.begin(), more.attempts.end(), std::back_inserter(into.attempts));
  std::move(more.events.begin(), more.events.end(), std::back_inserter(into.events));
}

base::Error ending() {
  return {
      base::ErrorKind::kUnavailable, "host.ending", "This host is shutting down.", "Send the command again.", {}, {}};
}

}  // namespace

Scheduler::Loop::Loop(store::Store& store, store::HostLife self, Ports ports, const base::Clock& clock,
                      SchedulerOptions options)
    : store_(store),
      self_(std::move(self)),
      ports_(std::make_shared<const Ports>(std::move(ports))),
      clock_(clock),
      options_(std::move(options)),
      pause_(kFirstPause),
      limits_(options_.limits),
      guard_(clock_),
      random_(std::random_device{}()) {}

Scheduler::Loop::~Loop() {
  store_.on_told(nullptr);
  stop_ = true;
  inbox->nudge();
  if (thread_.joinable()) thread_.join();
  close();
}

void Scheduler::Loop::start() {
  if (store_.is_shared()) guard_.start();
  thread_ = std::thread([this] { live(); });
  store_.on_told([this](store::Told what) {
    switch (what) {
      case store::Told::kReleased:
        look_ = true;
        break;
      case store::Told::kHanded:
        hear_ = true;
        break;
      case store::Told::kAnswered:
        answered_ = true;
        break;
      case store::Told::kFreed:
        freed_elsewhere_ = true;
        break;
    }
    inbox->nudge();
  });
}

void Scheduler::Loop::drain(Millis wait) {
  drain_until_ = base::to_millis(clock_.now() + wait);
  inbox->nudge();
  if (thread_.joinable()) thread_.join();
  close();
  answering_.finish();
}

void Scheduler::Loop::live() {
  while (!stop_) {
    auto items = inbox->take(until_next());
    now_ = clock_.now();
    std::move(items.begin(), items.end(), std::back_inserter(todo_));
    if (guard_.gave_up()) begin_life();
    if (is_draining() && drained()) return;
    if (now_ < paused_until_) continue;
    housekeeping();
    wake_parked();
    take_handed();
    ring_alarms();
    for (std::size_t i = 0; i < todo_.size(); ++i) std::visit([this](auto& one) { on(one); }, todo_[i]);  // it grows
    ask_for_names();
    claim();
    if (commit()) {
      free_names();
      park();
    }
    follow_handed();
  }
}

Millis Scheduler::Loop::until_next() const {
  const auto now = clock_.now();
  auto next = std::min(now + kIdle, next_housekeeping_);
  if (is_draining()) next = std::min(next, base::from_millis(drain_until_));
  if (!alarms_.empty()) next = std::min(next, alarms_.begin()->first);
  if (!parked_until_.empty()) next = std::min(next, parked_until_.begin()->first);
  next = std::min(next, opens_at_);
  if (!handed_.empty()) next = std::min(next, next_follow_);
  for (const auto& [name, elsewhere] : names_elsewhere_) next = std::min(next, elsewhere.again);
  if (now_ < paused_until_) next = paused_until_;
  return std::clamp(next - now, Millis{0}, kIdle);
}

Active* Scheduler::Loop::find(const base::RunId& run) {
  const auto found = runs_.find(run);
  return found == runs_.end() ? nullptr : found->second.get();
}

base::Result<void> Scheduler::Loop::give(Active& active, const model::Fact& fact) {
  auto change = model::advance(active.run, fact, now_);
  if (change.has_error()) return change.error();
  if (change->empty()) return {};
  model::apply(active.run, *change);
  active.stopping.insert(active.stopping.end(), change->cancel.begin(), change->cancel.end());
  add(active, std::move(*change));
  return {};
}

void Scheduler::Loop::add(Active& active, Change&& change) {
  if (active.pending.empty()) touched_.push_back(&active);
  if (change.repin) active.runtime = nullptr;
  // An operation is one row of its own: two of them are never merged.
  if (active.pending.empty() || change.operation)
    active.pending.push_back(std::move(change));
  else
    merge(active.pending.back(), std::move(change));
  enqueue(active);
}

void Scheduler::Loop::on(CreateRun& create) {
  auto active = std::make_unique<Active>();
  active->run = create.run;
  active->runtime = create.runtime;
  active->token = 1;
  active->create = true;
  auto& place = *(runs_[create.run.spec->id] = std::move(active));
  add(place, Change(create.change));
  accepted_.push_back({&place, &create.answered, nullptr});
}

void Scheduler::Loop::on(GiveCommand& given) {
  auto* active = find(given.run);
  if (active == nullptr) {
    auto owned = store_.claim_run(given.run, self_, now_, lease_end());
    if (owned.has_error() && owned.error().code == "store.owned_elsewhere") return hand_over(given);
    if (owned.has_error()) return refused_.emplace_back(&given.answered, owned.error()), void();
    const auto suspects = owned->suspects;
    active = &adopt(std::move(*owned), suspects);
  }
  if (const auto done = give(*active, given.command); done.has_error()) {
    refused_.emplace_back(&given.answered, done.error());
    if (active->pending.empty() && !model::is_active(active->run.head)) forget(*active);
    return;
  }
  accepted_.push_back({active, &given.answered, &given});
}

void Scheduler::Loop::on(CallEnded& ended) {
  auto* active = find(ended.run);
  if (active == nullptr) return;
  const auto flight = active->flights.find(ended.step);
  const bool landed = flight != active->flights.end() && flight->second.attempt == ended.attempt;
  const auto& step = active->run.steps[ended.step];
  if (!step.in_flight || step.attempts != ended.attempt) {
    if (landed) land(*active, ended.step);
    return;
  }
  if (ports_->passing) ports_->passing(Point::kAnswered, active->run.manifest().steps[ended.step].id);
  auto report = outputs_.report(active->run.manifest(), ended.step, step.op, ended.answer);
  report.attempt = ended.attempt;
  report.shutdown = is_draining();
  report.random = chance_(random_);
  if (landed) {
    hear(*active, flight->second, report);
    land(*active, ended.step);
  }
  (void)give(*active, report);
}

void Scheduler::Loop::on(SaveCheckpoint& save) {
  auto* active = find(save.run);
  const bool current = active != nullptr && active->run.steps[save.saved.step].in_flight &&
                       active->run.steps[save.saved.step].attempts == save.saved.attempt;
  if (current) (void)give(*active, save.saved);
  checkpoints_.emplace_back(current ? active : nullptr, &save.answered);
}

void Scheduler::Loop::on(EngineSaid& said) {
  if (auto* active = find(said.run)) (void)give(*active, said.fact);
}

void Scheduler::Loop::on(Progressed& news) {
  auto* active = find(news.run);
  if (active == nullptr) return;
  auto& step = active->run.steps[news.step];
  if (!step.in_flight || step.attempts != news.attempt) return;
  step.progress = news.permille;
  step.message = news.note;
  repaint(*active);
}

void Scheduler::Loop::on(ServerSaid& said) {
  if (auto* active = find(said.run)) (void)give(*active, said.news);
  if (!said.news.answers) return;
  // Not all at once: the server has just come back.
  for (auto& [id, active] : runs_)
    if (active->run.spec->server.value == said.news.server)
      (void)give(*active, model::ServerBack{Millis{static_cast<std::int64_t>(kReleaseMs * chance_(random_))}});
}

void Scheduler::Loop::repaint(Active& active) {
  if (!std::exchange(active.repainted, true)) repainted_.push_back(active.run.spec->id);
}

// True when nothing is out any more, or time is over: then the runs are released.
bool Scheduler::Loop::drained() {
  if (!std::exchange(told_all_, true))
    for (auto& [id, active] : runs_)
      for (auto& [step, flight] : active->flights) tell(*active, step);
  const bool late = base::to_millis(now_) >= drain_until_;
  if (!late && (in_flight > 0 || !todo_.empty() || !handed_.empty())) return false;
  for (auto& [id, active] : runs_)
    for (auto& [step, flight] : active->flights)
      if (flight.call) flight.call->abandon();
  leave_handed();
  if (const auto released = store_.release_runs(self_); released.has_error())
    base::log::warn("runs not released", {{"error", released.error().message}});
  return true;
}

// Nobody may wait for an answer that will not come.
void Scheduler::Loop::close() {
  leave_handed();
  auto left = inbox->close();
  std::move(left.begin(), left.end(), std::back_inserter(todo_));
  for (auto& item : std::exchange(todo_, {})) {
    if (auto* create = std::get_if<CreateRun>(&item)) create->answered(ending());
    if (auto* given = std::get_if<GiveCommand>(&item); given != nullptr && given->answered) given->answered(ending());
    if (auto* save = std::get_if<SaveCheckpoint>(&item)) save->answered(false);
  }
}

}  // namespace tenantry::execution
