// Several hosts on one store, each a scheduler of its own.
#include "execution/lease_guard.hpp"
#include "flaky_store.hpp"
#include "host.hpp"
#include "support/manual_clock.hpp"

using namespace tenantry;
using namespace tenantry::execution;
using namespace tenantry::execution::test;
using namespace std::chrono_literals;

namespace {

struct CountingCall final : engine::Call {
  std::atomic<int> abandoned{0};
  void cancel() override {}
  void abandon() override { ++abandoned; }
};

model::StepSpec repeatable(std::string id, std::vector<std::size_t> after = {}) {
  auto spec = step(std::move(id), std::move(after));
  spec.repeatable = true;
  return spec;
}

// Two hosts on one store, as on a shared database. The host's `scheduler` is the one that is asked.
struct Two : Host {
  FlakyStore first_store{*store};
  FlakyStore second_store{*store};
  std::unique_ptr<Scheduler> first;
  std::unique_ptr<Scheduler> second;

  explicit Two(base::Millis lease = 600ms) {
    first_store.others = {&first_store, &second_store};
    second_store.others = {&first_store, &second_store};
    options.lease = lease;
    live(&first_store, "host-1");
    first = std::move(scheduler);
    live(&second_store, "host-2");
    second = std::move(scheduler);
  }
  ~Two() {
    scheduler.reset();
    second.reset();
    first.reset();
  }
  base::RunId start_on(std::unique_ptr<Scheduler>& which, const model::ManifestPtr& manifest,
                       const std::string& server = {}) {
    std::swap(scheduler, which);
    const auto run = start(manifest, server);
    std::swap(scheduler, which);
    return run;
  }
  base::Result<RunView> command_on(std::unique_ptr<Scheduler>& which, const base::RunId& run, model::Verb verb,
                                   const std::string& step = {}) {
    std::swap(scheduler, which);
    auto answer = command(run, verb, step);
    std::swap(scheduler, which);
    return answer;
  }
};

}  // namespace

TEST_CASE("calls are given up when the lease is over, and those that begin later at once, until a new life") {
  tenantry::test::ManualClock clock;
  LeaseGuard guard(clock);
  guard.start();
  const auto call = std::make_shared<CountingCall>();
  const auto ended = std::make_shared<CountingCall>();
  guard.add(call);
  guard.add(ended);
  guard.remove(ended);
  guard.leased_until(clock.now() + 50ms);
  CHECK_FALSE(guard.gave_up());
  clock.advance(49ms);
  guard.leased_until(clock.now() + 50ms);
  clock.advance(49ms);
  CHECK_FALSE(guard.gave_up());
  clock.advance(1ms);
  CHECK(eventually([&] { return call->abandoned == 1; }));  // also when nobody asks
  CHECK(guard.gave_up());
  CHECK(ended->abandoned == 0);
  const auto late = std::make_shared<CountingCall>();
  guard.add(late);
  CHECK(late->abandoned == 1);
  guard.reset();
  CHECK_FALSE(guard.gave_up());
  guard.add(late);
  CHECK(late->abandoned == 1);
}

TEST_CASE("a command for a run of another living host is decided by that host, and its answer comes back") {
  Two hosts(30s);
  hosts.engine->hold("a");
  const auto run = hosts.start_on(hosts.first, known(hosts, {repeatable("a"), repeatable("b", {0})}));
  const auto paused = hosts.command_on(hosts.second, run, model::Verb::kPause);
  REQUIRE(paused.has_value());
  CHECK((*paused)->head.state == model::RunState::kPaused);
  CHECK(hosts.first->board().run(run)->head.state == model::RunState::kPaused);
  CHECK(hosts.second->board().run(run) == nullptr);
  const auto refused = hosts.command_on(hosts.second, run, model::Verb::kPause);
  REQUIRE(refused.has_error());
  CHECK(refused.error().kind == base::ErrorKind::kConflict);
  CHECK_FALSE(refused.error().allowed_verbs.empty());
  CHECK(hosts.command_on(hosts.second, run, model::Verb::kResume).has_value());
  REQUIRE(hosts.engine->answer("a", ScriptedEngine::done()));
  CHECK(hosts.reaches(run, "completed"));
  // Nobody has it any more: whoever is asked decides.
  CHECK(hosts.command_on(hosts.second, run, model::Verb::kRerunFrom, "a").has_value());
}

TEST_CASE("a command whose owner is dead is decided by the host that was asked, once the lease is over") {
  Two hosts;
  hosts.engine->hold("a");
  const auto run = hosts.start_on(hosts.first, known(hosts, {repeatable("a"), repeatable("b", {0})}));
  hosts.first_store.failing = 1'000'000;  // it lives, but its store does not hear it
  const auto cancelled = hosts.command_on(hosts.second, run, model::Verb::kCancel);
  if (cancelled.has_error()) FAIL(cancelled.error().code << ": " << cancelled.error().message);
  CHECK(hosts.reaches(run, "cancelled"));
}

