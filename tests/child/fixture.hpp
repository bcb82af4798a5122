// An engine in a process, as the tests of child see it.
#pragma once
#include <signal.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/log.hpp"
#include "child/child_process.hpp"
#include "engine/fixture.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/sanitized.hpp"
#include "support/signals.hpp"
#include "support/temp_dir.hpp"

namespace tenantry::child::test {

namespace fs = std::filesystem;
namespace json = boost::json;
using engine::Answer;
using engine::Invocation;
using engine::Recorder;
using model::Op;
using model::Outcome;
using tenantry::test::eventually;
using tenantry::test::let_signals_through;

using tenantry::test::kSanitized;

// Once; a Log may be on after that.
inline void be_quiet() {
  static const bool done = (base::log::configure(base::log::Level::kOff), true);
  static_cast<void>(done);
}

inline Options options() {
  be_quiet();
  let_signals_through();
  Options out;
  out.program = TEST_RUNNER;
  out.threads = 8;
  out.limits.memory_mb = 256;
  out.first_pause = base::Millis{20};
  out.longest_pause = base::Millis{200};
  out.start_limit = base::Millis{kSanitized ? 10'000 : 5'000};
  return out;
}

inline fs::path plugin(const std::string& name) { return fs::path(TEST_PLUGINS) / (name + ".so"); }

inline base::Result<engine::Loaded> load(const fs::path& path, Options options = test::options(),
                                         json::object settings = {}) {
  return loader([settings](const base::EngineId&) { return json::value(settings); }, {}, std::move(options))(path);
}

inline std::string refusal_of(const std::string& name, json::object settings = {}, Options options = test::options()) {
  const auto loaded = load(plugin(name), std::move(options), std::move(settings));
  return loaded.has_value() ? "not refused" : loaded.error().message;
}

inline Invocation call(const std::string& step, const std::string& input, Op op = Op::kRun) {
  Invocation out;
  out.op = op;
  out.step = step;
  out.input = input;
  return out;
}

// One engine, and calls of its step "act".
class Engine {
 public:
  explicit Engine(const std::string& name = "hostile", Options options = test::options(), json::object settings = {}) {
    auto made = load(plugin(name), std::move(options), std::move(settings));
    if (made.has_error()) FAIL(made.error().message);
    runtime_ = std::move(made->runtime);
  }

  std::shared_ptr<engine::Call> start(const std::string& mode, const std::shared_ptr<Recorder>& sink) {
    return runtime_->start(call("act", "{\"mode\":\"" + mode + "\"}"), sink);
  }
  Answer run(const std::string& mode) {
    const auto sink = std::make_shared<Recorder>();
    start(mode, sink);
    return sink->answer();
  }
  // Whatever happened before, the engine works in the end.
  [[nodiscard]] bool works() {
    return eventually([&] { return run("nothing").outcome == Outcome::kDone; });
  }
  // Of the process that is there, once there is one.
  int pid() {
    (void)eventually([&] { return runtime_->state().pid != 0; });
    return runtime_->state().pid;
  }
  json::value look() { return json::parse(run("look").output); }

  engine::Runtime& runtime() { return *runtime_; }
  void let_go() { runtime_.reset(); }

 private:
  std::shared_ptr<engine::Runtime> runtime_;
};

// The host's log of this test.
class Log {
 public:
  Log() {
    be_quiet();
    base::log::configure(base::log::Level::kInfo, folder_ / "log");
  }
  ~Log() { base::log::configure(base::log::Level::kOff); }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  [[nodiscard]] std::string text() const { return engine::read_file(folder_ / "log"); }
  [[nodiscard]] bool says(const std::string& words) const {
    return eventually([&] { return text().find(words) != std::string::npos; });
  }

 private:
  tenantry::test::TempDir folder_;
};

// True once there is no such process, or it only waits to be collected.
inline bool is_over(int pid) {
  return eventually([&] {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string number;
    std::string name;
    std::string state;
    return !(stat >> number >> name >> state) || state == "Z" || state == "X";
  });
}

inline std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& one : fs::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

// Also counts those that only wait to be collected.
inline bool has_children() {
  siginfo_t ignored{};
  return ::waitid(P_ALL, 0, &ignored, WEXITED | WNOHANG | WNOWAIT) == 0;
}

}  // namespace tenantry::child::test
