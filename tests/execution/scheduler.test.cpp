#include "flaky_store.hpp"
#include "host.hpp"

using namespace tenantry;
using namespace tenantry::execution;
using namespace tenantry::execution::test;
using namespace std::chrono_literals;

TEST_CASE("a run goes through its graph by itself and everything is in the store") {
  Host host;
  const auto graph = known(host, {step("a"), step("b", {0}), step("c", {0}), step("d", {1, 2})});
  host.live();
  const auto run = host.start(graph);
  REQUIRE(host.reaches(run, "completed"));
  const auto stored = host.stored(run);
  for (const auto& one : stored.steps) CHECK(one.state == model::StepState::kCompleted);
  const auto attempts = host.store->attempts(run);
  REQUIRE(attempts.has_value());
  CHECK(attempts->size() == 4);
  const auto events = host.store->run_events(run, 0, 100);
  REQUIRE(events.has_value());
  for (std::size_t i = 0; i < events->size(); ++i) CHECK((*events)[i].event.number == static_cast<std::int64_t>(i) + 1);
  CHECK(stored.head.events == static_cast<std::int64_t>(events->size()));
  CHECK(eventually([&] { return host.scheduler->board().size() == 0; }));
}

TEST_CASE("independent steps are out at the same time") {
  Host host;
  const auto graph = known(host, {step("a"), step("b", {0}), step("c", {0}), step("d", {1, 2})});
  host.engine->hold("b");
  host.engine->hold("c");
  host.live();
  const auto run = host.start(graph);
  REQUIRE(eventually([&] { return host.engine->out() == 2; }));
  CHECK(host.scheduler->board().run(run)->steps[1].state == model::StepState::kRunning);
  CHECK(host.scheduler->board().run(run)->steps[2].state == model::StepState::kRunning);
  CHECK(host.engine->count("d") == 0);
  host.engine->answer("b", ScriptedEngine::done());
  host.engine->answer("c", ScriptedEngine::done());
  CHECK(host.reaches(run, "completed"));
}

TEST_CASE("a failing step is retried with backoff, and its attempts are all kept") {
  Host host;
  const auto graph = known(host, {step("a")});
  std::atomic<int> tries{0};
  std::atomic<int> keyed{0};
  host.engine->script("a", [&](const auto& call, auto&) -> std::optional<engine::Answer> {
    if (call.idempotency_key.ends_with(".a")) ++keyed;
    if (++tries < 3) return ScriptedEngine::failing(model::Outcome::kRetry, model::FailureClass::kTransient);
    return ScriptedEngine::done();
  });
  host.live();
  const auto run = host.start(graph);
  REQUIRE(host.reaches(run, "completed"));
  const auto attempts = host.store->attempts(run);
  REQUIRE(attempts.has_value());
  REQUIRE(attempts->size() == 3);
  CHECK((*attempts)[0].outcome == model::Outcome::kRetry);
  CHECK((*attempts)[2].number == 3);
  CHECK(keyed == 3);
}

TEST_CASE("limits hold: per ERP server, per engine, in all") {
  Host host;
  const auto graph = known(host, {step("a"), step("b"), step("c")});
  int most = 2;
  SECTION("per server") { host.options.limits.server["erp-1"].concurrency = 2; }
  SECTION("per engine") { host.options.limits.per_engine = 2; }
  SECTION("in all") { host.options.limits.host = 2; }
  SECTION("per server, the default") {
    host.options.limits.any_server.concurrency = 3;
    most = 3;
  }
  for (const auto* id : {"a", "b", "c"}) host.engine->hold(id);
  host.live();
  std::vector<base::RunId> runs;
  for (int i = 0; i < 4; ++i) runs.push_back(host.start(graph, "erp-1"));
  for (int left = 12; left > 0; --left) {
    REQUIRE(eventually([&] { return host.engine->out() == std::min(most, left); }));
    const bool one = host.engine->answer("a", ScriptedEngine::done()) ||
                     host.engine->answer("b", ScriptedEngine::done()) ||
                     host.engine->answer("c", ScriptedEngine::done());
    REQUIRE(one);
  }
  for (const auto& run : runs) CHECK(host.reaches(run, "completed"));
  CHECK(host.engine->most_at_once() == most);
}

