// Runs single operations of an engine in a unit test, without a host: FakeHost slices the input as the manifest says,
// hands out secrets, collects everything the engine says, and can cancel, run out of time or refuse to store.
#pragma once
#include <sys/timerfd.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <tenantry/entry.hpp>

namespace tenantry::testing {

struct LogLine {
  tenantry_level level = 0;
  std::string message;
  json::object fields;
};

// Everything one call said.
struct Report {
  tenantry_outcome outcome = 0;
  std::optional<json::value> output;
  std::string code;  // of the error, or of the reason for waiting
  std::string message;
  json::object detail;
  std::optional<Milliseconds> retry_after;
  std::vector<LogLine> log;
  std::vector<std::pair<std::uint32_t, std::string>> progress;  // permille, note
  std::vector<std::string> checkpoints;                         // every one that was stored
  std::vector<std::pair<std::string, json::value>> events;      // type, data
  std::vector<std::string> secrets_asked;
  std::vector<std::string> contract_broken;  // what no host would accept
  int heartbeats = 0;
  Milliseconds slept{0};

  // True if any line of the log holds these words.
  bool logged(std::string_view words) const {
    for (const LogLine& line : log)
      if (line.message.find(words) != std::string::npos) return true;
    return false;
  }
};

// One engine, opened; and one document all its steps read from. Not for several calls at once.
class FakeHost {
 public:
  // Throws std::runtime_error with the engine's words if it does not open.
  explicit FakeHost(const tenantry_plugin* plugin, const json::object& settings = {}) : plugin_(plugin) {
    std::string text;
    plugin_->manifest(&FakeHost::append, &text);
    manifest_ = json::parse(text).as_object();
    if (const auto* error = manifest_.if_contains("error")) throw std::runtime_error(error->as_string().c_str());
    std::string error;
    engine_ = plugin_->open(detail::text(text = json::serialize(settings)), &FakeHost::append, &error);
    if (!engine_) throw std::runtime_error(error);
    document = {
        {"request", json::object()}, {"tenant", json::object()}, {"server", json::object()}, {"steps", json::object()}};
  }
  // An engine class of this very program: auto host = FakeHost::of<MyEngine>({{"directory", "/tmp/x"}});
  template <class E>
  static FakeHost of(const json::object& settings = {}) {
    return FakeHost(detail::plugin_table<E>(), settings);
  }
  ~FakeHost() { plugin_->close(engine_); }
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  // Where steps read from: /request, /tenant, /server, and /steps/<id>/output, which run() fills in.
  json::object document;
  std::map<std::string, std::string> secrets;      // what get_secret knows; put_secret adds to it
  std::map<std::string, std::string> checkpoints;  // of each step, until it succeeds
  std::string run_id = "run-1";
  std::string tenant_id = "tenant-1";
  std::string traceparent;
  std::uint32_t attempt = 1;
  std::uint32_t max_attempts = 0;
  std::optional<Milliseconds> time_limit;  // of every call; sleeping uses it up without taking any time
  bool refuse_checkpoints = false;
  bool refuse_secrets = false;   // put_secret answers 0
  bool has_secret_store = true;  // false: a host without the extension
  // Called, in the thread of the engine, for every line of log; may call cancel().
  std::function<void(const LogLine&)> on_log;
  // Called for every heartbeat, and before every sleep.
  std::function<void()> on_heartbeat;
  std::function<void()> on_sleep;

  const json::object& manifest() const { return manifest_; }
  // The step's part of the manifest. std::logic_error if there is no such step.
  const json::object& step(std::string_view id) const {
    for (const json::value& one : manifest_.at("steps").as_array())
      if (one.at("id").as_string() == json::string_view(id.data(), id.size())) return one.as_object();
    throw std::logic_error("no step " + std::string(id));
  }
  // What the step gets to see of the document. With `planning`, outputs that do not exist are {"$unknown": true}.
  json::object input_of(std::string_view id, bool planning = false) const {
    json::object input;
    for (const auto& [name, where] : step(id).at("input").as_object()) input[name] = slice(where.as_object(), planning);
    return input;
  }

