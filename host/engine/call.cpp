#include "engine/call.hpp"

#include <cxxabi.h>
#include <sys/timerfd.h>
#include <tenantry/abi.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

#include "base/json.hpp"
#include "base/mask.hpp"
#include "base/text.hpp"
#include "engine/limits.hpp"

namespace tenantry::engine {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kLongest = std::uint64_t{1} << 40U;  // milliseconds; longer times would overflow clocks

// The calls that are out, by number. Numbers are never used again, so one that an engine kept finds nothing.
class Running {
 public:
  std::uintptr_t add(const std::shared_ptr<LiveCall>& call) {
    const std::scoped_lock lock(mutex_);
    calls_.emplace(++last_, call);
    return last_;
  }
  void remove(std::uintptr_t number) {
    const std::scoped_lock lock(mutex_);
    calls_.erase(number);
  }
  std::shared_ptr<LiveCall> find(std::uintptr_t number) {
    const std::scoped_lock lock(mutex_);
    const auto found = calls_.find(number);
    return found == calls_.end() ? nullptr : found->second;
  }

 private:
  std::mutex mutex_;
  std::uintptr_t last_ = 0;
  std::unordered_map<std::uintptr_t, std::shared_ptr<LiveCall>> calls_;
};

// The one state of this room that is not handed in: a C callback brings nothing but the number. Never destroyed,
// because threads of an engine may still call while the process ends.
Running& running() {
  static auto& calls = *new Running;
  return calls;
}

std::string_view view(tenantry_text text) {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}
tenantry_text text(std::string_view view) { return {view.data(), view.size()}; }

// Cut before it is repaired, so that a size without limit costs nothing.
std::string line(std::string_view raw, std::size_t most) {
  return base::shorten(base::to_utf8(raw.substr(0, most + 1)), most);
}

// The text if it is a JSON object of acceptable size, else empty.
std::string_view object_or_nothing(std::string_view raw, std::size_t most) {
  if (raw.empty() || raw.size() > most) return {};
  const auto parsed = base::parse_json(raw, most);
  return parsed.has_value() && parsed->is_object() ? raw : std::string_view();
}

bool is_name(std::string_view name, std::size_t most) {
  return !name.empty() && name.size() <= most && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  });
}

bool is_event_type(std::string_view name) {
  return is_name(name, kMaxErrorCode) &&
         std::none_of(name.begin(), name.end(), [](char c) { return c == '-' || (c >= 'A' && c <= 'Z'); });
}

// Looks the call up and does something with it; `otherwise` if it is over. Nothing may leave: the caller is an engine.
template <class Result, class Action>
Result with_call(tenantry_ctx* context, Result otherwise, Action action) noexcept {
  try {
    const auto call = running().find(reinterpret_cast<std::uintptr_t>(context));
    return call ? action(*call) : otherwise;
  } catch (...) {
    return otherwise;
  }
}

template <class Action>
void with_call(tenantry_ctx* context, Action action) noexcept {
  static_cast<void>(with_call(context, 0, [&](LiveCall& call) {
    action(call);
    return 0;
  }));
}

