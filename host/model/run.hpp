// A run: one provisioning of a tenant. What never changes is in RunSpec, what does is in RunHead and one StepRun per
// step of the pinned manifest. Plain data; only advance() decides how it changes.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "model/failure.hpp"
#include "model/manifest.hpp"
#include "model/state.hpp"

namespace tenantry::model {

using base::EngineId;
using base::OperationId;
using base::RunId;
using base::ServerId;
using base::TenantId;

struct RunSpec {
  RunId id;
  TenantId tenant;
  ManifestPtr manifest;
  ServerId server;              // the ERP server the tenant was placed on; empty if the engine needs none
  std::string request;          // JSON object: the parameters of the run, defaults filled in
  std::string tenant_document;  // JSON object behind /tenant
  std::string server_document;  // JSON object behind /server; public settings only
  Time created_at{};
};

// Text that is stored with a step; shared because snapshots of a run are copied often and it never changes in place.
using SharedText = std::shared_ptr<const std::string>;

struct StepRun {
  StepState state = StepState::kPending;
  WaitReason wait_reason = WaitReason::kNone;
  Time due_at{};              // waiting, and unknown steps whose VERIFY is to be repeated
  int attempt = 0;            // in this epoch's budget
  std::int64_t attempts = 0;  // ever; the number of the newest attempt, and the fence of its report
  bool in_flight = false;     // a call is out; its number is `attempts`
  Op op = Op::kRun;           // what the call in flight, or the next one, asks for
  bool check_due = false;     // continue: VERIFY this finished step before anything new starts
  int check_tries = 0;        // VERIFY calls that could not look, in a row
  int blame = 0;              // for hosts that died while this step was in flight, in thousandths of a death
  Millis waited{0};           // waiting that cost no attempt, in this epoch
  Time called_at{};           // when the call in flight, or the last one, was made
  Time first_started_at{};    // in this epoch
  Time started_at{};
  Time completed_at{};
  int progress = 0;  // permille, as the engine last said
  std::string message;
  SharedText output;               // JSON; null: none
  SharedText checkpoint;           // opaque; null: none
  std::optional<Failure> failure;  // why it is failed, waiting for backoff, or unknown
  Maker made = Maker::kNobody;     // kThisRun: also while it is run again
  Undo undo = Undo::kNone;         // in the rollback of this epoch
  SharedText drift;                // JSON, what the newest verify found to differ; null: nothing, or nobody looked
  friend bool operator==(const StepRun&, const StepRun&) = default;
};

struct RunHead {
  RunState state = RunState::kQueued;
  int epoch = 1;
  bool stopping = false;   // a critical step failed in this epoch: nothing new starts
  bool verifying = false;  // a finished run is being looked at; its state stays what it is
  bool removing = false;   // the tenant is being deprovisioned: the run ends in a rollback, and then the tenant is gone
  Condition condition = Condition::kUnknown;
  std::int64_t events = 0;  // number of the newest event
  Time started_at{};
  Time completed_at{};  // of the newest terminal state
};

// Has calls to make, now or later: somebody has to own it.
[[nodiscard]] inline bool is_active(const RunHead& head) { return !is_terminal(head.state) || head.verifying; }

// The rollback that ends a tenant is through.
[[nodiscard]] inline bool is_removed(const RunHead& head) {
  return head.removing && head.state == RunState::kCompensated;
}

struct Run {
  std::shared_ptr<const RunSpec> spec;
  RunHead head;
  std::vector<StepRun> steps;  // parallel to spec->manifest->steps

  [[nodiscard]] const Manifest& manifest() const { return *spec->manifest; }
};

}  // namespace tenantry::model