  // RUN; on success the output goes into the document.
  Report run(std::string_view id) {
    Report report = invoke(TENANTRY_OP_RUN, id, json::serialize(input_of(id)));
    const bool succeeded = report.outcome == TENANTRY_DONE || report.outcome == TENANTRY_ALREADY_DONE;
    if (succeeded && !report.output) report.contract_broken.push_back("succeeded without an output");
    if (succeeded || report.outcome == TENANTRY_SKIPPED) {
      document["steps"].as_object()[id] = json::object{{"output", report.output.value_or(nullptr)}};
      checkpoints.erase(std::string(id));
    }
    return report;
  }
  Report undo(std::string_view id) { return invoke(TENANTRY_OP_UNDO, id, json::serialize(input_of(id))); }
  Report verify(std::string_view id) { return invoke(TENANTRY_OP_VERIFY, id, json::serialize(input_of(id))); }
  Report plan(std::string_view id) { return invoke(TENANTRY_OP_PLAN, id, json::serialize(input_of(id, true))); }
  // Judges the document's /request.
  Report validate() { return invoke(TENANTRY_OP_VALIDATE, "", json::serialize(document.at("request"))); }
  // Every step in the manifest's order, until one does not succeed; the last report.
  Report run_all() {
    Report report;
    for (const json::value& one : manifest_.at("steps").as_array()) {
      report = run(std::string(one.at("id").as_string()));
      if (report.outcome > TENANTRY_SKIPPED) break;
    }
    return report;
  }

  // Any operation with any input, malformed ones included.
  Report invoke(tenantry_op op, std::string_view id, const std::string& input) {
    Call call(*this, id);
    const std::string key = run_id + "." + std::string(id);
    const std::string output = output_of(id);
    const std::string checkpoint = checkpoint_of(id);
    tenantry_call raw{};
    raw.size = sizeof raw;
    raw.op = op;
    raw.step = detail::text(id);
    raw.run_id = detail::text(run_id);
    raw.tenant_id = detail::text(tenant_id);
    raw.idempotency_key = detail::text(key);
    raw.attempt = attempt;
    raw.max_attempts = max_attempts;
    raw.input = detail::text(input);
    raw.output = op == TENANTRY_OP_UNDO || op == TENANTRY_OP_VERIFY ? detail::text(output) : tenantry_text{};
    raw.checkpoint = detail::text(checkpoint);
    raw.host = &table();
    raw.ctx = reinterpret_cast<tenantry_ctx*>(&call);
    raw.traceparent = detail::text(traceparent);
    {
      const std::scoped_lock lock(mutex_);
      running_ = &call;
      if (cancelled_) call.wake();
    }
    call.report.outcome = plugin_->invoke(engine_, &raw);
    const std::scoped_lock lock(mutex_);
    running_ = nullptr;
    return std::move(call.report);
  }

  // From any thread: ends the running call, and every one after it until allow().
  void cancel() {
    const std::scoped_lock lock(mutex_);
    cancelled_ = true;
    if (running_) running_->wake();
  }
  void allow() {
    const std::scoped_lock lock(mutex_);
    cancelled_ = false;
  }
  // What the engine says about its own health; null if it says nothing.
  json::value health() const {
    if (!plugin_->health) return nullptr;
    std::string text;
    plugin_->health(engine_, &FakeHost::append, &text);
    return json::parse(text);
  }

 private:
  using Steady = std::chrono::steady_clock;

  struct Call {
    explicit Call(FakeHost& owner, std::string_view id)
        : host(owner), step(id), timer(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)) {
      if (timer < 0) throw std::runtime_error("no timerfd");
      if (host.time_limit) arm(std::max(*host.time_limit, Milliseconds(0)));
    }
    ~Call() { ::close(timer); }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    // One descriptor for both: it fires at the deadline, or at once when cancelled.
    void arm(Milliseconds in) const {
      itimerspec when{};
      when.it_value.tv_sec = in.count() / 1000;
      when.it_value.tv_nsec = (in.count() % 1000) * 1000000 + 1;
      timerfd_settime(timer, 0, &when, nullptr);
    }
    void wake() const { arm(Milliseconds(0)); }
    std::optional<Milliseconds> remaining() const {
      if (!host.time_limit) return std::nullopt;
      const auto used = std::chrono::ceil<Milliseconds>(Steady::now() - began);
      return std::max(*host.time_limit - used - report.slept, Milliseconds(0));
    }
    bool ended() const { return host.cancelled_ || remaining() == Milliseconds(0); }
    std::string take(tenantry_text text, const char* what) {
      std::string copy(detail::view(text));
      if (valid_utf8(copy) != copy) report.contract_broken.push_back(std::string(what) + " is not UTF-8");
      return copy;
    }
    json::value take_json(tenantry_text bytes, const char* what) {
      const std::string copy = take(bytes, what);
      boost::system::error_code failure;
      json::value value = json::parse(copy, failure);
      if (failure) report.contract_broken.push_back(std::string(what) + " is not JSON: " + copy);
      return value;
    }
    json::object take_object(tenantry_text bytes, const char* what) {
      if (bytes.size == 0) return {};
      json::value value = take_json(bytes, what);
      return value.is_object() ? std::move(value.as_object()) : json::object();
    }