void host_set_output(tenantry_ctx* context, tenantry_text json) noexcept {
  with_call(context, [&](LiveCall& call) { call.set_output(view(json)); });
}
void host_set_error(tenantry_ctx* context, tenantry_text code, tenantry_text message, tenantry_text detail) noexcept {
  with_call(context, [&](LiveCall& call) { call.set_error(view(code), view(message), view(detail)); });
}
void host_set_retry_after(tenantry_ctx* context, uint64_t time) noexcept {
  with_call(context, [&](LiveCall& call) { call.set_retry_after(time); });
}
void host_log(tenantry_ctx* context, tenantry_level level, tenantry_text message, tenantry_text fields) noexcept {
  with_call(context, [&](LiveCall& call) { call.log(level, view(message), view(fields)); });
}
void host_progress(tenantry_ctx* context, uint32_t permille, tenantry_text note) noexcept {
  with_call(context, [&](LiveCall& call) { call.progress(permille, view(note)); });
}
void host_heartbeat(tenantry_ctx* context) noexcept {
  with_call(context, [&](LiveCall& call) { call.heartbeat(); });
}
int32_t host_save_checkpoint(tenantry_ctx* context, tenantry_text bytes) noexcept {
  return with_call(context, 0, [&](LiveCall& call) { return call.save_checkpoint(view(bytes)) ? 1 : 0; });
}
int32_t host_get_secret(tenantry_ctx* context, tenantry_text name, tenantry_text* value) noexcept {
  return with_call(context, 0, [&](LiveCall& call) {
    const auto* found = value ? call.secret(view(name)) : nullptr;
    if (found) *value = text(*found);
    return found ? 1 : 0;
  });
}
int32_t host_put_secret(tenantry_ctx* context, tenantry_text name, tenantry_text value) noexcept {
  return with_call(context, 0, [&](LiveCall& call) { return call.put_secret(view(name), view(value)) ? 1 : 0; });
}
int32_t host_is_cancelled(tenantry_ctx* context) noexcept {
  return with_call(context, 1, [&](LiveCall& call) { return call.is_cancelled() ? 1 : 0; });
}
int32_t host_sleep_ms(tenantry_ctx* context, uint64_t time) noexcept {
  return with_call(context, 0, [&](LiveCall& call) { return call.sleep(time) ? 1 : 0; });
}
int32_t host_cancel_fd(tenantry_ctx* context) noexcept {
  return with_call(context, -1, [&](LiveCall& call) { return call.cancel_fd(); });
}
uint64_t host_remaining_ms(tenantry_ctx* context) noexcept {
  return with_call(context, std::uint64_t{0}, [&](LiveCall& call) { return call.remaining_ms(); });
}
void host_emit(tenantry_ctx* context, tenantry_text type, tenantry_text data) noexcept {
  with_call(context, [&](LiveCall& call) { call.emit(view(type), view(data)); });
}
const void* host_get_extension(tenantry_ctx*, tenantry_text id) noexcept {
  static constexpr tenantry_secrets kSecrets{sizeof(tenantry_secrets), 0, host_put_secret};
  return view(id) == TENANTRY_EXTENSION_SECRETS ? &kSecrets : nullptr;
}

const tenantry_host& host_table() {
  static constexpr std::string_view kName = "tenantry";
  static constexpr tenantry_host kTable{
      sizeof(tenantry_host), TENANTRY_ABI_MAJOR, TENANTRY_ABI_MINOR,   {kName.data(), kName.size()},
      host_set_output,       host_set_error,     host_set_retry_after, host_log,
      host_progress,         host_heartbeat,     host_save_checkpoint, host_get_secret,
      host_is_cancelled,     host_sleep_ms,      host_cancel_fd,       host_remaining_ms,
      host_get_extension,    host_emit};
  return kTable;
}

}  // namespace

LiveCall::LiveCall(Invocation invocation, std::shared_ptr<CallSink> sink, std::vector<std::string> secrets)
    : invocation_(std::move(invocation)),
      secret_names_(std::move(secrets)),
      deadline_(invocation_.timeout.count() > 0 ? std::optional(Monotonic::now() + invocation_.timeout) : std::nullopt),
      sink_(std::move(sink)) {}

LiveCall::~LiveCall() {
  for (auto& [name, value] : secrets_) base::wipe(value);
  if (cancel_fd_ >= 0) ::close(cancel_fd_);
}

