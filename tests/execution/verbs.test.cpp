// The verbs that take back, look and end, on a real store: what is durable, what a dead host leaves, what an engine
// sees.
#include "host.hpp"

using namespace tenantry;
using namespace tenantry::execution;
using namespace tenantry::execution::test;
using namespace std::chrono_literals;

namespace {

model::StepSpec undoable(std::string id, std::vector<std::size_t> after = {}) {
  auto spec = step(std::move(id), std::move(after));
  spec.has_undo = true;
  spec.has_verify = true;
  return spec;
}

std::string undone(const Host& host) {
  std::string order;
  for (const auto& one : host.engine->seen())
    if (one.call.op == model::Op::kUndo) order += (order.empty() ? "" : " ") + one.call.step;
  return order;
}

}  // namespace

TEST_CASE("a rollback takes back in reverse order, with the output of RUN and a key of its own") {
  Host host;
  const auto graph = known(host, {undoable("a"), undoable("b", {0}), undoable("c", {1})});
  host.engine->script("a", [](const auto& call, auto&) -> std::optional<engine::Answer> {
    return ScriptedEngine::done(call.op == model::Op::kRun ? R"({"site":"x"})" : "");
  });
  host.live();
  const auto run = host.start(graph);
  REQUIRE(host.reaches(run, "completed"));
  REQUIRE(host.command(run, model::Verb::kRollback).has_value());
  REQUIRE(host.reaches(run, "compensated"));
  CHECK(undone(host) == "c b a");
  const auto last = host.engine->seen().back().call;
  CHECK(last.output == R"({"site":"x"})");
  CHECK(last.idempotency_key == run.value + ".a.undo");
  const auto stored = host.stored(run);
  for (const auto& one : stored.steps) {
    CHECK(one.state == model::StepState::kCancelled);
    CHECK(one.undo == model::Undo::kDone);
    CHECK(one.made == model::Maker::kNobody);
    CHECK_FALSE(one.output);
  }
  CHECK(host.store->attempts(run)->size() == 6);
}

TEST_CASE("a host that dies in the middle of a rollback goes on with it in its next life") {
  Host host;
  const auto graph = known(host, {undoable("a"), undoable("b", {0}), undoable("c", {1})});
  host.live();
  const auto run = host.start(graph);
  REQUIRE(host.reaches(run, "completed"));
  host.engine->hold("b");
  REQUIRE(host.command(run, model::Verb::kRollback).has_value());
  REQUIRE(eventually([&] { return host.engine->count("b", model::Op::kUndo) == 1; }));
  host.scheduler.reset();
  CHECK(host.state(run) == "compensating");
  CHECK(host.stored(run).steps[1].in_flight);
  host.engine = std::make_shared<ScriptedEngine>();
  host.live();
  REQUIRE(host.reaches(run, "compensated"));
  CHECK(undone(host) == "b a");  // c was taken back in the life before
}

TEST_CASE("a rollback that fails is durable and can be asked again in another life") {
  Host host;
  const auto graph = known(host, {undoable("a"), undoable("b", {0})});
  host.live();
  const auto run = host.start(graph);
  REQUIRE(host.reaches(run, "completed"));
  host.engine->script("b", [](const auto&, auto&) -> std::optional<engine::Answer> {
    return ScriptedEngine::failing(model::Outcome::kFailed, model::FailureClass::kForbidden);
  });
  REQUIRE(host.command(run, model::Verb::kRollback).has_value());
  REQUIRE(host.reaches(run, "compensation_failed"));
  CHECK(host.engine->count("a", model::Op::kUndo) == 0);
  host.scheduler.reset();
  CHECK(host.stored(run).steps[1].undo == model::Undo::kFailed);
  host.engine = std::make_shared<ScriptedEngine>();
  host.live();
  REQUIRE(host.command(run, model::Verb::kRollback).has_value());
  REQUIRE(host.reaches(run, "compensated"));
  CHECK(undone(host) == "b a");
}

TEST_CASE("kill gives the call up at once, and the run ends with its step unknown") {
  Host host;
  const auto graph = known(host, {undoable("a"), undoable("b", {0})});
  host.engine->hold("a");
  host.live();
  const auto run = host.start(graph);
  REQUIRE(eventually([&] { return host.engine->out() == 1; }));
  REQUIRE(host.command(run, model::Verb::kCancel).has_value());
  CHECK(host.state(run) == "cancelling");
  REQUIRE(host.command(run, model::Verb::kKill).has_value());
  CHECK(host.state(run) == "cancelled");
  CHECK(host.stored(run).steps[0].state == model::StepState::kUnknown);
  CHECK(eventually([&] { return host.engine->seen()[0].abandoned->load(); }));
  CHECK(eventually([&] { return host.scheduler->running() == 0; }));
  host.engine->script("a", [](const auto&, auto&) -> std::optional<engine::Answer> { return ScriptedEngine::done(); });
  REQUIRE(host.command(run, model::Verb::kRetry).has_value());
  REQUIRE(host.reaches(run, "completed"));
  CHECK(host.engine->count("a") == 1);  // VERIFY found it in effect
}

