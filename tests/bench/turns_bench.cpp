// What a round of claims costs when very many runs wait: of the turns and limits alone, without store and engines.
#include <chrono>
#include <cstdio>
#include <deque>
#include <memory>

#include "pace/limits.hpp"
#include "pace/turns.hpp"

using namespace tenantry;

namespace {

using Clock = std::chrono::steady_clock;
const base::Time kNow = base::from_millis(1'800'000'000'000);

double micros(Clock::time_point from, int rounds) {
  return std::chrono::duration<double, std::micro>(Clock::now() - from).count() / rounds;
}

std::shared_ptr<const model::Manifest> graph() {
  auto made = std::make_shared<model::Manifest>();
  made->engine = base::EngineId("erp");
  for (std::size_t i = 0; i < 11; ++i) {
    model::StepSpec step;
    step.id = "step_" + std::to_string(i);
    if (i > 0) step.after = {i - 1};
    made->steps.push_back(std::move(step));
  }
  return made;
}

std::vector<model::Run> waiting(int count, int servers) {
  std::vector<model::Run> runs;
  const auto manifest = graph();
  for (int i = 0; i < count; ++i) {
    auto spec = std::make_shared<model::RunSpec>();
    spec->id = base::RunId("run_" + std::to_string(i));
    spec->tenant = base::TenantId("ten_" + std::to_string(i));
    spec->server = base::ServerId("server_" + std::to_string(i % servers));
    spec->manifest = manifest;
    runs.push_back(model::new_run(spec, {}, kNow).first);
  }
  return runs;
}

// Every run in one ring, each of them looked at in each round: what lanes are measured against.
double ring(std::vector<model::Run>& runs, pace::Limits& limits) {
  constexpr int kRounds = 20;
  std::deque<model::Run*> all;
  for (auto& run : runs) all.push_back(&run);
  int started = 0;
  const auto from = Clock::now();
  for (int round = 0; round < kRounds; ++round)
    for (auto* run : all)
      for (const auto step : model::claimable(*run, kNow)) {
        auto keys = pace::keys_of(*run, step);
        if (limits.take(keys, kNow) == model::WaitReason::kNone) ++started;
      }
  if (started > 0) std::printf("  (the ring started %d)\n", started);
  return micros(from, kRounds);
}

void measure(int count, int servers) {
  auto runs = waiting(count, servers);
  pace::Options options;
  options.host = 1'000'000;
  options.per_engine = 1'000'000;
  options.any_server.concurrency = 8;
  pace::Limits limits(options);
  pace::Turns<model::Run> turns;
  for (auto& run : runs) turns.join(&run, run.manifest().engine.value, run.spec->server.value);

  std::deque<pace::Keys> out;
  const auto round = [&] {
    turns.round(
        [&](auto& lane) { return limits.obstacle(lane.engine, lane.server, kNow).reason == model::WaitReason::kNone; },
        [&](model::Run* run) {
          const auto steps = model::claimable(*run, kNow);
          auto keys = pace::keys_of(*run, steps.front());
          if (limits.take(keys, kNow) == model::WaitReason::kNone) out.push_back(keys);
          turns.served(run);
        });
  };
  round();  // all servers are full now
  constexpr int kRounds = 1'000;
  auto from = Clock::now();
  for (int i = 0; i < kRounds; ++i) round();
  const auto full = micros(from, kRounds);
  from = Clock::now();
  for (int i = 0; i < kRounds; ++i) {
    limits.give_back(out.front(), kNow);
    out.pop_front();
    round();
  }
  const auto one = micros(from, kRounds);
  std::printf("%6d runs wait on %4d servers: nothing can start %8.2f us, one can %8.2f us, a walk over all %9.1f us\n",
              count, servers, full, one, ring(runs, limits));
}

}  // namespace

int main() {
  for (const int count : {100, 1'000, 10'000})
    for (const int servers : {1, 10, 100}) measure(count, servers);
  measure(10'000, 1'000);
}
