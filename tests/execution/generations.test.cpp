// Runs and the generation of the engine that they are on.
#include "host.hpp"

using namespace tenantry;
using namespace tenantry::execution;
using namespace tenantry::execution::test;

TEST_CASE("a run ends on the generation it began on, also when a newer one with the same manifest is there") {
  Host host;
  const auto graph = known(host, {step("a"), step("b", {0})});
  host.engine->hold("a");
  host.live();
  const auto old = host.engine;
  const auto run = host.start(graph);
  REQUIRE(eventually([&] { return old->out() == 1; }));

  host.load(std::make_shared<ScriptedEngine>());
  const auto next = host.start(graph);
  REQUIRE(host.reaches(next, "completed"));
  old->answer("a", ScriptedEngine::done());
  REQUIRE(host.reaches(run, "completed"));
  CHECK(old->count("b") == 1);
  CHECK(host.engine->count("a") == 1);
  CHECK(host.engine->count("b") == 1);
  CHECK(eventually([&] { return old.use_count() == 1; }));  // nothing holds it any more
}

TEST_CASE("a failed run is continued on the newest generation with its manifest") {
  Host host;
  const auto graph = known(host, {step("a")});
  const auto old = host.engine;
  old->script("a", [](const auto&, auto&) {
    return ScriptedEngine::failing(model::Outcome::kFailed, model::FailureClass::kInternal);
  });
  host.live();
  const auto run = host.start(graph);
  REQUIRE(host.reaches(run, "failed"));
  host.load(std::make_shared<ScriptedEngine>());
  REQUIRE(host.command(run, model::Verb::kContinue).has_value());
  REQUIRE(host.reaches(run, "completed"));
  CHECK(old->count("a") == 1);
  CHECK(host.engine->count("a") == 1);
}

TEST_CASE("a run whose engine is not loaded waits, without an attempt, until it is") {
  Host host;
  const auto graph = known(host, {step("a")});
  host.live();
  host.load(nullptr);
  const auto run = host.start(graph);
  REQUIRE(eventually([&] {
    const auto view = host.scheduler->board().run(run);
    return view && view->steps[0].wait_reason == model::WaitReason::kEngineUnavailable;
  }));
  CHECK(host.stored(run).steps[0].attempts == 0);
  host.load(host.engine);
  REQUIRE(host.reaches(run, "completed"));
  CHECK(host.stored(run).steps[0].attempts == 1);
}

TEST_CASE("a run that is moved to another version goes on there") {
  Host host;
  const auto graph = known(host, {step("a"), step("b", {0})});
  host.engine->script("b", [](const auto&, auto&) {
    return ScriptedEngine::failing(model::Outcome::kFailed, model::FailureClass::kInternal);
  });
  host.live();
  const auto run = host.start(graph);
  REQUIRE(host.reaches(run, "failed"));

  host.load(std::make_shared<ScriptedEngine>());
  const auto newer = known(host, {step("first"), step("a"), step("b", {0, 1})});
  auto spec = std::make_shared<model::RunSpec>(*host.stored(run).spec);
  spec->manifest = newer;
  model::Command command;
  command.id = base::OperationId(base::new_id("op_"));
  command.verb = model::Verb::kContinue;
  command.actor = host.owner.value;
  command.onto = spec;
  std::promise<base::Result<RunView>> answered;
  host.scheduler->command(run, command, [&](auto view) { answered.set_value(std::move(view)); });
  const auto view = answered.get_future().get();
  REQUIRE(view.has_value());
  CHECK((*view)->manifest().digest == newer->digest);
  REQUIRE(host.reaches(run, "completed"));
  CHECK(host.engine->count("first") == 1);
  CHECK(host.engine->count("a") == 0);
  CHECK(host.engine->count("b") == 1);
  CHECK(host.stored(run).manifest().digest == newer->digest);
}
