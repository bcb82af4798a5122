// What a running step can ask of its host. One Context belongs to one call: never keep it.
#pragma once
#include <algorithm>
#include <cmath>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

#include <tenantry/abi.h>
#include <tenantry/json.hpp>
#include <tenantry/result.hpp>

namespace tenantry {

// Thrown to leave a step that has to stop; becomes the outcome cancelled.
class Cancelled : public std::exception {
 public:
  const char* what() const noexcept override { return "stopped on request"; }
};

// The host has no value for a secret the step needs; becomes failed, with the secret's name.
class MissingSecret : public std::runtime_error {
 public:
  explicit MissingSecret(std::string_view name)
      : std::runtime_error("the secret \"" + std::string(name) +
                           "\" is not there: it was not given, or the step does not list it"),
        name_(name) {}
  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

namespace detail {

inline std::string_view view(tenantry_text text) {
  return text.size == 0 ? std::string_view() : std::string_view(text.data, text.size);
}
inline tenantry_text text(std::string_view view) { return {view.data(), view.size()}; }

// The length of the UTF-8 sequence at the start of `bytes`, 0 if there is no valid one.
inline std::size_t utf8_length(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xC2 && lead < 0xE0   ? 2
                             : lead >= 0xE0 && lead < 0xF0 ? 3
                             : lead >= 0xF0 && lead < 0xF5 ? 4
                                                           : 0;
  if (length == 0 || bytes.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((at(i) & 0xC0) != 0x80) return 0;
  if (lead == 0xE0 && at(1) < 0xA0) return 0;
  if (lead == 0xED && at(1) >= 0xA0) return 0;
  if (lead == 0xF0 && at(1) < 0x90) return 0;
  if (lead == 0xF4 && at(1) >= 0x90) return 0;
  return length;
}

}  // namespace detail

// The same text with every byte that is not UTF-8, and every NUL, replaced by U+FFFD. The host refuses anything else.
[[nodiscard]] inline std::string valid_utf8(std::string_view bytes) {
  std::string clean;
  clean.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t length = bytes[0] == '\0' ? 0 : detail::utf8_length(bytes);
    if (length == 0)
      clean += "\xEF\xBF\xBD";
    else
      clean += bytes.substr(0, length);
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return clean;
}

// All functions may be called from any thread until the step function returns. Every text that is returned as a view
// lives exactly as long.
class Context {
 public:
  explicit Context(const tenantry_call& call) : call_(call), host_(*call.host) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  std::string_view step() const { return detail::view(call_.step); }
  std::string_view run_id() const { return detail::view(call_.run_id); }
  std::string_view tenant_id() const { return detail::view(call_.tenant_id); }
  // The same in every attempt of this step in this run, different in every other: the name or tag to give to what the
  // step creates, and the Idempotency-Key towards other services.
  std::string_view idempotency_key() const { return detail::view(call_.idempotency_key); }
  // From 1. For the log and for giving up early, never for choosing what to do.
  std::uint32_t attempt() const { return call_.attempt; }
  // 0: unlimited.
  std::uint32_t max_attempts() const { return call_.max_attempts; }
  // W3C trace context to pass on to other services; may be empty.
  std::string_view traceparent() const {
    return TENANTRY_HAS_FIELD(&call_, traceparent) ? detail::view(call_.traceparent) : std::string_view();
  }

  // One line in the step's log. Never a secret.
  void debug(std::string_view message, const json::object& fields = {}) { log(TENANTRY_LOG_DEBUG, message, fields); }
  void info(std::string_view message, const json::object& fields = {}) { log(TENANTRY_LOG_INFO, message, fields); }
  void warn(std::string_view message, const json::object& fields = {}) { log(TENANTRY_LOG_WARN, message, fields); }
  void error(std::string_view message, const json::object& fields = {}) { log(TENANTRY_LOG_ERROR, message, fields); }

  // How far along, from 0 to 1, and with what. Only the newest value is kept.
  void progress(double fraction, std::string_view note = {}) {
    const double bounded = std::isfinite(fraction) ? std::clamp(fraction, 0.0, 1.0) : 0.0;
    host_.progress(call_.ctx, static_cast<std::uint32_t>(std::lround(bounded * 1000)), detail::text(valid_utf8(note)));
  }
  // Says that the step is alive. Everything else that is said to the host does that too.
  void heartbeat() { host_.heartbeat(call_.ctx); }

