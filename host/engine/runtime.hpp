// The seam between the host and where an engine lives: in this process (in_process.hpp) or in a child of it. Callers
// start calls and are told how they ended; they cannot tell the difference.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "model/failure.hpp"
#include "model/manifest.hpp"

namespace tenantry::engine {

// One call of an engine, with everything it may see. Ids and limits as in abi.h, tenantry_call.
struct Invocation {
  model::Op op = model::Op::kRun;
  std::string step;  // empty for VALIDATE
  std::string run_id;
  std::string tenant_id;
  std::string idempotency_key;
  std::uint32_t attempt = 1;
  std::uint32_t max_attempts = 0;
  std::string input;  // JSON object
  std::string output;
  std::string checkpoint;
  std::string traceparent;
  base::Millis timeout{0};  // 0: none
};

// How a call ended, after the host's own rules (sizes, UTF-8, unknown outcomes) were applied; nothing here has been
// checked against the step's output schema, and nothing is masked.
struct Answer {
  model::Outcome outcome = model::Outcome::kFailed;
  std::string output;  // JSON text; empty: none
  std::optional<model::Failure> failure;
  base::Millis retry_after{0};
  std::size_t suspects = 1;  // kLost: how many calls share the blame; kInnocent if it is known to be another's
};

inline constexpr std::size_t kInnocent = 1'000'000;

// Where an engine lives and how it is, for people.
struct RuntimeState {
  enum class Isolation : std::uint8_t { kInProcess, kProcess };
  Isolation isolation = Isolation::kInProcess;
  bool serving = true;  // calls are taken
  int pid = 0;          // of its process; 0: none at the moment, or no process of its own
  std::uint64_t restarts = 0;
  std::string last_end;  // why its last process ended, one sentence; empty: none has
};

enum class LogLevel { kDebug = 1, kInfo, kWarn, kError };

// The host's end of a running call. Called from any thread, several at once; never after finished() returned. The
// implementation is kept alive by the runtime until then.
class CallSink {
 public:
  CallSink() = default;
  CallSink(const CallSink&) = delete;
  CallSink& operator=(const CallSink&) = delete;
  virtual ~CallSink() = default;

  virtual void log(LogLevel level, std::string_view message, std::string_view fields_json) = 0;
  virtual void progress(std::uint32_t permille, std::string_view note) = 0;
  virtual void heartbeat() = 0;
  virtual void emit(std::string_view type, std::string_view data_json) = 0;
  // Durable when it returns true; false: the attempt is no longer ours, stop at once. Blocks for a commit.
  [[nodiscard]] virtual bool save_checkpoint(std::string_view bytes) = 0;
  [[nodiscard]] virtual std::optional<std::string> secret(std::string_view name) = 0;
  [[nodiscard]] virtual bool put_secret(std::string_view name, std::string_view value) = 0;
  // Exactly once, last. Must be quick.
  virtual void finished(Answer answer) = 0;
};

// A call that is out. Destroying it does not end the call.
class Call {
 public:
  Call() = default;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  virtual ~Call() = default;
  virtual void cancel() = 0;  // any thread; cooperative, idempotent
  // Gives the call up: finished() will not be called any more (or has been). A child process is ended; an
  // in-process thread cannot be, it stays behind and is counted as stuck.
  virtual void abandon() = 0;
};

// One open engine of one generation. Thread-safe. Destroyed only after all its calls have ended.
class Runtime {
 public:
  Runtime() = default;
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  virtual ~Runtime() = default;

  // Never blocks for the engine and never throws; the sink hears of every end, also of "could not even start"
  // (RETRY host.engine_busy or host.engine_gone).
  virtual std::shared_ptr<Call> start(Invocation invocation, std::shared_ptr<CallSink> sink) = 0;

  // Calls that were abandoned and still hold a thread.
  [[nodiscard]] virtual std::size_t stuck() const = 0;

  [[nodiscard]] virtual RuntimeState state() const { return {}; }
};

}  // namespace tenantry::engine