TEST_CASE("a waiting step says why it does not run") {
  Host host;
  host.options.limits.host = 1;
  const auto graph = known(host, {step("a")});
  host.engine->hold("a");
  host.live();
  const auto first = host.start(graph);
  const auto second = host.start(graph);
  REQUIRE(eventually([&] {
    const auto view = host.scheduler->board().run(second);
    return view && view->steps[0].wait_reason == model::WaitReason::kSlot;
  }));
  host.engine->answer("a", ScriptedEngine::done(), first.value);
  REQUIRE(eventually([&] { return host.engine->count("a") == 2; }));
  host.engine->answer("a", ScriptedEngine::done(), second.value);
  CHECK(host.reaches(second, "completed"));
}

TEST_CASE("steps of the same exclusive name never overlap on a server") {
  Host host;
  auto company = step("company");
  company.exclusive = model::Exclusive{"company", false};
  const auto graph = known(host, {company, step("b", {0})});
  host.engine->hold("company");
  host.live();
  std::vector<base::RunId> runs;
  for (int i = 0; i < 3; ++i) runs.push_back(host.start(graph, "erp-1"));
  runs.push_back(host.start(graph, "erp-2"));
  REQUIRE(eventually([&] { return host.engine->out() == 2; }));
  for (int answered = 0; answered < 4; ++answered) {
    REQUIRE(eventually([&] { return host.engine->out() > 0; }));
    REQUIRE(host.engine->answer("company", ScriptedEngine::done()));
  }
  for (const auto& run : runs) CHECK(host.reaches(run, "completed"));
  CHECK(host.engine->most_at_once() == 2);  // one on each server
}

TEST_CASE("the turn goes round: a big tenant does not keep a small one waiting") {
  Host host;
  host.options.limits.host = 1;
  std::vector<model::StepSpec> many;
  for (int i = 0; i < 20; ++i) many.push_back(step("m" + std::to_string(i)));
  const auto big = known(host, many);
  const auto small = known(host, {step("s")});
  for (int i = 0; i < 20; ++i) host.engine->hold("m" + std::to_string(i));
  host.live();
  const auto first = host.start(big);
  REQUIRE(eventually([&] { return host.engine->out() == 1; }));
  const auto second = host.start(small);
  REQUIRE(host.engine->answer("m0", ScriptedEngine::done()));
  // After at most one more step of the big one the small one had its turn.
  if (!eventually([&] { return host.engine->count("s") == 1; }, 200ms))
    REQUIRE(host.engine->answer("m1", ScriptedEngine::done()));
  CHECK(host.reaches(second, "completed"));
  host.scheduler.reset();
}

TEST_CASE("100 parallel starts make one run and 99 clear conflicts") {
  Host host;
  const auto graph = known(host, {step("a")});
  host.engine->hold("a");
  host.live();
  const auto tenant = host.tenant();
  std::vector<std::future<base::Result<RunView>>> starts(100);
  std::vector<std::thread> threads;
  for (int t = 0; t < 10; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) starts[static_cast<std::size_t>(t * 10 + i)] = host.start_later(tenant, graph);
    });
  for (auto& thread : threads) thread.join();
  int made = 0;
  int refused = 0;
  for (auto& start : starts) {
    const auto result = start.get();
    if (result.has_value()) ++made;
    if (result.has_error() && result.error().code == "run.active") ++refused;
  }
  CHECK(made == 1);
  CHECK(refused == 99);
  CHECK(eventually([&] { return host.engine->count("a") == 1; }));
}

TEST_CASE("after a crash every run goes on by itself and unknown steps are verified") {
  Host host;
  auto verified = step("a");
  verified.has_verify = true;
  auto repeatable = step("b");
  repeatable.repeatable = true;
  const auto graph = known(host, {verified, repeatable, step("c"), step("d", {0, 1, 2})});
  for (const auto* id : {"a", "b", "c"}) host.engine->hold(id);
  host.live();
  const auto run = host.start(graph);
  REQUIRE(eventually([&] { return host.engine->out() == 3; }));
  host.engine->answer("c", ScriptedEngine::done());
  REQUIRE(eventually([&] { return host.stored(run).steps[2].state == model::StepState::kCompleted; }));
  host.scheduler.reset();  // as kill -9 leaves it: nothing is released, nothing is reported

  auto next = std::make_shared<ScriptedEngine>();
  host.engine = next;
  host.live();
  REQUIRE(host.reaches(run, "completed"));
  CHECK(next->count("a", model::Op::kVerify) == 1);
  CHECK(next->count("a", model::Op::kRun) == 0);
  CHECK(next->count("b", model::Op::kRun) == 1);
  CHECK(next->count("c", model::Op::kRun) == 0);
  CHECK(next->count("d", model::Op::kRun) == 1);
}

