// Limits, rates and breakers as runs feel them.
#include "flaky_store.hpp"
#include "host.hpp"

using namespace tenantry;
using namespace tenantry::execution;
using namespace tenantry::execution::test;
using namespace std::chrono_literals;
using model::FailureClass;
using model::Outcome;
using model::WaitReason;

namespace {

model::WaitReason reason_of(Host& host, const base::RunId& run, std::size_t step = 0) {
  const auto view = host.scheduler->board().run(run);
  return view ? view->steps[step].wait_reason : WaitReason::kNone;
}

bool waits(Host& host, const base::RunId& run, WaitReason reason, std::size_t step = 0) {
  return eventually([&] { return reason_of(host, run, step) == reason; });
}

// A step that may fail once, so that any attempt that a wait costs is seen.
model::StepSpec once(std::string id, std::vector<std::size_t> after = {}) {
  auto spec = step(std::move(id), std::move(after));
  spec.retry = {1, 1ms, 5ms, 0ms};
  return spec;
}

int events(Host& host, const std::vector<base::RunId>& runs, const std::string& type) {
  int count = 0;
  for (const auto& run : runs) {
    const auto found = host.store->run_events(run, 0, 1'000);
    REQUIRE(found.has_value());
    for (const auto& one : *found) count += one.event.type == type ? 1 : 0;
  }
  return count;
}

engine::Answer unreachable() { return ScriptedEngine::failing(Outcome::kRetry, FailureClass::kEngineUnavailable); }

}  // namespace

TEST_CASE("a server that does not answer: its steps wait, one finds out, and it is told once") {
  Host host;
  host.options.limits.any_server.breaker = {3, 20ms, 40ms};
  const auto graph = known(host, {once("a"), once("b", {0})});
  std::atomic<int> mode{0};  // 0: down, 1: silent, 2: up
  host.engine->script("a", [&](const auto&, auto&) -> std::optional<engine::Answer> {
    if (mode == 1) return std::nullopt;
    return mode == 0 ? unreachable() : ScriptedEngine::done();
  });
  host.live();
  std::vector<base::RunId> runs;
  for (int i = 0; i < 20; ++i) runs.push_back(host.start(graph, "down"));
  REQUIRE(eventually([&] { return !host.scheduler->board().answers(base::ServerId("down")); }));
  for (const auto& run : runs) CHECK(waits(host, run, WaitReason::kEngineUnavailable));

  // Other servers go on.
  const auto other = known(host, {once("x")});
  CHECK(host.reaches(host.start(other, "up"), "completed"));

  mode = 1;
  REQUIRE(eventually([&] { return host.engine->out() == 1; }));
  for (int i = 0; i < 5; ++i) CHECK(host.reaches(host.start(other, "up"), "completed"));
  CHECK(host.engine->out() == 1);
  mode = 2;
  REQUIRE(host.engine->answer("a", unreachable()));
  for (const auto& run : runs) REQUIRE(host.reaches(run, "completed"));
  CHECK(host.scheduler->board().answers(base::ServerId("down")));
  CHECK(events(host, runs, "server.unavailable") == 1);
  CHECK(events(host, runs, "server.available") == 1);
  for (const auto& run : runs) CHECK(host.stored(run).steps[0].attempt == 1);
}

TEST_CASE("what waits for a server to come back does not sleep for long when it is back") {
  Host host;
  host.options.limits.any_server.breaker = {1, 20ms, 40ms};
  auto patient = once("a");
  patient.retry = {1, 1min, 1h, 0ms};
  const auto graph = known(host, {patient});
  std::atomic<bool> down{true};
  host.engine->script("a", [&](const auto&, auto&) -> std::optional<engine::Answer> {
    return down ? unreachable() : ScriptedEngine::done();
  });
  host.live();
  const auto first = host.start(graph, "erp");
  REQUIRE(waits(host, first, WaitReason::kEngineUnavailable));
  REQUIRE(eventually([&] { return !host.scheduler->board().answers(base::ServerId("erp")); }));
  down = false;
  const auto second = host.start(graph, "erp");  // it finds out
  CHECK(host.reaches(second, "completed"));
  CHECK(host.reaches(first, "completed"));
  CHECK(host.stored(first).steps[0].waited < 3s);
}

TEST_CASE("a commit that fails while the breaker opens or probes loses neither the event nor the probe") {
  Host host;
  FlakyStore flaky(*host.store);
  const EndsFirst ends_first(host);
  host.options.limits.any_server.breaker = {2, 20ms, 40ms};
  const auto graph = known(host, {once("a")});
  std::atomic<bool> down{true};
  host.engine->hold("a");
  host.live(&flaky);
  std::vector<base::RunId> runs;
  for (int i = 0; i < 3; ++i) runs.push_back(host.start(graph, "erp"));
  REQUIRE(eventually([&] { return host.engine->out() == 3; }));
  host.engine->script("a", [&](const auto&, auto&) -> std::optional<engine::Answer> {
    return down ? unreachable() : ScriptedEngine::done();
  });
  flaky.failing = 2;
  for (int i = 0; i < 3; ++i) REQUIRE(host.engine->answer("a", unreachable()));
  REQUIRE(eventually([&] { return events(host, runs, "server.unavailable") == 1; }));
  CHECK(flaky.failed == 2);
  for (int i = 0; i < 3; ++i) {
    const auto seen = host.engine->seen().size();
    flaky.failing = 1;  // most likely the claim of the next probe
    REQUIRE(eventually([&] { return host.engine->seen().size() > seen && flaky.failing == 0; }));
  }
  down = false;
  for (const auto& run : runs) REQUIRE(host.reaches(run, "completed"));
  CHECK(events(host, runs, "server.unavailable") == 1);
  CHECK(events(host, runs, "server.available") == 1);
}

TEST_CASE("a host begins with every server believed to answer") {
  Host host;
  host.options.limits.any_server.breaker = {1, 1h, 1h};
  const auto graph = known(host, {once("a")});
  host.engine->script("a", [&](const auto&, auto&) -> std::optional<engine::Answer> { return unreachable(); });
  host.live();
  const auto run = host.start(graph, "erp");
  REQUIRE(eventually([&] { return !host.scheduler->board().answers(base::ServerId("erp")); }));
  host.scheduler.reset();
  host.engine = std::make_shared<ScriptedEngine>();
  host.live();
  CHECK(host.reaches(run, "completed"));
}

TEST_CASE("steps start no faster than the server's rate") {
  Host host;
  host.options.limits.server["erp"].rate = 100;
  host.options.limits.server["erp"].burst = 2;
  const auto graph = known(host, {once("a"), once("b")});
  host.live();
  std::vector<base::RunId> runs;
  for (int i = 0; i < 10; ++i) runs.push_back(host.start(graph, "erp"));
  std::vector<base::Time> starts;
  for (const auto& run : runs) {
    REQUIRE(host.reaches(run, "completed"));
    for (const auto& one : host.stored(run).steps) starts.push_back(one.called_at);
  }
  std::sort(starts.begin(), starts.end());
  REQUIRE(starts.size() == 20);
  for (std::size_t i = 0; i < starts.size(); ++i)
    for (std::size_t k = i; k < starts.size(); ++k) {
      const auto most = 2.0 + 0.1 * static_cast<double>((starts[k] - starts[i]).count()) + 1e-6;
      REQUIRE(static_cast<double>(k - i + 1) <= most);
    }
}

TEST_CASE("what waits for the rate says so") {
  Host host;
  host.options.limits.server["erp"].rate = 0.001;
  const auto graph = known(host, {once("a")});
  host.live();
  CHECK(host.reaches(host.start(graph, "erp"), "completed"));
  const auto second = host.start(graph, "erp");
  CHECK(waits(host, second, WaitReason::kRateLimit));
  CHECK(host.stored(second).steps[0].attempts == 0);
  CHECK(host.reaches(host.start(graph, "other"), "completed"));
}

TEST_CASE("a server that refuses by rate is left alone by every run for as long as it says") {
  Host host;
  const auto graph = known(host, {once("a")});
  std::atomic<bool> refused{false};
  host.engine->script("a", [&](const auto&, auto&) -> std::optional<engine::Answer> {
    if (refused.exchange(true)) return ScriptedEngine::done();
    auto answer = ScriptedEngine::failing(Outcome::kRetry, FailureClass::kRateLimited);
    answer.retry_after = 400ms;
    return answer;
  });
  auto patient = once("a");
  patient.retry.max_backoff = 1s;
  const auto first = host.manifests.emplace_back(manifest({patient}));
  host.live();
  const auto run = host.start(first, "erp");
  REQUIRE(waits(host, run, WaitReason::kRateLimit));
  std::vector<base::RunId> runs;
  for (int i = 0; i < 5; ++i) runs.push_back(host.start(graph, "erp"));
  for (const auto& one : runs) CHECK(waits(host, one, WaitReason::kRateLimit));
  CHECK(host.reaches(host.start(graph, "other"), "completed"));
  REQUIRE(host.reaches(run, "completed"));
  CHECK(host.stored(run).steps[0].attempt == 1);
  const auto attempts = host.store->attempts(run);
  REQUIRE(attempts.has_value());
  const auto until = attempts->front().ended_at + 400ms;
  for (const auto& one : runs) {
    REQUIRE(host.reaches(one, "completed"));
    CHECK(host.stored(one).steps[0].called_at >= until);
  }
}

TEST_CASE("a full server keeps nobody else waiting, and serves its own in the order they came") {
  Host host;
  host.options.limits.server["full"].concurrency = 1;
  const auto graph = known(host, {once("a")});
  host.engine->hold("a");
  host.live();
  std::vector<base::RunId> runs;
  for (int i = 0; i < 30; ++i) runs.push_back(host.start(graph, "full"));
  CHECK(host.reaches(host.start(known(host, {once("x")}), "free"), "completed"));
  for (std::size_t i = 1; i < runs.size(); ++i) CHECK(waits(host, runs[i], WaitReason::kSlot));
  for (const auto& run : runs) {
    REQUIRE(eventually([&] { return host.engine->answer("a", ScriptedEngine::done(), run.value); }));
    CHECK(host.engine->out() <= 1);
  }
  CHECK(host.reaches(runs.back(), "completed"));
}

TEST_CASE("an exclusive name goes from one to the next in the order they came") {
  Host host;
  auto company = once("company");
  company.exclusive = model::Exclusive{"company", false};
  const auto graph = known(host, {company, once("b", {0})});
  host.engine->hold("company");
  host.live();
  std::vector<base::RunId> runs;
  for (int i = 0; i < 30; ++i) runs.push_back(host.start(graph, "erp"));
  for (std::size_t i = 1; i < runs.size(); ++i) CHECK(waits(host, runs[i], WaitReason::kExclusive));
  // Those who give up their places must not keep the others waiting.
  for (const auto i : {1U, 2U, 7U}) REQUIRE(host.command(runs[i], model::Verb::kCancel).has_value());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (i == 1 || i == 2 || i == 7) continue;
    REQUIRE(eventually([&] { return host.engine->answer("company", ScriptedEngine::done(), runs[i].value); }));
    REQUIRE(host.reaches(runs[i], "completed"));
  }
  CHECK(host.engine->count("company") == 27);
}