// The end of a thread comes as an exception without an object, so that its reference is null; that is as it should be.
__attribute__((no_sanitize("null"))) void LiveCall::carry_out(const std::shared_ptr<LiveCall>& self,
                                                              const tenantry_plugin& plugin, tenantry_engine* engine) {
  const auto number = running().add(self);
  const auto& asked = self->invocation_;
  tenantry_call call{};
  call.size = sizeof call;
  call.op = static_cast<tenantry_op>(asked.op);
  call.step = text(asked.step);
  call.run_id = text(asked.run_id);
  call.tenant_id = text(asked.tenant_id);
  call.idempotency_key = text(asked.idempotency_key);
  call.attempt = asked.attempt;
  call.max_attempts = asked.max_attempts;
  call.input = text(asked.input);
  call.output = text(asked.output);
  call.checkpoint = text(asked.checkpoint);
  call.host = &host_table();
  call.ctx = reinterpret_cast<tenantry_ctx*>(number);  // NOLINT(performance-no-int-to-ptr): a number, never followed
  call.traceparent = text(asked.traceparent);
  std::int32_t outcome = 0;
  bool threw = false;
  try {
    outcome = plugin.invoke(engine, &call);
  } catch (const abi::__forced_unwind&) {  // the engine ends this thread; that cannot be held up
    running().remove(number);
    self->finish(0, true);
    throw;
  } catch (...) {  // nothing of the exception is kept: its type may live in the plugin
    threw = true;
  }
  running().remove(number);
  self->finish(outcome, threw);
}

void LiveCall::finish(std::int32_t outcome, bool threw) {
  Spoken spoken;
  {
    const std::unique_lock alone(gate_);
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    for (auto& [name, value] : secrets_) base::wipe(value);
    secrets_.clear();
    spoken = std::move(spoken_);
  }
  spoken.outcome = outcome;
  spoken.threw = threw;
  spoken.cancel_asked = cancelled_;
  spoken.past_deadline = deadline_ && Monotonic::now() >= *deadline_;
  tell(judge(invocation_, std::move(spoken)));
}

void LiveCall::tell(Answer answer) {
  std::shared_ptr<CallSink> sink;
  {
    const std::unique_lock alone(gate_);
    closed_ = true;
    sink = std::move(sink_);
  }
  auto expected = Phase::kRunning;
  if (sink && phase_.compare_exchange_strong(expected, Phase::kEnding)) sink->finished(std::move(answer));
}

void LiveCall::refuse(Answer answer) { tell(std::move(answer)); }

void LiveCall::cancel() {
  if (cancelled_.exchange(true)) return;
  const std::scoped_lock lock(mutex_);
  if (cancel_fd_ >= 0) {
    const itimerspec at_once{{0, 0}, {0, 1}};
    ::timerfd_settime(cancel_fd_, 0, &at_once, nullptr);
  }
  woken_.notify_all();
}

void LiveCall::abandon() {
  auto expected = Phase::kRunning;
  phase_.compare_exchange_strong(expected, Phase::kAbandoned);
  cancel();
}

void LiveCall::set_output(std::string_view text) {
  const std::scoped_lock lock(mutex_);
  spoken_.output_too_large = text.size() > kMaxOutput;
  if (spoken_.output_too_large)
    spoken_.output.reset();
  else
    spoken_.output = std::string(text);
}

void LiveCall::set_error(std::string_view code, std::string_view message, std::string_view detail) {
  Spoken::Error error{line(code, kMaxErrorCode), line(message, kMaxErrorMessage),
                      std::string(object_or_nothing(detail, kMaxDetail))};
  const std::scoped_lock lock(mutex_);
  spoken_.error = std::move(error);
}

void LiveCall::set_retry_after(std::uint64_t milliseconds) {
  const std::scoped_lock lock(mutex_);
  spoken_.retry_after = base::Millis{static_cast<std::int64_t>(std::min(milliseconds, kLongest))};
}

void LiveCall::log(std::int32_t level, std::string_view message, std::string_view fields) {
  const bool known = level >= TENANTRY_LOG_DEBUG && level <= TENANTRY_LOG_ERROR;
  const std::shared_lock open(gate_);
  if (is_over()) return;
  sink_->log(known ? static_cast<LogLevel>(level) : LogLevel::kInfo, line(message, kMaxLogLine),
             object_or_nothing(fields, kMaxDetail));
}

