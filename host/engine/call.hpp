// The host's side of one call of an engine in this process: what the tenantry_ctx in an engine's hand stands for.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/answer.hpp"
#include "engine/runtime.hpp"

struct tenantry_plugin;
struct tenantry_engine;

namespace tenantry::engine {

// An engine knows a call only by a number that is looked up on every callback: one that comes after the call has
// returned, or after it was given up, is answered as if cancelled and touches nothing. Thread-safe.
class LiveCall final : public Call {
 public:
  using Monotonic = std::chrono::steady_clock;

  // `secrets` are the names the manifest lists for the step. The deadline counts from here.
  LiveCall(Invocation invocation, std::shared_ptr<CallSink> sink, std::vector<std::string> secrets);
  ~LiveCall() override;

  // Calls the engine on this thread and tells the sink how it ended, unless the call was abandoned meanwhile. Once;
  // `self` is this call, which the table of running calls keeps alive. Throws nothing of the engine's, except that a
  // thread which the engine ends (pthread_exit) goes on ending after the sink has been told.
  static void carry_out(const std::shared_ptr<LiveCall>& self, const tenantry_plugin& plugin, tenantry_engine* engine);

  // For a call that cannot be carried out: tells the sink so instead.
  void refuse(Answer answer);

  void cancel() override;
  void abandon() override;
  [[nodiscard]] bool is_abandoned() const { return phase_ == Phase::kAbandoned; }
  // True from just before the sink hears of the end: the thread will be free in a moment.
  [[nodiscard]] bool is_ending() const { return phase_ == Phase::kEnding; }

  // What the functions of tenantry_host do. Text comes as the engine gave it.
  void set_output(std::string_view text);
  void set_error(std::string_view code, std::string_view message, std::string_view detail);
  void set_retry_after(std::uint64_t milliseconds);
  void log(std::int32_t level, std::string_view message, std::string_view fields);
  void progress(std::uint32_t permille, std::string_view note);
  void heartbeat();
  [[nodiscard]] bool save_checkpoint(std::string_view bytes);
  [[nodiscard]] const std::string* secret(std::string_view name);  // until the call ends
  [[nodiscard]] bool put_secret(std::string_view name, std::string_view value);
  [[nodiscard]] bool is_cancelled() const;
  [[nodiscard]] bool sleep(std::uint64_t milliseconds);
  [[nodiscard]] int cancel_fd();
  [[nodiscard]] std::uint64_t remaining_ms() const;
  void emit(std::string_view type, std::string_view data);

 private:
  enum class Phase { kRunning, kEnding, kAbandoned };

  void finish(std::int32_t outcome, bool threw);
  // Tells the sink, unless the call was abandoned, and lets go of it: the sink may hold the call.
  void tell(Answer answer);
  [[nodiscard]] bool is_over() const { return closed_ || is_abandoned(); }  // under gate_

  const Invocation invocation_;
  const std::vector<std::string> secret_names_;
  const std::optional<Monotonic::time_point> deadline_;
  std::atomic<Phase> phase_{Phase::kRunning};
  std::atomic<bool> cancelled_{false};

  // Held shared while the sink is used, and alone while the call ends: nothing reaches the sink after finished().
  std::shared_mutex gate_;
  bool closed_ = false;             // guarded by gate_
  std::shared_ptr<CallSink> sink_;  // guarded by gate_; null only once closed_

  std::mutex mutex_;  // guards what follows
  std::condition_variable woken_;
  Spoken spoken_;
  std::map<std::string, std::string, std::less<>> secrets_;
  int cancel_fd_ = -1;
};

}  // namespace tenantry::engine