  // True once the host wants the step to end: cancelled, shutting down, or past its deadline.
  bool is_cancelled() const { return host_.is_cancelled(call_.ctx) != 0; }
  // Throws Cancelled, which ends the step as cancelled.
  void throw_if_cancelled() const {
    if (is_cancelled()) throw Cancelled();
  }
  // False if it was woken early because the step has to end.
  [[nodiscard]] bool sleep(Milliseconds time) {
    return host_.sleep_ms(call_.ctx, static_cast<std::uint64_t>(std::max<Milliseconds::rep>(time.count(), 0))) != 0;
  }
  // Readable once cancelled: put it into the same poll as your sockets. Never read or close it. -1 if there is none.
  int cancel_fd() const { return host_.cancel_fd(call_.ctx); }
  // Until the deadline; Milliseconds::max() without one.
  Milliseconds remaining() const {
    const std::uint64_t left = host_.remaining_ms(call_.ctx);
    return left >= static_cast<std::uint64_t>(Milliseconds::max().count())
               ? Milliseconds::max()
               : Milliseconds(static_cast<Milliseconds::rep>(left));
  }

  // A secret the step lists. MissingSecret if the host has none. Wiped by the host when the call returns.
  std::string_view secret(std::string_view name) {
    if (const auto value = find_secret(name)) return *value;
    throw MissingSecret(name);
  }
  std::optional<std::string_view> find_secret(std::string_view name) {
    tenantry_text value{};
    if (host_.get_secret(call_.ctx, detail::text(name), &value) != 1) return std::nullopt;
    return detail::view(value);
  }
  // True: sealed durably as a secret of the tenant, and later steps that list it get it by secret(). False: not stored,
  // and nothing that depends on it may happen.
  [[nodiscard]] bool put_secret(std::string_view name, std::string_view value) {
    const auto* secrets = static_cast<const tenantry_secrets*>(extension(TENANTRY_EXTENSION_SECRETS));
    return secrets && TENANTRY_HAS(secrets, put_secret) &&
           secrets->put_secret(call_.ctx, detail::text(name), detail::text(value)) == 1;
  }

  // What save() stored last for this step, in an earlier attempt or in this one; BadInput if it is something else.
  template <class T>
  std::optional<T> checkpoint() const {
    const std::string_view bytes = saved_ ? std::string_view(*saved_) : detail::view(call_.checkpoint);
    if (bytes.empty()) return std::nullopt;
    boost::system::error_code failure;
    const json::value value = json::parse({bytes.data(), bytes.size()}, failure);
    if (failure) throw BadInput("/checkpoint", "expected JSON");
    return decode<T>(value, "/checkpoint");
  }
  // Durable when it returns. Throws Cancelled if the host refuses, because then somebody else owns the step.
  template <class T>
  void save(const T& value) {
    std::string bytes = json::serialize(encode(value));
    if (host_.save_checkpoint(call_.ctx, detail::text(bytes)) != 1) throw Cancelled();
    saved_ = std::move(bytes);
  }

  // Publishes an event of the engine's own on the run's event stream.
  void emit(std::string_view type, const json::object& data = {}) {
    if (!TENANTRY_HAS(&host_, emit)) return;
    const std::string bytes = json::serialize(data);
    host_.emit(call_.ctx, detail::text(type), detail::text(bytes));
  }

  // A host feature outside the core, nullptr if this host does not have it.
  const void* extension(std::string_view id) const {
    return TENANTRY_HAS(&host_, get_extension) ? host_.get_extension(call_.ctx, detail::text(id)) : nullptr;
  }

 private:
  void log(tenantry_level level, std::string_view message, const json::object& fields) {
    const std::string members = fields.empty() ? std::string() : json::serialize(fields);
    host_.log(call_.ctx, level, detail::text(valid_utf8(message)), detail::text(members));
  }

  const tenantry_call& call_;
  const tenantry_host& host_;
  std::optional<std::string> saved_;
};

}  // namespace tenantry
