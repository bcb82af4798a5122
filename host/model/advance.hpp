// The heart of the host: given a run and one thing that happened, what changes. Pure: no clock, no randomness, no
// I/O; the caller commits the Change (store/store.hpp) and only then acts on it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "model/record.hpp"
#include "model/run.hpp"

namespace tenantry::model {

// ---- Facts ----------------------------------------------------------------------------------------------------------

// The scheduler has a slot for a step that `claimable` named: it is now in flight.
struct Claimed {
  std::size_t step = 0;
};

// How the call of an attempt ended. A report whose number is not that of the attempt in flight is stale and changes
// nothing. `random` in [0, 1) feeds the jitter.
struct StepReport {
  std::size_t step = 0;
  std::int64_t attempt = 0;
  Outcome outcome = Outcome::kLost;
  std::string output;  // JSON; empty: none
  std::optional<Failure> failure;
  Millis retry_after{0};
  bool shutdown = false;  // kCancelled: the host asked because it is ending; costs no attempt
  double random = 0.5;
  std::size_t suspects = 1;  // kLost: how many calls share the blame
};

// Every attempt in flight ended without proof: its host died or lost its lease. One of the `suspects` calls that the
// host had out may have killed it, so each bears that share of the blame: a step that does kill its hosts is soon alone
// in it, while one that was merely there when somebody pulled the plug is not condemned.
struct LeaseLost {
  std::size_t suspects = 1;  // over all runs
};

// Time has passed: what was due becomes ready.
struct Tick {};

// A command of a person (or of the service on behalf of one). `start` is not here: it makes the run (new_run).
struct Command {
  OperationId id;
  Verb verb = Verb::kRetry;
  std::string step;  // skip-step, rerun-from: required; retry: empty means every failed step
  std::string actor;
  std::string reason;
  bool force = false;       // skip-step of a step that is not optional; the caller has checked the role
  bool downstream = false;  // rerun-from: everything reachable from the step too
  // continue: the run as it is to go on, with another version of its engine; null: with the one it is pinned to. The
  // caller has held its parameters, and the outputs of what is finished, against the schemas of that version.
  std::shared_ptr<const RunSpec> onto = {};
};

// What the engine says while the attempt with this number is in flight; ignored if it no longer is.
struct EngineLog {
  std::size_t step = 0;
  std::int64_t attempt = 0;
  std::string level;
  std::string message;
  std::string fields;  // JSON object or empty
};
// An event of the engine's own.
struct EngineEvent {
  std::size_t step = 0;
  std::int64_t attempt = 0;
  std::string type;
  std::string data;  // JSON object or empty
};
struct CheckpointSaved {
  std::size_t step = 0;
  std::int64_t attempt = 0;
  SharedText bytes;
};

// The ERP server does not answer any more, or does again. Told to the run that found out, for its events.
struct ServerNews {
  std::string server;
  bool answers = false;
};
// The ERP server answers again: steps that wait because it did not are due after `delay`, if that is sooner.
struct ServerBack {
  Millis delay{0};
};

using Fact = std::variant<Claimed, StepReport, LeaseLost, Tick, Command, EngineLog, EngineEvent, CheckpointSaved,
                          ServerNews, ServerBack>;

// ---- Change ---------------------------------------------------------------------------------------------------------

// The run goes on with another version of its engine.
struct Repin {
  std::shared_ptr<const RunSpec> spec;
  std::vector<std::optional<std::size_t>> from;  // what each step of the new manifest was called in the old one
};

struct Change {
  RunHead head;
  std::optional<Repin> repin;                          // comes first; everything below is about the new manifest
  std::vector<std::pair<std::size_t, StepRun>> steps;  // new values, by index
  std::vector<Attempt> attempts;
  std::vector<Event> events;
  std::optional<Operation> operation;
  std::vector<std::size_t> cancel;  // attempts in flight that are to be told to stop

  [[nodiscard]] bool empty() const { return steps.empty() && attempts.empty() && events.empty() && !operation; }
};

// What a command would do; the preview and the deed use this same value.
struct Scope {
  std::vector<std::size_t> run;     // will be executed (again)
  std::vector<std::size_t> verify;  // finished or unknown; looked at first
  std::vector<std::size_t> undo;    // will be taken back, the last made first
  std::vector<std::size_t> keep;    // not touched
  std::vector<std::size_t> left;    // of `keep`: a rollback leaves it behind in the ERP
  friend bool operator==(const Scope&, const Scope&) = default;
};

// A fresh run in its first state, with the event and the operation that made it. `earlier`: the tenant's run before it,
// or null; what that one made is not taken back by a rollback of the new one, but when the tenant is deprovisioned.
[[nodiscard]] std::pair<Run, Change> new_run(std::shared_ptr<const RunSpec> spec, const Command& start, Time now,
                                             const Run* earlier = nullptr);

// Never fails except for a Command: conflict with allowed_verbs (illegal in this state), not_found (no such step),
// denied (step not optional, no force), invalid (reason missing).
[[nodiscard]] base::Result<Change> advance(const Run& run, const Fact& fact, Time now);

// The run after the change.
void apply(Run& run, const Change& change);

// ---- Questions ------------------------------------------------------------------------------------------------------

// The run under another version of its engine: steps keep their state by id, new ones are pending. conflict
// "run.version_mismatch" if a finished step is not part of that version.
[[nodiscard]] base::Result<Run> repinned(const Run& run, std::shared_ptr<const RunSpec> onto);

// The scope a command would have; the same errors as advance. With Command::onto it is about repinned().
[[nodiscard]] base::Result<Scope> preview(const Run& run, const Command& command);

// The steps of a scope as ids: {"run": [...], "verify": [...], "undo": [...], "keep": [...]}, and "left_behind" if any.
[[nodiscard]] boost::json::object describe(const Manifest& manifest, const Scope& scope);

[[nodiscard]] std::vector<Verb> allowed_verbs(const Run& run);

// Steps that may be claimed now, in topological order.
[[nodiscard]] std::vector<std::size_t> claimable(const Run& run, Time now);

// When the run next needs a Tick (a waiting step, a repeated VERIFY); nullopt if nothing is waiting for time.
[[nodiscard]] std::optional<Time> next_due(const Run& run);

// 0..100, weighted by expected duration; 100 only when the run is completed or compensated. Never falls within an
// epoch. Of a rollback: how much of what is to be taken back is.
[[nodiscard]] double progress(const Run& run);

// The failed step that keeps this pending step from running, if any ("blocked" is derived, never stored).
[[nodiscard]] std::optional<std::size_t> blocked_by(const Run& run, std::size_t step);

}  // namespace tenantry::model