    FakeHost& host;
    std::string step;
    int timer;
    Steady::time_point began = Steady::now();
    Report report;
    std::recursive_mutex mutex;  // on_log may look at the report
  };

  static void append(void* to, tenantry_text text) { static_cast<std::string*>(to)->append(detail::view(text)); }
  static Call& call_of(tenantry_ctx* ctx) { return *reinterpret_cast<Call*>(ctx); }

  json::value slice(const json::object& where, bool planning) const {
    const json::string& from = where.at("from").as_string();
    boost::system::error_code failure;
    const json::value* found = nullptr;
    const json::value whole = document;
    found = whole.find_pointer(json::string_view(from.data(), from.size()), failure);
    if (!found) return planning ? json::value{{"$unknown", true}} : json::value(nullptr);
    const json::value* members = where.if_contains("members");
    if (!members || !found->is_object()) return *found;
    json::object part;
    for (const json::value& name : members->as_array())
      if (const auto* value = found->as_object().if_contains(name.as_string())) part[name.as_string()] = *value;
    return part;
  }

  std::string output_of(std::string_view id) const {
    const auto* step_document = document.at("steps").as_object().if_contains(json::string_view(id.data(), id.size()));
    return step_document ? json::serialize(step_document->at("output")) : "";
  }

  std::string checkpoint_of(std::string_view id) const {
    const auto found = checkpoints.find(std::string(id));
    return found == checkpoints.end() ? std::string() : found->second;
  }

  bool declares(std::string_view id, std::string_view secret) const {
    const auto* list = step(id).if_contains("secrets");
    if (!list) return false;
    for (const json::value& name : list->as_array())
      if (name.as_string() == json::string_view(secret.data(), secret.size())) return true;
    return false;
  }

