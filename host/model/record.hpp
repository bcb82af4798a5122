// What is only ever appended: attempts, operations, events.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "model/run.hpp"

namespace tenantry::model {

// One try of one step, written when it ends.
struct Attempt {
  std::size_t step = 0;     // index into the manifest's steps
  std::int64_t number = 0;  // 1..n over the life of the run's step
  int epoch = 1;
  Op op = Op::kRun;
  Outcome outcome = Outcome::kLost;
  std::optional<Failure> failure;
  Time started_at{};
  Time ended_at{};
};

// One accepted command: what a client polls, and the audit record.
struct Operation {
  OperationId id;
  TenantId tenant;
  RunId run;
  Verb verb = Verb::kStart;
  std::string step;   // empty: none named
  std::string actor;  // account id, or "host"
  std::string reason;
  std::string scope;  // JSON: {"run": [...], "keep": [...], "verify": [...]}
  Time created_at{};
};

// A command as a list shows it.
struct OperationSummary {
  Operation operation;
  std::string tenant_name;
  std::string actor_email;  // empty: no account, e.g. the host itself
};

struct OperationQuery {
  std::optional<base::AccountId> member;  // only of tenants this account belongs to
  base::TenantId tenant;                  // empty: of all
  std::int64_t skip = 0;
  std::int64_t limit = 50;
};

// Numbered per run without gaps, published after commit. `type` is dotted: run.queued, run.completed, step.running,
// step.completed, step.waiting, step.log, ...; `data` is a JSON object. schemas/event.schema.json says what each holds.
struct Event {
  std::int64_t number = 0;  // within its run
  std::string step;         // empty: about the run
  std::string type;
  std::string data;
  Time at{};
  std::string view = {};  // JSON object: the run and the steps concerned, after the change (view.hpp); empty: none
};

}  // namespace tenantry::model
