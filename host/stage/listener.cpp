#include "stage/listener.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <limits>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "engine/limits.hpp"

namespace tenantry::stage {
namespace {

constexpr std::uint64_t kLongestSleep = std::uint64_t{1} << 40U;

std::mutex late_mutex;
std::vector<std::string>& late_calls() {
  static auto& list = *new std::vector<std::string>;
  return list;
}

Listener& of(tenantry_ctx* context) { return *reinterpret_cast<Listener*>(context); }

void table_set_output(tenantry_ctx* c, tenantry_text json) noexcept { of(c).set_output(json); }
void table_set_error(tenantry_ctx* c, tenantry_text code, tenantry_text message, tenantry_text detail) noexcept {
  of(c).set_error(code, message, detail);
}
void table_set_retry_after(tenantry_ctx* c, uint64_t time) noexcept { of(c).set_retry_after(time); }
void table_log(tenantry_ctx* c, tenantry_level level, tenantry_text message, tenantry_text fields) noexcept {
  of(c).log(level, message, fields);
}
void table_progress(tenantry_ctx* c, uint32_t permille, tenantry_text note) noexcept { of(c).progress(permille, note); }
void table_heartbeat(tenantry_ctx* c) noexcept { of(c).heartbeat(); }
int32_t table_save_checkpoint(tenantry_ctx* c, tenantry_text bytes) noexcept {
  return of(c).save_checkpoint(bytes) ? 1 : 0;
}
int32_t table_get_secret(tenantry_ctx* c, tenantry_text name, tenantry_text* value) noexcept {
  return of(c).get_secret(name, value) ? 1 : 0;
}
int32_t table_put_secret(tenantry_ctx* c, tenantry_text name, tenantry_text value) noexcept {
  return of(c).put_secret(name, value) ? 1 : 0;
}
int32_t table_is_cancelled(tenantry_ctx* c) noexcept { return of(c).is_cancelled() ? 1 : 0; }
int32_t table_sleep_ms(tenantry_ctx* c, uint64_t time) noexcept { return of(c).sleep(time) ? 1 : 0; }
int32_t table_cancel_fd(tenantry_ctx* c) noexcept { return of(c).cancel_fd(); }
uint64_t table_remaining_ms(tenantry_ctx* c) noexcept { return of(c).remaining_ms(); }
const void* table_get_extension(tenantry_ctx* c, tenantry_text id) noexcept { return of(c).get_extension(id); }
void table_emit(tenantry_ctx* c, tenantry_text type, tenantry_text json) noexcept { of(c).emit(type, json); }

// The table of a host that knows more than this one: what follows is not null, and calling it would be wrong.
struct LaterHost {
  tenantry_host known;
  void (*unknown[4])();
};
void unknown_function() { std::raise(SIGILL); }

bool is_event_type(std::string_view name) {
  return !name.empty() && name.size() <= engine::kMaxErrorCode && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  });
}

tenantry_host our_table() {
  static constexpr std::string_view kName = "tenantry conformance kit";
  return {sizeof(tenantry_host), TENANTRY_ABI_MAJOR, TENANTRY_ABI_MINOR,    {kName.data(), kName.size()},
          table_set_output,      table_set_error,    table_set_retry_after, table_log,
          table_progress,        table_heartbeat,    table_save_checkpoint, table_get_secret,
          table_is_cancelled,    table_sleep_ms,     table_cancel_fd,       table_remaining_ms,
          table_get_extension,   table_emit};
}

}  // namespace

const tenantry_host* host_table(const Conditions& conditions) {
  static const auto& ours = *new LentStruct<tenantry_host>(our_table());
  static const auto& later = *new LentStruct<LaterHost>([] {
    LaterHost table{our_table(), {unknown_function, unknown_function, unknown_function, unknown_function}};
    table.known.size = sizeof table;
    table.known.abi_minor = TENANTRY_ABI_MINOR + 7;
    return table;
  }());
  return conditions.later ? &later.get()->known : ours.get();
}

Listener::Listener(Conditions conditions, Secrets secrets, base::Millis timeout, Keep keep)
    : conditions_(std::move(conditions)), secrets_(std::move(secrets)), timeout_(timeout), keep_(std::move(keep)) {
  if (conditions_.cancelled || conditions_.past_deadline) cancelled_ = began_;
}

std::vector<std::string> Listener::late() {
  const std::scoped_lock lock(late_mutex);
  return late_calls();
}

void Listener::cancel() {
  const std::scoped_lock lock(mutex_);
  cancel_locked();
}

void Listener::cancel_locked() {
  if (cancelled_ || closed_) return;
  cancelled_ = Monotonic::now();
  if (cancel_fd_ >= 0) ::eventfd_write(cancel_fd_, 1);
  woken_.notify_all();
}

