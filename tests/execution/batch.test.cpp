// A thousand tenants at once on one ERP server that refuses one call in five.
#include <condition_variable>
#include <deque>
#include <random>

#include "host.hpp"

using namespace tenantry;
using namespace tenantry::execution;
using namespace tenantry::execution::test;
using namespace std::chrono_literals;
using model::FailureClass;
using model::Outcome;

namespace {

constexpr int kTenants = 1'000;
constexpr int kServerLimit = 12;

// An engine whose server counts its calls. Answers nothing before it is opened, so that all tenants are there first.
class BusyServer final : public engine::Runtime {
 public:
  BusyServer() {
    for (int i = 0; i < 4; ++i) workers_.emplace_back([this] { work(); });
  }
  ~BusyServer() override {
    {
      const std::scoped_lock lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    for (auto& worker : workers_) worker.join();
  }

  std::shared_ptr<engine::Call> start(engine::Invocation call, std::shared_ptr<engine::CallSink> sink) override {
    {
      const std::scoped_lock lock(mutex_);
      ++running_;
      most_ = std::max(most_, running_);
      calls_.push_back(call.run_id);
      due_.push_back(std::move(sink));
    }
    wake_.notify_one();
    return std::make_shared<Handle>();
  }
  [[nodiscard]] std::size_t stuck() const override { return 0; }

  void open() {
    {
      const std::scoped_lock lock(mutex_);
      open_ = true;
    }
    wake_.notify_all();
  }
  [[nodiscard]] int most() const {
    const std::scoped_lock lock(mutex_);
    return most_;
  }
  [[nodiscard]] int refused() const {
    const std::scoped_lock lock(mutex_);
    return refused_;
  }
  // The runs in the order of their calls.
  [[nodiscard]] std::vector<std::string> calls() const {
    const std::scoped_lock lock(mutex_);
    return calls_;
  }

 private:
  struct Handle final : engine::Call {
    void cancel() override {}
    void abandon() override {}
  };

  engine::Answer judge() {  // under the lock
    const auto dice = random_() % 10;
    if (dice > 1) return ScriptedEngine::done();
    ++refused_;
    if (dice == 0) return ScriptedEngine::failing(Outcome::kRetry, FailureClass::kEngineUnavailable, "503");
    auto answer = ScriptedEngine::failing(Outcome::kRetry, FailureClass::kRateLimited, "429");
    answer.retry_after = 1ms;
    return answer;
  }

  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return ending_ || (open_ && !due_.empty()); });
      if (ending_) return;
      const auto sink = std::move(due_.front());
      due_.pop_front();
      auto answer = judge();
      --running_;
      lock.unlock();
      sink->finished(std::move(answer));
      lock.lock();
    }
  }

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::deque<std::shared_ptr<engine::CallSink>> due_;
  std::vector<std::string> calls_;
  std::mt19937 random_{4711};
  int running_ = 0;
  int most_ = 0;
  int refused_ = 0;
  bool open_ = false;
  bool ending_ = false;
  std::vector<std::thread> workers_;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

TEST_CASE("a thousand tenants in one batch: the server's limit holds, nobody starves, waiting costs no attempt") {
  Host host("/dev/shm");
  host.options.turn = GENERATE(0ms, 100ms);
  host.options.limits.host = 100;
  host.options.limits.per_engine = 100;
  host.options.limits.server["erp"].concurrency = kServerLimit;
  host.options.limits.server["erp"].breaker.failures = 12;  // one in ten is no outage
  auto a = step("a");
  auto b = step("b", {0});
  auto c = step("c", {0});
  for (auto* one : {&a, &b, &c}) one->retry = {1, 1ms, 20ms, 0ms};
  const auto graph = known(host, {a, b, c});
  auto server = std::make_shared<BusyServer>();
  host.live(nullptr, "host-1", server);

  std::vector<base::RunId> runs(kTenants);
  std::vector<std::future<base::Result<RunView>>> started;
  for (auto& run : runs) started.push_back(host.start_later(host.tenant(), graph, &run, "erp"));
  for (auto& one : started) REQUIRE(one.get().has_value());
  server->open();
  REQUIRE(eventually([&] { return host.scheduler->board().size() == 0; }, 60s));

  CHECK(server->most() == kServerLimit);
  CHECK(server->refused() > kTenants * 3 / 10);
  std::size_t attempts = 0;
  for (const auto& run : runs) {
    const auto stored = host.stored(run);
    REQUIRE(stored.head.state == model::RunState::kCompleted);
    for (const auto& one : stored.steps) {
      CHECK(one.attempt == 1);
      attempts += static_cast<std::size_t>(one.attempts);
    }
  }
  const auto calls = server->calls();
  CHECK(attempts == calls.size());
  CHECK(calls.size() == 3U * kTenants + static_cast<std::size_t>(server->refused()));

  // Time is counted in calls of the server: what a busy machine does to clocks is not the scheduler's.
  std::map<std::string, std::size_t> last;
  double longest_gap = 0;  // between two turns of the same tenant
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const auto [found, fresh] = last.emplace(calls[i], i);
    longest_gap = std::max(longest_gap, static_cast<double>(fresh ? i : i - found->second));
    found->second = i;
  }
  CHECK(last.size() == kTenants);
  std::vector<double> waits;  // until the last turn
  for (const auto& [run, at] : last) waits.push_back(static_cast<double>(at));
  CHECK(*std::max_element(waits.begin(), waits.end()) <= 3 * median(waits));
  if (host.options.turn != 0ms) return;
  // A turn is one call, and nobody has a second one before everybody has had the first.
  CHECK(longest_gap <= 1.5 * kTenants);
  CHECK(std::set<std::string>(calls.begin(), calls.begin() + kTenants).size() == kTenants);
}