TEST_CASE("a host that cannot reach the store gives its calls up before its lease is over, and begins a new life") {
  Two hosts;
  hosts.second.reset();
  hosts.engine->hold("a");
  const auto run = hosts.start_on(hosts.first, known(hosts, {repeatable("a"), repeatable("b", {0})}));
  REQUIRE(eventually([&] { return hosts.engine->count("a") == 1; }));
  hosts.first_store.failing = 1'000'000;
  CHECK(eventually([&] { return hosts.engine->seen().front().abandoned->load(); }));
  CHECK(eventually([&] { return hosts.first->running() == 0 && hosts.first->board().size() == 0; }));
  hosts.engine->script("a", [](const auto&, auto&) { return std::optional(ScriptedEngine::done()); });
  hosts.first_store.failing = 0;
  CHECK(hosts.reaches(run, "completed"));
  CHECK(hosts.stored(run).steps[0].blame <= 1);  // the step was not at fault
}

TEST_CASE("what a dead host leaves is shared by those who have room for it") {
  Two hosts(800ms);
  hosts.options.limits.host = 8;
  hosts.engine->hold("a");
  const auto manifest = known(hosts, {repeatable("a")});
  constexpr int kRuns = 12;
  {
    FlakyStore third_store{*hosts.store};
    third_store.others = {&hosts.first_store, &hosts.second_store, &third_store};
    hosts.live(&third_store, "host-3");
    for (int i = 0; i < kRuns; ++i) (void)hosts.start(manifest);
    hosts.scheduler.reset();  // ends as a dead one does: without a word
  }
  // They were made before, so give them the same few places.
  hosts.first.reset();
  hosts.second.reset();
  hosts.live(&hosts.first_store, "host-1");
  hosts.first = std::move(hosts.scheduler);
  hosts.live(&hosts.second_store, "host-2");
  hosts.second = std::move(hosts.scheduler);
  CHECK(eventually([&] { return hosts.first->board().size() + hosts.second->board().size() == kRuns; }));
  CHECK(hosts.first->board().size() >= 2);
  CHECK(hosts.second->board().size() >= 2);
  CHECK(hosts.first->board().size() <= 8);
  CHECK(hosts.second->board().size() <= 8);
}

TEST_CASE("an exclusive name is held by one step of all hosts, and each host has its turns") {
  Two hosts(10s);
  auto company = step("company");
  company.exclusive = model::Exclusive{"company", false};
  const auto graph = known(hosts, {company});
  hosts.engine->hold("company");
  constexpr int kRuns = 20;
  std::vector<base::RunId> ours;
  std::vector<base::RunId> theirs;
  for (int i = 0; i < kRuns; ++i) ours.push_back(hosts.start_on(hosts.first, graph, "erp"));
  for (int i = 0; i < 2; ++i) theirs.push_back(hosts.start_on(hosts.second, graph, "erp"));
  int answered = 0;
  // A host with few does not wait until one with many is through.
  while (answered < 2 * kRuns && (hosts.state(theirs[0]) != "completed" || hosts.state(theirs[1]) != "completed")) {
    REQUIRE(eventually([&] { return hosts.engine->answer("company", ScriptedEngine::done()); }));
    ++answered;
  }
  CHECK(answered < kRuns);
  for (; answered < kRuns + 2; ++answered)
    REQUIRE(eventually([&] { return hosts.engine->answer("company", ScriptedEngine::done()); }));
  for (const auto& run : ours) CHECK(hosts.reaches(run, "completed"));
  CHECK(hosts.engine->most_at_once() == 1);
  CHECK(hosts.engine->count("company") == kRuns + 2);
}

TEST_CASE("exclusive names of two servers, and of tenants, do not stand in each other's way") {
  Two hosts(10s);
  auto company = step("company");
  company.exclusive = model::Exclusive{"company", false};
  auto writing = step("writing");
  writing.exclusive = model::Exclusive{"writing", true};
  const auto by_server = known(hosts, {company});
  const auto by_tenant = known(hosts, {writing});
  hosts.engine->hold("company");
  hosts.engine->hold("writing");
  (void)hosts.start_on(hosts.first, by_server, "erp-1");
  (void)hosts.start_on(hosts.second, by_server, "erp-2");
  (void)hosts.start_on(hosts.first, by_tenant, "erp-1");
  (void)hosts.start_on(hosts.second, by_tenant, "erp-1");
  CHECK(eventually([&] { return hosts.engine->out() == 4; }));
  while (hosts.engine->answer("company", ScriptedEngine::done())) continue;
  while (hosts.engine->answer("writing", ScriptedEngine::done())) continue;
}
