// Runs that sleep are not in memory, and miss nothing.
#include "execution/host.hpp"

using namespace tenantry;
using namespace tenantry::execution;
using namespace tenantry::execution::test;
using namespace std::chrono_literals;

namespace {

// Asks to be asked again after `nap`, once; then it is done.
void sleep_once(ScriptedEngine& engine, base::Millis nap) {
  engine.script("nap", [nap, asked = std::make_shared<std::atomic<int>>(0)](const auto&, auto&) {
    if ((*asked)++ > 0) return std::optional(ScriptedEngine::done());
    engine::Answer answer;
    answer.outcome = model::Outcome::kWait;
    answer.retry_after = nap;
    return std::optional(answer);
  });
}

model::ManifestPtr two_steps() {
  auto nap = step("nap");
  nap.wait_limit = 1h;
  return manifest({nap, step("after", {0})});
}

}  // namespace

TEST_CASE("a run that sleeps leaves the memory, wakes when it is due, and goes on") {
  Host host;
  host.options.park_after = 1ms;
  sleep_once(*host.engine, 300ms);
  host.live();
  host.manifests.push_back(two_steps());
  const auto run = host.start(host.manifests.back());
  REQUIRE(eventually([&] { return host.scheduler->board().size() == 0; }));
  const auto asleep = host.store->run(run);
  REQUIRE(asleep.has_value());
  CHECK((*asleep)->head.state == model::RunState::kRunning);
  CHECK((*asleep)->steps[0].state == model::StepState::kWaiting);
  REQUIRE(eventually([&] { return (*host.store->run(run))->head.state == model::RunState::kCompleted; }));
  CHECK(host.engine->count("nap") == 2);
  CHECK(host.engine->count("after") == 1);
}

TEST_CASE("a command finds a run that sleeps, and so does the next life of the host") {
  Host host;
  host.options.park_after = 1ms;
  sleep_once(*host.engine, 1h);
  host.live();
  host.manifests.push_back(two_steps());
  const auto run = host.start(host.manifests.back());
  REQUIRE(eventually([&] { return host.scheduler->board().size() == 0; }));
  CHECK(host.command(run, model::Verb::kPause).has_value());
  REQUIRE(eventually([&] { return host.scheduler->board().size() == 0; }));
  host.scheduler.reset();
  host.live();
  REQUIRE(eventually([&] { return host.scheduler->board().size() == 0; }));
  CHECK(host.command(run, model::Verb::kResume).has_value());
  CHECK(host.command(run, model::Verb::kCancel).has_value());
  CHECK(eventually([&] { return (*host.store->run(run))->head.state == model::RunState::kCancelled; }));
}
