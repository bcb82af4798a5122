// What an engine declares: its identity, the schemas of what it is given, and the graph of its steps.
// A Manifest is checked once, when it is read (engine/manifest_reader.hpp), and is immutable afterwards; a run pins
// the one it started with.
#pragma once
#include <boost/json.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace tenantry::model {

using base::Millis;
using base::Time;

// One member of a step's input: the value at JSON pointer `from` in the run's document (/request, /tenant, /server,
// /steps/<id>/output), cut down to `members` if any are named.
struct InputSource {
  std::string name;
  std::string from;
  std::vector<std::string> members;
};

// Only the host retries. Full jitter: the n-th wait is random in [0, min(cap, backoff * 2^(n-1))].
struct RetryPolicy {
  int attempts = 5;
  Millis backoff{2'000};
  Millis max_backoff{300'000};
  Millis budget{0};  // from the first attempt of an epoch to its last start, free waiting aside; 0: no limit
};

// At most one step of this name runs at a time on an ERP server (on a tenant, if per_tenant).
struct Exclusive {
  std::string name;
  bool per_tenant = false;
};

struct StepSpec {
  std::string id;
  std::string title;
  std::vector<InputSource> input;
  boost::json::value output_schema;  // null: the step has no output that anybody reads
  std::vector<std::size_t> after;    // every predecessor, by data or by order, as indices into Manifest::steps
  bool has_undo = false;
  bool has_verify = false;
  bool has_plan = false;
  std::vector<std::string> secrets;
  RetryPolicy retry;
  Millis timeout{600'000};        // of one attempt
  Millis heartbeat{60'000};       // silence longer than this: the attempt counts as lost
  Millis wait_limit{86'400'000};  // of all waiting that costs no attempt, in one epoch
  std::optional<Exclusive> exclusive;
  bool skippable = false;   // may answer SKIPPED; readers then see null
  bool optional = false;    // a person may skip it; it never fails the run
  bool critical = true;     // its failure stops the run
  bool repeatable = false;  // may be run again, under the same key, when nobody knows how an attempt ended
  Millis expected{1'000};   // usual duration; the step's weight in the progress
};

struct Manifest {
  base::EngineId engine;
  std::string version;
  std::string title;
  std::string digest;  // BLAKE2b-256 of the canonical text, lower-case hex
  std::string text;    // as the engine gave it, unknown members included
  boost::json::value request_schema;
  boost::json::value settings_schema;
  std::vector<std::string> tenancy;  // "site", "company"
  std::vector<StepSpec> steps;       // in topological order; among equals, as declared

  [[nodiscard]] std::optional<std::size_t> find(std::string_view step) const {
    for (std::size_t i = 0; i < steps.size(); ++i)
      if (steps[i].id == step) return i;
    return std::nullopt;
  }
};

using ManifestPtr = std::shared_ptr<const Manifest>;

}  // namespace tenantry::model