TEST_CASE("several steps of one tenant that wait for the same exclusive name go one after the other") {
  Host host;
  std::vector<model::StepSpec> writing;
  for (const auto* id : {"a", "b", "c"}) {
    writing.push_back(once(id));
    writing.back().exclusive = model::Exclusive{"rows", true};
    host.engine->hold(id);
  }
  const auto graph = known(host, writing);
  host.live();
  const auto run = host.start(graph);
  for (const auto* id : {"a", "b", "c"}) {
    REQUIRE(eventually([&] { return host.engine->answer(id, ScriptedEngine::done(), run.value); }));
    CHECK(host.engine->out() <= 1);
  }
  CHECK(host.reaches(run, "completed"));
  CHECK(host.engine->most_at_once() == 1);
}

TEST_CASE("a tenant has no more steps running than one tenant may") {
  Host host;
  host.options.limits.per_tenant = 2;
  std::vector<model::StepSpec> many;
  for (int i = 0; i < 6; ++i) {
    many.push_back(once("m" + std::to_string(i)));
    host.engine->hold(many.back().id);
  }
  const auto graph = known(host, many);
  host.live();
  const auto run = host.start(graph);
  REQUIRE(eventually([&] { return host.engine->out() == 2; }));
  CHECK(waits(host, run, WaitReason::kSlot, 5));
  const auto other = host.start(graph);
  REQUIRE(eventually([&] { return host.engine->out() == 4; }));
  CHECK(waits(host, other, WaitReason::kSlot, 5));
  for (const auto& one : {run, other}) {
    for (const auto& spec : many)
      REQUIRE(eventually([&] { return host.engine->answer(spec.id, ScriptedEngine::done(), one.value); }));
    CHECK(host.reaches(one, "completed"));
  }
  CHECK(host.engine->most_at_once() == 4);
}