bool Listener::must_end() const {
  return cancelled_ || (timeout_.count() > 0 && Monotonic::now() >= began_ + timeout_);
}

bool Listener::enter(const char* name, bool has_effect) {
  if (closed_) {
    const std::scoped_lock lock(late_mutex);
    late_calls().emplace_back(name);
    return false;
  }
  heard_.callbacks.emplace_back(name);
  const auto number = static_cast<int>(heard_.callbacks.size());
  if (number == conditions_.die_at) std::raise(SIGKILL);
  if (conditions_.cancel_at != 0 && number >= conditions_.cancel_at) cancel_locked();
  if (refused_ && has_effect) ++heard_.after_refusal;
  return true;
}

void Listener::leave() const {
  if (static_cast<int>(heard_.callbacks.size()) == conditions_.die_after) std::raise(SIGKILL);
}

void Listener::breach(std::string found) {
  if (heard_.breaches.size() < 8 &&
      std::find(heard_.breaches.begin(), heard_.breaches.end(), found) == heard_.breaches.end())
    heard_.breaches.push_back(std::move(found));
}

std::string Listener::hear(const std::string& where, tenantry_text text) {
  if (text.size == 0) return {};
  if (text.data == nullptr) {
    breach(where + " is a text without data");
    return {};
  }
  std::string bytes(text.data, std::min<std::uint64_t>(text.size, 4U << 20U));
  if (!base::is_utf8(bytes)) breach(where + " is not UTF-8");
  heard_.said.push_back({where, bytes});
  return bytes;
}

void Listener::hear_object(const std::string& where, tenantry_text text) {
  const auto bytes = hear(where, text);
  if (bytes.empty()) return;
  const auto parsed = base::parse_json(bytes, 4U << 20U);
  if (parsed.has_error() || !parsed->is_object()) breach(where + " is not a JSON object");
}

void Listener::set_output(tenantry_text json) {
  const std::scoped_lock lock(mutex_);
  if (!enter("set_output")) return;
  auto bytes = hear("the output", json);
  spoken_.output_too_large = bytes.size() > engine::kMaxOutput;
  spoken_.output = std::move(bytes);
}

void Listener::set_error(tenantry_text code, tenantry_text message, tenantry_text detail) {
  const std::scoped_lock lock(mutex_);
  if (!enter("set_error")) return;
  hear_object("the detail of an error", detail);
  spoken_.error =
      engine::Spoken::Error{hear("the code of an error", code), hear("the message of an error", message),
                            detail.size == 0 || detail.data == nullptr ? "" : std::string(detail.data, detail.size)};
  if (spoken_.error->code.empty()) breach("an error has no code");
}

void Listener::set_retry_after(std::uint64_t milliseconds) {
  const std::scoped_lock lock(mutex_);
  if (enter("set_retry_after"))
    spoken_.retry_after = base::Millis{static_cast<std::int64_t>(std::min(milliseconds, kLongestSleep))};
}

void Listener::log(std::int32_t level, tenantry_text message, tenantry_text fields) {
  const std::scoped_lock lock(mutex_);
  if (!enter("log")) return;
  if (level < TENANTRY_LOG_DEBUG || level > TENANTRY_LOG_ERROR)
    breach("a log line has the level " + std::to_string(level));
  (void)hear("a log line", message);
  hear_object("the fields of a log line", fields);
}

void Listener::progress(std::uint32_t permille, tenantry_text note) {
  const std::scoped_lock lock(mutex_);
  if (!enter("progress")) return;
  if (permille > 1000) breach("progress of " + std::to_string(permille) + " permille");
  (void)hear("a note of progress", note);
}

void Listener::heartbeat() {
  const std::scoped_lock lock(mutex_);
  (void)enter("heartbeat");
}

bool Listener::save_checkpoint(tenantry_text bytes) {
  std::unique_lock lock(mutex_);
  if (!enter("save_checkpoint", true)) return false;
  if (bytes.size != 0 && bytes.data == nullptr) return breach("a checkpoint without data"), false;
  if (bytes.size > engine::kMaxCheckpoint) {
    spoken_.checkpoint_too_large = true;
    return false;
  }
  if (conditions_.refuse_checkpoints) {
    if (!std::exchange(refused_, true) && conditions_.at_refusal) conditions_.at_refusal();
    return false;
  }
  std::string saved(bytes.size == 0 ? "" : bytes.data, bytes.size);
  if (keep_) keep_("checkpoint", "", saved);
  heard_.said.push_back({"a checkpoint", saved});
  heard_.checkpoints.push_back(std::move(saved));
  leave();
  return true;
}