TEST_CASE("drain tells running steps, waits for them, and leaves the runs to whoever comes") {
  Host host;
  const auto graph = known(host, {step("a"), step("b", {0})});
  host.engine->hold("a");
  host.live();
  const auto run = host.start(graph);
  REQUIRE(eventually([&] { return host.engine->out() == 1; }));
  std::thread engine([&] {
    const auto seen = host.engine->seen();
    if (eventually([&] { return *seen[0].cancels > 0; }))
      host.engine->answer("a", ScriptedEngine::failing(model::Outcome::kCancelled));
  });
  host.scheduler->drain(10s);
  engine.join();
  const auto stored = host.stored(run);
  CHECK(stored.steps[0].state == model::StepState::kReady);
  CHECK(stored.steps[0].attempt == 0);

  host.engine = std::make_shared<ScriptedEngine>();
  host.live(nullptr, "host-2");  // another host, at once: the lease was given back
  CHECK(host.reaches(run, "completed"));
}

TEST_CASE("drain ends in bounded time even if a step does not listen") {
  Host host;
  auto stubborn = step("a");
  stubborn.has_verify = true;
  const auto graph = known(host, {stubborn});
  host.engine->hold("a");
  host.live();
  const auto run = host.start(graph);
  REQUIRE(eventually([&] { return host.engine->out() == 1; }));
  host.scheduler->drain(50ms);
  CHECK(*host.engine->seen()[0].abandoned);
  host.engine = std::make_shared<ScriptedEngine>();
  host.live();
  REQUIRE(host.reaches(run, "completed"));
  CHECK(host.engine->count("a", model::Op::kVerify) == 1);
}

TEST_CASE("a store that cannot commit delays the work but loses nothing") {
  Host host;
  FlakyStore flaky(*host.store);
  const EndsFirst ends_first(host);
  const auto graph = known(host, {step("a"), step("b", {0}), step("c", {1})});
  host.engine->hold("b");
  host.live(&flaky);
  const auto run = host.start(graph);
  REQUIRE(eventually([&] { return host.engine->out() == 1; }));
  flaky.failing = 3;
  host.engine->answer("b", ScriptedEngine::done());
  REQUIRE(host.reaches(run, "completed"));
  CHECK(flaky.failed == 3);
  CHECK(host.engine->count("b") == 1);
  CHECK(host.engine->count("c") == 1);
  CHECK(host.scheduler->healthy());
}

TEST_CASE("a command that could not be committed is refused and did nothing") {
  Host host;
  FlakyStore flaky(*host.store);
  const EndsFirst ends_first(host);
  const auto graph = known(host, {step("a")});
  host.live(&flaky);
  flaky.failing = 1;
  base::RunId id;
  const auto refused = host.start_later(host.tenant(), graph, &id).get();
  REQUIRE(refused.has_error());
  CHECK(refused.error().kind == base::ErrorKind::kUnavailable);
  CHECK_FALSE(host.store->run(id)->has_value());
  const auto run = host.start(graph);
  CHECK(host.reaches(run, "completed"));
}

TEST_CASE("an attempt that does not end after its time is given up") {
  Host host;
  host.options.grace = 30ms;
  auto slow = step("a");
  slow.timeout = 30ms;
  slow.has_verify = true;
  const auto graph = known(host, {slow});
  host.engine->script("a", [](const auto& call, auto&) -> std::optional<engine::Answer> {
    if (call.op == model::Op::kVerify) return ScriptedEngine::done();
    return std::nullopt;
  });
  host.live();
  const auto run = host.start(graph);
  REQUIRE(host.reaches(run, "completed"));
  const auto seen = host.engine->seen();
  CHECK(seen[0].call.timeout == 30ms);
  CHECK(*seen[0].abandoned);
  CHECK(host.engine->count("a", model::Op::kVerify) == 1);
  // Its answer comes after all: nobody listens.
  host.engine->answer("a", ScriptedEngine::failing(model::Outcome::kFailed));
  CHECK(host.state(run) == "completed");
}