  static const tenantry_host& table() {
    static const tenantry_secrets kSecrets{sizeof(tenantry_secrets), 0, &FakeHost::put_secret};
    static const tenantry_host kTable = [] {
      tenantry_host host{};
      host.size = sizeof host;
      host.abi_major = TENANTRY_ABI_MAJOR;
      host.abi_minor = TENANTRY_ABI_MINOR;
      host.name = detail::text("fake host");
      host.set_output = [](tenantry_ctx* ctx, tenantry_text text) noexcept {
        const std::scoped_lock lock(call_of(ctx).mutex);
        call_of(ctx).report.output = call_of(ctx).take_json(text, "the output");
      };
      host.set_error = [](tenantry_ctx* ctx, tenantry_text code, tenantry_text message, tenantry_text more) noexcept {
        const std::scoped_lock lock(call_of(ctx).mutex);
        call_of(ctx).report.code = call_of(ctx).take(code, "the error's code");
        call_of(ctx).report.message = call_of(ctx).take(message, "the error's message");
        call_of(ctx).report.detail = call_of(ctx).take_object(more, "the error's detail");
      };
      host.set_retry_after = [](tenantry_ctx* ctx, std::uint64_t ms) noexcept {
        const std::scoped_lock lock(call_of(ctx).mutex);
        call_of(ctx).report.retry_after = Milliseconds(static_cast<Milliseconds::rep>(ms));
      };
      host.log = [](tenantry_ctx* ctx, tenantry_level level, tenantry_text message, tenantry_text fields) noexcept {
        const std::scoped_lock lock(call_of(ctx).mutex);
        auto& log = call_of(ctx).report.log;
        log.push_back({level, call_of(ctx).take(message, "a line of log"),
                       call_of(ctx).take_object(fields, "the fields of a log line")});
        if (call_of(ctx).host.on_log) call_of(ctx).host.on_log(log.back());
      };
      host.progress = [](tenantry_ctx* ctx, std::uint32_t permille, tenantry_text note) noexcept {
        const std::scoped_lock lock(call_of(ctx).mutex);
        call_of(ctx).report.progress.emplace_back(permille, call_of(ctx).take(note, "a note of progress"));
      };
      host.heartbeat = [](tenantry_ctx* ctx) noexcept {
        const std::scoped_lock lock(call_of(ctx).mutex);
        ++call_of(ctx).report.heartbeats;
        if (call_of(ctx).host.on_heartbeat) call_of(ctx).host.on_heartbeat();
      };
      host.save_checkpoint = [](tenantry_ctx* ctx, tenantry_text bytes) noexcept -> std::int32_t {
        const std::scoped_lock lock(call_of(ctx).mutex);
        if (call_of(ctx).host.refuse_checkpoints) return 0;
        call_of(ctx).report.checkpoints.emplace_back(detail::view(bytes));
        call_of(ctx).host.checkpoints[call_of(ctx).step] = detail::view(bytes);
        return 1;
      };
      host.get_secret = [](tenantry_ctx* ctx, tenantry_text name, tenantry_text* value) noexcept -> std::int32_t {
        Call& call = call_of(ctx);
        const std::scoped_lock lock(call.mutex);
        const std::string wanted(detail::view(name));
        call.report.secrets_asked.push_back(wanted);
        if (!call.host.declares(call.step, wanted)) {
          call.report.contract_broken.push_back("asked for a secret it does not list: " + wanted);
          return 0;
        }
        const auto found = call.host.secrets.find(wanted);
        if (found == call.host.secrets.end()) return 0;
        *value = detail::text(found->second);
        return 1;
      };
      host.is_cancelled = [](tenantry_ctx* ctx) noexcept -> std::int32_t { return call_of(ctx).ended() ? 1 : 0; };
      host.sleep_ms = [](tenantry_ctx* ctx, std::uint64_t ms) noexcept -> std::int32_t {
        Call& call = call_of(ctx);
        if (call.host.on_sleep) call.host.on_sleep();
        const std::scoped_lock lock(call.mutex);
        if (call.ended()) return 0;
        call.report.slept += Milliseconds(static_cast<Milliseconds::rep>(ms));
        if (const auto left = call.remaining(); left && *left > Milliseconds(0)) call.arm(*left);
        return call.ended() ? 0 : 1;
      };
      host.cancel_fd = [](tenantry_ctx* ctx) noexcept -> std::int32_t { return call_of(ctx).timer; };
      host.remaining_ms = [](tenantry_ctx* ctx) noexcept -> std::uint64_t {
        const auto left = call_of(ctx).remaining();
        return left ? static_cast<std::uint64_t>(left->count()) : UINT64_MAX;
      };
      host.get_extension = [](tenantry_ctx* ctx, tenantry_text id) noexcept -> const void* {
        return detail::view(id) == TENANTRY_EXTENSION_SECRETS && call_of(ctx).host.has_secret_store ? &kSecrets
                                                                                                    : nullptr;
      };
      host.emit = [](tenantry_ctx* ctx, tenantry_text type, tenantry_text data) noexcept {
        const std::scoped_lock lock(call_of(ctx).mutex);
        call_of(ctx).report.events.emplace_back(call_of(ctx).take(type, "an event's type"),
                                                call_of(ctx).take_json(data, "an event"));
      };
      return host;
    }();
    return kTable;
  }

  static std::int32_t put_secret(tenantry_ctx* ctx, tenantry_text name, tenantry_text value) noexcept {
    const std::scoped_lock lock(call_of(ctx).mutex);
    if (call_of(ctx).host.refuse_secrets) return 0;
    call_of(ctx).host.secrets[std::string(detail::view(name))] = detail::view(value);
    return 1;
  }

  const tenantry_plugin* plugin_;
  tenantry_engine* engine_ = nullptr;
  json::object manifest_;
  std::mutex mutex_;
  Call* running_ = nullptr;
  std::atomic<bool> cancelled_{false};
};

}  // namespace tenantry::testing