bool Listener::get_secret(tenantry_text name, tenantry_text* value) {
  const std::scoped_lock lock(mutex_);
  if (!enter("get_secret")) return false;
  const std::string wanted(name.data == nullptr ? "" : name.data, name.data == nullptr ? 0 : name.size);
  if (std::find(secrets_.declared.begin(), secrets_.declared.end(), wanted) == secrets_.declared.end()) {
    breach("the secret \"" + base::to_utf8(wanted) + "\" is asked for, which the manifest does not list for the step");
    return false;
  }
  if (std::find(heard_.asked.begin(), heard_.asked.end(), wanted) == heard_.asked.end()) heard_.asked.push_back(wanted);
  const auto found = secrets_.values.find(wanted);
  if (found == secrets_.values.end() || value == nullptr) return false;
  const auto& lent = lent_.try_emplace(wanted, found->second).first->second;
  *value = {lent.data(), lent.size()};
  return true;
}

bool Listener::put_secret(tenantry_text name, tenantry_text value) {
  const std::scoped_lock lock(mutex_);
  if (!enter("put_secret", true)) return false;
  if (name.size == 0 || name.data == nullptr || name.size > engine::kMaxSecretName ||
      value.size > engine::kMaxSecretValue || (value.size != 0 && value.data == nullptr))
    return breach("a secret without a name, or larger than allowed, is put"), false;
  const std::string key(name.data, name.size);
  const std::string secret(value.size == 0 ? "" : value.data, value.size);
  if (keep_) keep_("secret", key, secret);
  heard_.put_secrets[key] = secret;
  leave();
  return true;
}

bool Listener::is_cancelled() {
  const std::scoped_lock lock(mutex_);
  return !enter("is_cancelled") || must_end();
}

bool Listener::sleep(std::uint64_t milliseconds) {
  std::unique_lock lock(mutex_);
  if (!enter("sleep_ms")) return false;
  const auto wake = Monotonic::now() + base::Millis{static_cast<std::int64_t>(std::min(milliseconds, kLongestSleep))};
  const auto end = timeout_.count() > 0 ? std::min(wake, began_ + timeout_) : wake;
  while (!cancelled_ && Monotonic::now() < end) woken_.wait_until(lock, end);
  return !cancelled_ && end == wake;
}

int Listener::cancel_fd() {
  const std::scoped_lock lock(mutex_);
  if (!enter("cancel_fd")) return -1;
  if (cancel_fd_ < 0) cancel_fd_ = ::eventfd(cancelled_ ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
  return cancel_fd_;
}

std::uint64_t Listener::remaining_ms() {
  const std::scoped_lock lock(mutex_);
  if (!enter("remaining_ms") || conditions_.past_deadline) return 0;
  if (timeout_.count() == 0) return std::numeric_limits<std::uint64_t>::max();
  const auto left = std::chrono::ceil<base::Millis>(began_ + timeout_ - Monotonic::now()).count();
  return left > 0 ? static_cast<std::uint64_t>(left) : 0;
}

const void* Listener::get_extension(tenantry_text id) {
  static constexpr tenantry_secrets kSecrets{sizeof(tenantry_secrets), 0, table_put_secret};
  const std::scoped_lock lock(mutex_);
  if (!enter("get_extension") || conditions_.bare) return nullptr;
  const bool ours = id.data != nullptr && std::string_view(id.data, id.size) == TENANTRY_EXTENSION_SECRETS;
  return ours ? &kSecrets : nullptr;
}

void Listener::emit(tenantry_text type, tenantry_text json) {
  const std::scoped_lock lock(mutex_);
  if (!enter("emit", true)) return;
  if (!is_event_type(hear("the type of an event", type))) breach("an event's type is not of the form a.b_c");
  hear_object("the data of an event", json);
}

Heard Listener::close(const engine::Invocation& invocation, std::int32_t outcome, bool threw) {
  if (conditions_.die_at_return) std::raise(SIGKILL);
  const std::scoped_lock lock(mutex_);
  const auto now = Monotonic::now();
  closed_ = true;
  lent_.clear();
  if (cancel_fd_ >= 0) ::close(std::exchange(cancel_fd_, -1));
  spoken_.outcome = outcome;
  spoken_.threw = threw;
  spoken_.cancel_asked = cancelled_.has_value() && !conditions_.past_deadline;
  spoken_.past_deadline = conditions_.past_deadline || (timeout_.count() > 0 && now >= began_ + timeout_);
  heard_.outcome = outcome;
  heard_.threw = threw;
  heard_.took = std::chrono::duration_cast<std::chrono::microseconds>(now - began_);
  if (cancelled_) heard_.after_cancel = std::chrono::duration_cast<base::Millis>(now - *cancelled_);
  heard_.answer = engine::judge(invocation, std::move(spoken_));
  return std::move(heard_);
}

}  // namespace tenantry::stage