TEST_CASE("a lost attempt bears the share of the blame that its engine names, and says why it was lost") {
  Host host;
  auto risky = step("a");
  risky.has_verify = true;
  const auto graph = known(host, {risky});
  host.engine->script("a", [](const auto& call, auto&) -> std::optional<engine::Answer> {
    if (call.op == model::Op::kVerify) return std::nullopt;
    auto lost = ScriptedEngine::failing(model::Outcome::kLost, model::FailureClass::kUnknownOutcome, "it crashed");
    lost.suspects = 4;
    return lost;
  });
  host.live();
  const auto run = host.start(graph);
  REQUIRE(eventually([&] { return host.engine->count("a", model::Op::kVerify) == 1; }));
  CHECK(host.stored(run).steps[0].blame == 250);
  CHECK(host.stored(run).steps[0].state == model::StepState::kUnknown);
}

TEST_CASE("an attempt that gives no sign of life for its heartbeat is lost") {
  Host host;
  auto silent = step("a");
  silent.heartbeat = 30ms;
  silent.repeatable = true;
  const auto graph = known(host, {silent});
  std::atomic<int> calls{0};
  host.engine->script("a", [&](const auto&, auto&) -> std::optional<engine::Answer> {
    if (++calls == 1) return std::nullopt;
    return ScriptedEngine::done();
  });
  host.live();
  const auto run = host.start(graph);
  REQUIRE(host.reaches(run, "completed"));
  CHECK(*host.engine->seen()[0].abandoned);
  CHECK(calls == 2);
}

TEST_CASE("a checkpoint is durable when saved and comes back in the next attempt") {
  Host host;
  const auto graph = known(host, {step("a")});
  host.engine->hold("a");
  host.live();
  const auto run = host.start(graph);
  REQUIRE(eventually([&] { return host.engine->out() == 1; }));
  const auto sink = host.engine->seen()[0].sink;
  REQUIRE(sink->save_checkpoint("half way"));
  CHECK(*host.stored(run).steps[0].checkpoint == "half way");
  host.engine->answer("a", ScriptedEngine::failing(model::Outcome::kRetry));
  REQUIRE(eventually([&] { return host.engine->count("a") == 2; }));
  CHECK(host.engine->seen()[1].call.checkpoint == "half way");
  CHECK_FALSE(sink->save_checkpoint("too late"));
  host.engine->answer("a", ScriptedEngine::done());
  REQUIRE(host.reaches(run, "completed"));
  CHECK_FALSE(host.stored(run).steps[0].checkpoint);
}

TEST_CASE("secrets are given to declared steps only and never reach what is written down") {
  Host host;
  host.secrets["server.api_secret"] = "canary-7f3a9b";
  auto asking = step("a");
  asking.secrets = {"server.api_secret"};
  const auto graph = known(host, {asking, step("b", {0})});
  std::atomic<bool> given{false};
  std::atomic<bool> kept{false};
  std::atomic<bool> withheld{false};
  host.engine->script("a", [&](const auto&, engine::CallSink& sink) -> std::optional<engine::Answer> {
    given = sink.secret("server.api_secret") == "canary-7f3a9b";
    sink.log(engine::LogLevel::kInfo, "using canary-7f3a9b", R"({"token":"canary-7f3a9b"})");
    sink.progress(500, "canary-7f3a9b");
    sink.emit("made", R"({"key":"canary-7f3a9b"})");
    kept = sink.put_secret("tenant.api_key", "canary-made-1");
    return ScriptedEngine::done(R"({"echo":"canary-7f3a9b canary-made-1"})");
  });
  host.engine->script("b", [&](const auto&, engine::CallSink& sink) -> std::optional<engine::Answer> {
    withheld = !sink.secret("server.api_secret").has_value();
    return ScriptedEngine::failing(model::Outcome::kFailed);
  });
  host.live();
  const auto run = host.start(graph);
  REQUIRE(host.reaches(run, "failed"));
  CHECK(given);
  CHECK(kept);
  CHECK(withheld);
  CHECK(host.put.size() == 1);
  CHECK(*host.stored(run).steps[0].output == R"({"echo":"*** ***"})");
  const auto events = host.store->run_events(run, 0, 100);
  bool logged = false;
  for (const auto& one : *events) {
    CHECK(one.event.data.find("canary") == std::string::npos);
    logged = logged || (one.event.type == "step.log" && one.event.data.find("using ***") != std::string::npos);
  }
  CHECK(logged);
}