TEST_CASE("a run that is paused says so instead of what it waited for, and waits for that again when it goes on") {
  Host host;
  host.options.limits.host = 1;
  const auto graph = known(host, {once("a"), once("b", {0})});
  const auto blocker = known(host, {once("x")});
  host.engine->hold("x");
  host.live();
  const auto run = host.start(graph);
  REQUIRE(host.reaches(run, "completed"));
  const auto first = host.start(blocker);
  REQUIRE(eventually([&] { return host.engine->out() == 1; }));
  host.engine->hold("a");
  const auto second = host.start(graph);
  REQUIRE(waits(host, second, WaitReason::kSlot));
  host.engine->answer("x", ScriptedEngine::done());
  REQUIRE(eventually([&] { return host.engine->count("a") == 2; }));
  REQUIRE(host.command(second, model::Verb::kPause).has_value());
  host.engine->answer("a", ScriptedEngine::done());
  REQUIRE(waits(host, second, WaitReason::kPaused, 1));
  CHECK(host.stored(second).steps[1].wait_reason == WaitReason::kPaused);
  const auto third = host.start(blocker);
  REQUIRE(eventually([&] { return host.engine->out() == 1; }));
  CHECK(reason_of(host, second, 1) == WaitReason::kPaused);
  REQUIRE(host.command(second, model::Verb::kResume).has_value());
  CHECK(waits(host, second, WaitReason::kSlot, 1));
  host.engine->answer("x", ScriptedEngine::done());
  CHECK(host.reaches(second, "completed"));
  CHECK(host.reaches(third, "completed"));
  CHECK(host.reaches(first, "completed"));
}

TEST_CASE("a run goes on for as long as its turn lasts, and then it is the next one's turn") {
  const auto turn = GENERATE(0ms, 1'000'000ms);
  Host host;
  host.options.limits.host = 1;
  host.options.turn = turn;
  const auto graph = known(host, {step("a"), step("b", {0}), step("c", {1})});
  std::atomic<bool> held{false};
  host.engine->script("a", [&](const auto&, auto&) -> std::optional<engine::Answer> {
    if (!held.exchange(true)) return std::nullopt;
    return ScriptedEngine::done();
  });
  host.live();
  std::vector<base::RunId> runs;
  for (int i = 0; i < 3; ++i) runs.push_back(host.start(graph));
  REQUIRE(eventually([&] { return host.engine->answer("a", ScriptedEngine::done(), runs[0].value); }));
  REQUIRE(eventually([&] { return host.scheduler->board().size() == 0; }));
  std::string order;
  for (const auto& call : host.engine->seen())
    order +=
        static_cast<char>('1' + (std::find(runs.begin(), runs.end(), base::RunId(call.call.run_id)) - runs.begin()));
  CHECK(order == (turn == 0ms ? "123123123" : "111222333"));
}
