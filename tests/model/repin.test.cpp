// A run that goes on with another version of its engine.
#include <boost/json.hpp>

#include "fixture.hpp"

using namespace tenantry::model;
using namespace tenantry::model::test;
namespace base = tenantry::base;

namespace {

std::shared_ptr<const RunSpec> version(const Run& run, std::string number, std::vector<StepSpec> steps) {
  auto manifest = std::make_shared<Manifest>();
  manifest->engine = run.manifest().engine;
  manifest->version = std::move(number);
  manifest->digest = "another";
  manifest->steps = std::move(steps);
  auto spec = std::make_shared<RunSpec>(*run.spec);
  spec->manifest = std::move(manifest);
  return spec;
}

Command go_on(std::shared_ptr<const RunSpec> onto) {
  Command command;
  command.id = base::OperationId("op_2");
  command.verb = Verb::kContinue;
  command.actor = "acc_1";
  command.onto = std::move(onto);
  return command;
}

// a is finished, b failed, c is what b blocks.
Driven failed() {
  Driven run({step("a"), step("b", {0}), step("c", {1})});
  run.carry_out(0);
  run.claim(1);
  run.report(1, Outcome::kFailed, {}, failure(FailureClass::kInternal));
  REQUIRE(run.ended() == "failed");
  return run;
}

}  // namespace

TEST_CASE("a run continues with a version whose steps stand elsewhere; what is finished stays finished") {
  auto driven = failed();
  // "first" is new and stands before everything; "c" is gone; "b" needs both.
  const auto onto = version(driven.run, "2.0.0", {step("first"), step("a"), step("b", {0, 1}), step("last", {2})});
  const auto scope = preview(driven.run, go_on(onto));
  REQUIRE(scope.has_value());
  CHECK(scope->run == std::vector<std::size_t>{0, 2, 3});
  CHECK(scope->keep == std::vector<std::size_t>{1});

  driven.must(go_on(onto));
  CHECK(driven.run.manifest().version == "2.0.0");
  CHECK(driven.states() == "ready completed pending pending");
  REQUIRE(driven.last.repin.has_value());
  CHECK(driven.last.repin->from == std::vector<std::optional<std::size_t>>{std::nullopt, 0, 1, std::nullopt});
  CHECK(driven.last.events.front().type == "run.repinned");
  CHECK(driven.last.events.front().data == R"({"from":"1.0.0","to":"2.0.0","added":["first","last"],"removed":["c"]})");
  REQUIRE(driven.last.operation.has_value());
  CHECK(boost::json::parse(driven.last.operation->scope).at("run").as_array().size() == 3);

  driven.carry_out(0);
  driven.carry_out(2);
  driven.carry_out(3);
  CHECK(driven.ended() == "completed");
  CHECK(driven.run.steps[1].attempts == 1);  // never run again
}

TEST_CASE("attempts of a step are counted on under the new version") {
  auto driven = failed();
  driven.must(go_on(version(driven.run, "2.0.0", {step("b", {}), step("a")})));
  CHECK(driven.run.steps[0].attempts == 1);
  driven.claim(0);
  CHECK(driven.run.steps[0].attempts == 2);
  CHECK(driven.run.steps[0].attempt == 1);  // a new budget
}

TEST_CASE("a version without a step that is finished does not fit, and nothing changes") {
  auto driven = failed();
  const auto before = driven.states();
  const auto refused = driven.give(go_on(version(driven.run, "2.0.0", {step("b"), step("c", {0})})));
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == "run.version_mismatch");
  CHECK(refused.error().message == "Step a is finished, and version 2.0.0 of engine test has no such step.");
  CHECK(driven.run.manifest().version == "1.0.0");
  CHECK(driven.states() == before);
}

TEST_CASE("the version a run is pinned to is no other version") {
  auto driven = failed();
  driven.must(go_on(driven.run.spec));
  CHECK_FALSE(driven.last.repin.has_value());
}

TEST_CASE("a run that is going on keeps its version") {
  Driven driven({step("a")});
  driven.claim(0);
  const auto refused = driven.give(go_on(version(driven.run, "2.0.0", {step("z")})));
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == "run.illegal_verb");
}