TEST_CASE("verify looks at a finished run, also across a death of the host, and starts nothing") {
  Host host;
  const auto graph = known(host, {undoable("a"), undoable("b", {0})});
  host.live();
  const auto run = host.start(graph);
  REQUIRE(host.reaches(run, "completed"));
  host.engine->hold("b");
  REQUIRE(host.command(run, model::Verb::kVerify).has_value());
  REQUIRE(eventually([&] { return host.engine->count("b", model::Op::kVerify) == 1; }));
  CHECK(host.state(run) == "completed");
  CHECK(host.command(run, model::Verb::kRollback).error().code == "run.illegal_verb");
  host.scheduler.reset();
  CHECK(host.stored(run).head.verifying);
  host.engine = std::make_shared<ScriptedEngine>();
  host.engine->script("b", [](const auto&, auto&) -> std::optional<engine::Answer> {
    auto answer = ScriptedEngine::done(R"({"drift":[{"what":"x","expected":"1","found":"2"}]})");
    answer.outcome = model::Outcome::kDrifted;
    return answer;
  });
  host.live();
  REQUIRE(eventually([&] { return !host.stored(run).head.verifying; }));
  const auto stored = host.stored(run);
  CHECK(stored.head.state == model::RunState::kCompleted);
  CHECK(stored.head.condition == model::Condition::kDrifted);
  REQUIRE(stored.steps[1].drift);
  CHECK(host.engine->count("a") + host.engine->count("b") == 0);
}

TEST_CASE("a paused run starts nothing, not even in the next life, until it is resumed") {
  Host host;
  const auto graph = known(host, {step("a"), step("b", {0})});
  host.engine->hold("a");
  host.live();
  const auto run = host.start(graph);
  REQUIRE(eventually([&] { return host.engine->out() == 1; }));
  REQUIRE(host.command(run, model::Verb::kPause).has_value());
  host.engine->answer("a", ScriptedEngine::done());
  REQUIRE(eventually([&] { return host.stored(run).steps[0].state == model::StepState::kCompleted; }));
  host.scheduler.reset();
  host.live();
  const auto other = host.start(known(host, {step("z")}));
  REQUIRE(host.reaches(other, "completed"));
  CHECK(host.engine->count("b") == 0);
  REQUIRE(host.command(run, model::Verb::kResume).has_value());
  CHECK(host.reaches(run, "completed"));
}

TEST_CASE("a deprovisioned tenant is gone with its secrets, and its name is free") {
  Host host;
  const auto graph = known(host, {undoable("a")});
  host.live();
  const auto run = host.start(graph);
  REQUIRE(host.reaches(run, "completed"));
  const auto tenant = host.stored(run).spec->tenant;
  REQUIRE(host.store->put_secret(tenant, {"tenant.key", "sealed"}).has_value());
  const auto name = (*host.store->tenant(tenant))->tenant.name;
  REQUIRE(host.command(run, model::Verb::kDeprovision).has_value());
  REQUIRE(host.reaches(run, "compensated"));
  CHECK((*host.store->tenant(tenant))->tenant.removed_at != base::Time{});
  CHECK(host.store->tenants({})->empty());
  CHECK_FALSE(host.store->secret(tenant, "tenant.key")->has_value());
  auto again = (*host.store->tenant(tenant))->tenant;
  again.id = base::TenantId(base::new_id("ten_"));
  again.name = name;
  CHECK(host.store->create_tenant(again, {}).has_value());
  for (const auto verb : {model::Verb::kRetry, model::Verb::kRerunFrom, model::Verb::kDeprovision})
    CHECK(host.command(run, verb, "a").error().code == "run.illegal_verb");
}

TEST_CASE("PLAN sees outputs that do not exist yet as unknown, and only the secrets it may see") {
  Host host;
  auto a = step("a");
  auto b = step("b", {0});
  b.has_plan = true;
  b.secrets = {"server.key"};
  b.input = {{"site", "/steps/a/output/site", {}}, {"colour", "/request/colour", {}}};
  const auto graph = known(host, {a, b});
  host.secrets["server.key"] = "canary-1";
  std::string input;
  host.engine->script("b", [&](const auto& call, auto& sink) -> std::optional<engine::Answer> {
    input = call.input;
    CHECK(call.op == model::Op::kPlan);
    CHECK_FALSE(sink.secret("server.other").has_value());
    return ScriptedEngine::done(R"({"actions":[{"verb":"create","what":")" + sink.secret("server.key").value() +
                                R"("}]})");
  });
  host.live();
  auto spec = std::make_shared<model::RunSpec>();
  spec->id = base::RunId("run_x");
  spec->manifest = graph;
  spec->request = R"({"colour":"red"})";
  std::vector<std::optional<engine::Answer>> answers;
  host.scheduler->foresee(model::new_run(spec, {}, host.clock.now()).first, host.engine,
                          [&](auto all) { answers = std::move(all); });
  REQUIRE(answers.size() == 2);
  CHECK_FALSE(answers[0].has_value());
  REQUIRE(answers[1].has_value());
  CHECK(answers[1]->output.find("canary") == std::string::npos);
  CHECK(input == R"({"site":{"$unknown":true},"colour":"red"})");
  CHECK_FALSE((*host.store->run(base::RunId("run_x"))).has_value());
}
