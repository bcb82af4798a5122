// What it costs that an engine is in a process: a call, and a new process after a crash, beside the same engine in this
// process and in the same run. Prints one line of JSON per figure. Not part of the suite: numbers depend on the
// machine.
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "bench/measure.hpp"
#include "child/child_process.hpp"

using namespace tenantry;

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kCalls = 20'000;
constexpr int kRespawns = 100;

class Sink final : public engine::CallSink {
 public:
  void log(engine::LogLevel, std::string_view, std::string_view) override {}
  void progress(std::uint32_t, std::string_view) override {}
  void heartbeat() override {}
  void emit(std::string_view, std::string_view) override {}
  [[nodiscard]] bool save_checkpoint(std::string_view) override { return true; }
  [[nodiscard]] std::optional<std::string> secret(std::string_view) override { return std::nullopt; }
  [[nodiscard]] bool put_secret(std::string_view, std::string_view) override { return true; }
  void finished(engine::Answer answer) override {
    const std::scoped_lock lock(mutex_);
    answer_ = std::move(answer);
    ended_.notify_one();
  }
  model::Outcome wait() {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [&] { return answer_.has_value(); });
    return answer_->outcome;
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  std::optional<engine::Answer> answer_;
};

std::shared_ptr<engine::Runtime> open(const engine::Loader& loader, const std::string& plugin) {
  auto loaded = loader(std::string(TEST_PLUGINS "/") + plugin);
  if (loaded.has_error()) {
    std::fprintf(stderr, "%s\n", loaded.error().message.c_str());
    std::exit(1);
  }
  return loaded->runtime;
}

std::shared_ptr<Sink> start(engine::Runtime& runtime, const std::string& step, const std::string& input) {
  engine::Invocation call;
  call.step = step;
  call.input = input;
  auto sink = std::make_shared<Sink>();
  static_cast<void>(runtime.start(std::move(call), sink));
  return sink;
}

double microseconds(const std::function<void()>& action) {
  const auto before = Clock::now();
  action();
  return std::chrono::duration<double, std::micro>(Clock::now() - before).count();
}

void report(const char* what, const char* where, const std::vector<double>& values) {
  std::printf("{\"what\":\"%s\",\"where\":\"%s\",\"count\":%zu,\"p50_us\":%.1f,\"p99_us\":%.1f}\n", what, where,
              values.size(), bench::percentile(values, 50), bench::percentile(values, 99));
}

// One call after another, as its caller waits for it.
void one_by_one(engine::Runtime& runtime, const char* where, std::size_t size) {
  const std::string input = "{\"n\":1,\"text\":\"" + std::string(size, 'x') + "\"}";
  std::vector<double> values;
  for (int i = 0; i < kCalls / (size > 1'000 ? 10 : 1); ++i)
    values.push_back(microseconds([&] { (void)start(runtime, "echo", input)->wait(); }));
  const auto what = "a call of " + std::to_string(size) + " bytes";
  report(what.c_str(), where, values);
}

// Eight at a time: what a call costs when the engine is busy.
void eight_at_a_time(engine::Runtime& runtime, const char* where) {
  std::vector<double> values;
  for (int i = 0; i < kCalls / 8; ++i) {
    values.push_back(microseconds([&] {
                       std::vector<std::shared_ptr<Sink>> sinks;
                       for (int n = 0; n < 8; ++n) sinks.push_back(start(runtime, "echo", "{\"n\":1}"));
                       for (const auto& sink : sinks) (void)sink->wait();
                     }) /
                     8);
  }
  report("a call of eight at once", where, values);
}

// From the crash of a process to the answer of the next one.
void respawn(const engine::Loader& loader, const char* where) {
  const auto runtime = open(loader, "hostile.so");
  std::vector<double> values;
  for (int i = 0; i < kRespawns; ++i)
    values.push_back(microseconds([&] {
      if (start(*runtime, "act", "{\"mode\":\"exit_at_once\"}")->wait() != model::Outcome::kLost) std::exit(1);
      if (start(*runtime, "act", "{}")->wait() != model::Outcome::kDone) std::exit(1);
    }));
  report("a process dies and the next one answers", where, values);
}

child::Options options(const char* program) {
  child::Options out;
  out.program = program;
  out.good_life = base::Millis{0};
  return out;
}

}  // namespace

int main() {
  base::log::configure(base::log::Level::kOff);
  const auto no_settings = [](const base::EngineId&) { return base::json::value(base::json::object()); };
  const auto here = engine::in_process_loader(no_settings);
  const auto host = child::loader(no_settings, {}, options(TENANTRY_HOST));
  const auto small = child::loader(no_settings, {}, options(TEST_RUNNER));
  for (int round = 0; round < 2; ++round) {
    const auto inside = open(here, "probe.so");
    const auto outside = open(host, "probe.so");
    for (const std::size_t size : {100, 20'000}) {
      one_by_one(*inside, "in_process", size);
      one_by_one(*outside, "process", size);
    }
    eight_at_a_time(*inside, "in_process");
    eight_at_a_time(*outside, "process");
    respawn(host, "process: the host's program");
    respawn(small, "process: a program that is nothing else");
  }
  return 0;
}
