// Small graphs and the short words in which the tests of the model speak.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "model/advance.hpp"
#include "support/catch.hpp"

namespace tenantry::model::test {

inline const Time kStart = base::from_millis(1'800'000'000'000);

inline StepSpec step(std::string id, std::vector<std::size_t> after = {}) {
  StepSpec spec;
  spec.id = std::move(id);
  spec.after = std::move(after);
  spec.retry.attempts = 3;
  return spec;
}

inline Run start(std::vector<StepSpec> steps) {
  auto manifest = std::make_shared<Manifest>();
  manifest->engine = base::EngineId("test");
  manifest->version = "1.0.0";
  manifest->steps = std::move(steps);
  auto spec = std::make_shared<RunSpec>();
  spec->id = RunId("run_1");
  spec->tenant = TenantId("ten_1");
  spec->manifest = std::move(manifest);
  spec->created_at = kStart;
  return new_run(std::move(spec), Command{}, kStart).first;
}

// A run with a clock; every fact that is not refused is applied.
struct Driven {
  Run run;
  Time now = kStart;
  Change last{};

  explicit Driven(std::vector<StepSpec> steps) : run(start(std::move(steps))) {}

  base::Result<void> give(const Fact& fact) {
    auto change = advance(run, fact, now);
    if (change.has_error()) return change.error();
    last = std::move(*change);
    apply(run, last);
    return {};
  }
  void must(const Fact& fact) {
    const auto result = give(fact);
    REQUIRE(result.has_value());
  }
  void claim(std::size_t i) {
    must(Claimed{i});
    REQUIRE(run.steps[i].in_flight);
  }
  void report(std::size_t i, Outcome outcome, std::string output = {}, std::optional<Failure> failure = {},
              Millis after = {}) {
    StepReport report;
    report.step = i;
    report.attempt = run.steps[i].attempts;
    report.outcome = outcome;
    report.output = std::move(output);
    report.failure = std::move(failure);
    report.retry_after = after;
    must(report);
  }
  void carry_out(std::size_t i, Outcome outcome = Outcome::kDone) {
    claim(i);
    report(i, outcome);
  }
  base::Result<void> command(Verb verb, std::string step = {}, std::string reason = {}, bool force = false) {
    return give(Command{base::OperationId("op_1"), verb, std::move(step), "acc_1", std::move(reason), force});
  }
  [[nodiscard]] StepState state(std::size_t i) const { return run.steps[i].state; }
  [[nodiscard]] std::string states() const {
    std::string all;
    for (const auto& one : run.steps) all += (all.empty() ? "" : " ") + std::string(word(one.state));
    return all;
  }
  [[nodiscard]] std::string ended() const { return std::string(word(run.head.state)); }
};

inline Failure failure(FailureClass cause) { return {cause, "test.cause", "it did not work", {}, {}}; }

}  // namespace tenantry::model::test