void LiveCall::progress(std::uint32_t permille, std::string_view note) {
  const std::shared_lock open(gate_);
  if (!is_over()) sink_->progress(std::min(permille, 1000U), line(note, kMaxErrorMessage));
}

void LiveCall::heartbeat() {
  const std::shared_lock open(gate_);
  if (!is_over()) sink_->heartbeat();
}

bool LiveCall::save_checkpoint(std::string_view bytes) {
  const std::shared_lock open(gate_);
  if (is_over()) return false;
  if (bytes.size() <= kMaxCheckpoint) return sink_->save_checkpoint(bytes);
  const std::scoped_lock lock(mutex_);
  spoken_.checkpoint_too_large = true;
  return false;
}

const std::string* LiveCall::secret(std::string_view name) {
  if (std::find(secret_names_.begin(), secret_names_.end(), name) == secret_names_.end()) return nullptr;
  const std::shared_lock open(gate_);
  if (is_over()) return nullptr;
  const auto known = [&]() -> const std::string* {
    const auto found = secrets_.find(name);
    return found == secrets_.end() ? nullptr : &found->second;
  };
  {
    const std::scoped_lock lock(mutex_);
    if (const auto* value = known()) return value;
  }
  auto value = sink_->secret(name);
  if (!value) return nullptr;
  const std::scoped_lock lock(mutex_);
  if (const auto* other = known()) {  // another thread of the engine asked for it, too
    base::wipe(*value);
    return other;
  }
  const auto* kept = &secrets_.emplace(name, *value).first->second;
  base::wipe(*value);
  return kept;
}

bool LiveCall::put_secret(std::string_view name, std::string_view value) {
  const std::shared_lock open(gate_);
  if (is_over() || !is_name(name, kMaxSecretName) || value.size() > kMaxSecretValue) return false;
  return sink_->put_secret(name, value);
}

bool LiveCall::is_cancelled() const { return cancelled_ || (deadline_ && Monotonic::now() >= *deadline_); }

bool LiveCall::sleep(std::uint64_t time) {
  const auto wake = Monotonic::now() + milliseconds(std::min(time, kLongest));
  const auto end = deadline_ ? std::min(wake, *deadline_) : wake;
  std::unique_lock lock(mutex_);
  woken_.wait_until(lock, end, [&] { return cancelled_.load(); });
  return !cancelled_ && end == wake;
}

// A timer rather than an event: it becomes readable at the deadline without a thread that watches it.
int LiveCall::cancel_fd() {
  const std::scoped_lock lock(mutex_);
  if (cancel_fd_ >= 0) return cancel_fd_;
  cancel_fd_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (cancel_fd_ < 0) return -1;
  itimerspec when{};
  if (cancelled_) {
    when.it_value.tv_nsec = 1;
  } else if (deadline_) {
    const auto left = std::max(*deadline_ - Monotonic::now(), Monotonic::duration(1));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    when.it_value.tv_sec = static_cast<time_t>(seconds.count());
    when.it_value.tv_nsec = static_cast<long>(std::chrono::nanoseconds(left - seconds).count());
  }
  ::timerfd_settime(cancel_fd_, 0, &when, nullptr);
  return cancel_fd_;
}

std::uint64_t LiveCall::remaining_ms() const {
  if (!deadline_) return std::numeric_limits<std::uint64_t>::max();
  const auto left = std::chrono::ceil<milliseconds>(*deadline_ - Monotonic::now());
  return left.count() > 0 ? static_cast<std::uint64_t>(left.count()) : 0;
}

void LiveCall::emit(std::string_view type, std::string_view data) {
  const auto object = data.empty() ? std::string_view("{}") : object_or_nothing(data, kMaxEvent);
  const std::shared_lock open(gate_);
  if (is_over()) return;
  if (is_event_type(type) && !object.empty())
    sink_->emit(type, object);
  else
    sink_->log(LogLevel::kWarn, "host: an event was dropped, because its type or data is not of the required form", "");
}

}  // namespace tenantry::engine