TEST_CASE("outputs are checked against the step's schema before anybody reads them") {
  Host host;
  auto typed = step("a");
  typed.output_schema =
      boost::json::parse(R"({"type":"object","required":["name"],"properties":{"name":{"type":"string"}}})");
  const auto graph = known(host, {typed});
  const auto* output = GENERATE("", "{}", "not json", R"({"name":1})");
  host.engine->script(
      "a", [&](const auto&, auto&) -> std::optional<engine::Answer> { return ScriptedEngine::done(output); });
  host.live();
  const auto run = host.start(graph);
  REQUIRE(host.reaches(run, "failed"));
  CHECK(host.stored(run).steps[0].failure->code == "host.bad_output");
}

TEST_CASE("a step sees exactly what its manifest asked for") {
  Host host;
  auto a = step("a");
  a.input = {{"colour", "/request/colour", {}}, {"none", "/request/size", {}}};
  auto b = step("b", {0});
  b.input = {{"a", "/steps/a/output", {"x"}}, {"y", "/steps/a/output/y", {}}};
  const auto graph = known(host, {a, b});
  std::atomic<bool> a_right{false};
  std::atomic<bool> b_right{false};
  host.engine->script("a", [&](const auto& call, auto&) -> std::optional<engine::Answer> {
    a_right = call.input == R"({"colour":"red","none":null})";
    return ScriptedEngine::done(R"({"x":1,"y":[2]})");
  });
  host.engine->script("b", [&](const auto& call, auto&) -> std::optional<engine::Answer> {
    b_right = call.input == R"({"a":{"x":1},"y":[2]})";
    return ScriptedEngine::done();
  });
  host.live();
  CHECK(host.reaches(host.start(graph), "completed"));
  CHECK(a_right);
  CHECK(b_right);
}

TEST_CASE("cancel, retry and continue reach a run whether it is active or long finished") {
  Host host;
  const auto graph = known(host, {step("a"), step("b", {0})});
  std::atomic<bool> works{false};
  host.engine->script("b", [&](const auto&, auto&) -> std::optional<engine::Answer> {
    return works ? ScriptedEngine::done() : ScriptedEngine::failing(model::Outcome::kFailed);
  });
  host.live();
  const auto run = host.start(graph);
  REQUIRE(host.reaches(run, "failed"));
  CHECK(host.command(run, model::Verb::kCancel).error().code == "run.illegal_verb");
  works = true;
  const auto resumed = host.command(run, model::Verb::kContinue);
  REQUIRE(resumed.has_value());
  CHECK((*resumed)->head.epoch == 2);
  REQUIRE(host.reaches(run, "completed"));
  CHECK(host.engine->count("a") == 1);

  host.engine->hold("a");
  const auto second = host.start(graph);
  REQUIRE(eventually([&] { return host.engine->out() == 1; }));
  REQUIRE(host.command(second, model::Verb::kCancel).has_value());
  CHECK(eventually([&] { return *host.engine->seen().back().cancels == 1; }));
  host.engine->answer("a", ScriptedEngine::failing(model::Outcome::kCancelled));
  CHECK(host.reaches(second, "cancelled"));
}

TEST_CASE("a host that lost its lease is not believed any more") {
  Host host;
  host.options.lease = 300ms;
  auto verified = step("a");
  verified.has_verify = true;
  const auto graph = known(host, {verified});
  host.engine->hold("a");
  host.live();
  const auto run = host.start(graph);
  REQUIRE(eventually([&] { return host.engine->out() == 1; }));
  // Another host takes the run over (as if the first had been frozen past its lease).
  const auto taken = host.store->claim_run(run, {"host-2", "boot"}, host.clock.now() + 10s, host.clock.now() + 60s);
  REQUIRE(taken.has_value());
  host.engine->answer("a", ScriptedEngine::done());
  CHECK(eventually([&] { return host.scheduler->board().size() == 0; }));
  CHECK(host.stored(run).steps[0].state == model::StepState::kRunning);
}
