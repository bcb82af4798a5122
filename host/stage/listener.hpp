// The host as a call of an engine sees it, under the control of whoever tries the engine out: it hears everything that
// is said, and may refuse, cancel, drop what comes, or end the process in the middle.
#pragma once
#include <tenantry/abi.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/answer.hpp"
#include "stage/lent.hpp"

namespace tenantry::stage {

// What happens to one call.
struct Conditions {
  int die_at = 0;     // the process dies in this callback, before it has an effect; 1 is the first, 0 is none
  int die_after = 0;  // the same, when it has had its effect
  std::optional<std::chrono::microseconds> die_in;  // after this time, wherever it is
  bool die_at_return = false;                       // it dies when the call has returned, before the answer is told
  int cancel_at = 0;                                // cancelled from this callback on
  bool cancelled = false;                           // from the beginning
  std::optional<base::Millis> cancel_after;
  bool past_deadline = false;
  bool refuse_checkpoints = false;
  std::function<void()> at_refusal;   // when the first was refused
  bool bare = false;                  // a host without extensions and trace context
  bool later = false;                 // a host of a later minor version, with a longer table
  std::optional<std::int32_t> op;     // the operation by number, instead of the one that was asked
  std::optional<base::Millis> limit;  // how long the call may take, instead of the usual limit
};

// One thing an engine said, and where.
struct Said {
  std::string where;
  std::string text;
};

// All there is to know of a call that returned.
struct Heard {
  std::int32_t outcome = 0;  // as it came
  engine::Answer answer;     // as a host judges it
  bool threw = false;
  std::vector<std::string> callbacks;    // their names, in order
  std::vector<std::string> checkpoints;  // that were accepted
  std::map<std::string, std::string> put_secrets;
  std::vector<std::string> asked;  // names of secrets
  std::vector<Said> said;
  std::vector<std::string> breaches;  // of the contract, as "found" in a sentence
  int after_refusal = 0;              // callbacks with an effect, after a checkpoint was refused
  std::chrono::microseconds took{0};
  base::Millis after_cancel{0};  // from the cancellation to the return
};

// What a tenantry_ctx stands for. Thread-safe. Never freed: an engine may call when it must not any more.
class Listener {
 public:
  using Monotonic = std::chrono::steady_clock;
  struct Secrets {
    std::map<std::string, std::string> values;
    std::vector<std::string> declared;
  };
  // Told of what is to last: ("checkpoint", "", bytes) and ("secret", name, value), before the engine hears of it.
  using Keep = std::function<void(std::string_view kind, std::string_view name, std::string_view bytes)>;

  Listener(Conditions conditions, Secrets secrets, base::Millis timeout, Keep keep);

  [[nodiscard]] tenantry_ctx* context() { return reinterpret_cast<tenantry_ctx*>(this); }
  [[nodiscard]] const Conditions& conditions() const { return conditions_; }
  void cancel();
  // Nothing may be called from here on. Returns what was heard; `outcome` and `threw` of the call, `invocation` its
  // order.
  [[nodiscard]] Heard close(const engine::Invocation& invocation, std::int32_t outcome, bool threw);

  // Callbacks that came after their call had returned, in this process, so far.
  [[nodiscard]] static std::vector<std::string> late();

  // What the functions of the table do.
  void set_output(tenantry_text json);
  void set_error(tenantry_text code, tenantry_text message, tenantry_text detail);
  void set_retry_after(std::uint64_t milliseconds);
  void log(std::int32_t level, tenantry_text message, tenantry_text fields);
  void progress(std::uint32_t permille, tenantry_text note);
  void heartbeat();
  bool save_checkpoint(tenantry_text bytes);
  bool get_secret(tenantry_text name, tenantry_text* value);
  bool put_secret(tenantry_text name, tenantry_text value);
  bool is_cancelled();
  bool sleep(std::uint64_t milliseconds);
  int cancel_fd();
  std::uint64_t remaining_ms();
  const void* get_extension(tenantry_text id);
  void emit(tenantry_text type, tenantry_text json);

 private:
  // Counts the callback and does what the conditions say; false if the call is over.
  bool enter(const char* name, bool has_effect = false);
  void leave() const;  // what enter() let in has had its effect
  std::string hear(const std::string& where, tenantry_text text);
  void hear_object(const std::string& where, tenantry_text text);
  void breach(std::string found);
  void cancel_locked();
  [[nodiscard]] bool must_end() const;

  const Conditions conditions_;
  const Secrets secrets_;
  const base::Millis timeout_;
  const Keep keep_;
  const Monotonic::time_point began_ = Monotonic::now();

  std::mutex mutex_;  // guards what follows
  std::condition_variable woken_;
  bool closed_ = false;
  bool refused_ = false;
  std::optional<Monotonic::time_point> cancelled_;
  Heard heard_;
  engine::Spoken spoken_;
  std::map<std::string, Lent> lent_;
  int cancel_fd_ = -1;
};

// The table of functions for these conditions; lives as long as the process.
[[nodiscard]] const tenantry_host* host_table(const Conditions& conditions);

}  // namespace tenantry::stage
