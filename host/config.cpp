#include "config.hpp"

#include <fstream>
#include <set>
#include <sstream>
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "schema/builtin.hpp"

namespace tenantry {
namespace {

namespace json = base::json;
namespace fs = std::filesystem;

json::value to_json(const toml::node& node) {
  if (const auto* table = node.as_table()) {
    json::object object;
    for (const auto& [key, value] : *table) object[std::string_view(key)] = to_json(value);
    return object;
  }
  if (const auto* array = node.as_array()) {
    json::array items;
    for (const auto& item : *array) items.push_back(to_json(item));
    return items;
  }
  if (const auto text = node.value_exact<std::string>()) return json::value(*text);
  if (const auto flag = node.value_exact<bool>()) return *flag;
  if (const auto number = node.value_exact<std::int64_t>()) return *number;
  if (const auto number = node.value_exact<double>()) return *number;
  return nullptr;  // dates: nothing in the configuration is one, and the schema will say so
}

base::Result<json::value> parse(const fs::path& file) {
  if (file.empty()) return json::object();
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in)
    return base::Error{base::ErrorKind::kInvalid,
                       "config.unreadable",
                       "The configuration " + file.string() + " cannot be read.",
                       "Check the path and the permissions.",
                       {},
                       {}};
  const auto parsed = toml::parse(text.str());
  if (!parsed) {
    const auto& at = parsed.error().source().begin;
    return base::Error{base::ErrorKind::kInvalid,
                       "config.syntax",
                       file.string() + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": " +
                           std::string(parsed.error().description()),
                       "Correct the file.",
                       {},
                       {}};
  }
  return to_json(parsed.table());
}

std::string text(const json::value& document, std::string_view pointer) {
  const auto* found = base::find_pointer(document, pointer);
  return found != nullptr && found->is_string() ? json::value_to<std::string>(*found) : std::string();
}

// The schema lets 5.0 be 5; what it refuses is not read.
std::int64_t number(const json::value& document, std::string_view pointer, std::int64_t otherwise) {
  static constexpr double kExact = 9e15;
  const auto* found = base::find_pointer(document, pointer);
  if (found == nullptr) return otherwise;
  if (const auto* real = found->if_double(); real != nullptr && *real > -kExact && *real < kExact)
    return static_cast<std::int64_t>(*real);
  return found->is_int64() ? found->get_int64() : otherwise;
}

base::Millis millis(const json::value& document, std::string_view pointer, base::Millis otherwise) {
  return base::Millis{number(document, pointer, otherwise.count())};
}

std::optional<base::Millis> millis(const json::value& document, std::string_view pointer) {
  const auto found = number(document, pointer, -1);
  return found < 0 ? std::nullopt : std::optional(base::Millis{found});
}

template <class Each>
void each(const json::value& document, std::string_view pointer, Each act) {
  const auto* found = base::find_pointer(document, pointer);
  if (found != nullptr && found->is_array())
    for (std::size_t i = 0; i < found->get_array().size(); ++i) act(found->get_array()[i], i);
}

base::log::Level level(const std::string& word) {
  using base::log::Level;
  if (word == "debug") return Level::kDebug;
  if (word == "warn") return Level::kWarn;
  if (word == "error") return Level::kError;
  if (word == "off") return Level::kOff;
  return Level::kInfo;
}

void override_with(json::object& document, const json::object& overrides) {
  for (const auto& member : overrides) {
    auto* old = document.if_contains(member.key());
    if (old != nullptr && old->is_object() && member.value().is_object())
      override_with(old->get_object(), member.value().get_object());
    else
      document[member.key()] = member.value();
  }
}

service::ErpServer read_server(const json::value& one) {
  service::ErpServer server;
  server.id = base::ServerId(text(one, "/id"));
  server.engine = base::EngineId(text(one, "/engine"));
  server.url = text(one, "/url");
  if (const auto* settings = base::find_pointer(one, "/settings"); settings != nullptr)
    server.settings = settings->get_object();
  if (const auto* secrets = base::find_pointer(one, "/secrets"); secrets != nullptr)
    for (const auto& secret : secrets->get_object())
      server.secrets[secret.key()] = json::value_to<std::string>(secret.value());
  server.concurrency = static_cast<int>(number(one, "/limits/concurrency", 8));
  return server;
}

pace::ServerLimits read_limits(const json::value& server) {
  pace::ServerLimits limits;
  limits.concurrency = static_cast<int>(number(server, "/limits/concurrency", limits.concurrency));
  if (const auto* rate = base::find_pointer(server, "/limits/rate"); rate != nullptr && rate->is_number())
    limits.rate = rate->to_number<double>();
  limits.burst = static_cast<double>(number(server, "/limits/burst", 0));
  auto& breaker = limits.breaker;
  breaker.failures = static_cast<int>(number(server, "/limits/breaker/failures", breaker.failures));
  breaker.pause = millis(server, "/limits/breaker/pause_ms", breaker.pause);
  breaker.longest = millis(server, "/limits/breaker/max_pause_ms", std::max(breaker.longest, breaker.pause));
  return limits;
}

pace::StepPolicy read_policy(const json::value& step) {
  pace::StepPolicy policy;
  if (const auto attempts = number(step, "/retry/attempts", 0); attempts > 0)
    policy.attempts = static_cast<int>(attempts);
  policy.backoff = millis(step, "/retry/backoff_ms");
  policy.max_backoff = millis(step, "/retry/max_backoff_ms");
  policy.budget = millis(step, "/retry/budget_ms");
  policy.timeout = millis(step, "/timeout_ms");
  policy.heartbeat = millis(step, "/heartbeat_ms");
  policy.wait_limit = millis(step, "/wait_limit_ms");
  return policy;
}

// "90d"; nullopt: for ever. The schema has seen to the form.
std::optional<base::Millis> read_time_kept(const json::value& document, std::string_view pointer) {
  const auto given = text(document, pointer);
  if (given.empty() || given == "forever") return std::nullopt;
  const auto count = std::stoll(given);
  switch (given.back()) {
    case 's':
      return std::chrono::seconds{count};
    case 'm':
      return std::chrono::minutes{count};
    case 'h':
      return std::chrono::hours{count};
    default:
      return std::chrono::hours{24 * count};
  }
}

// What the schema cannot say. The document may break it all the same: then everything is said at once.
void contradictions(const json::value& document, const pace::Policies& policies, std::vector<base::Problem>& problems) {
  std::set<std::string> ids;
  each(document, "/servers", [&](const json::value& one, std::size_t i) {
    const auto at = "/servers/" + std::to_string(i);
    if (!ids.insert(text(one, "/id")).second) problems.push_back({at + "/id", "this id was used before"});
    const auto limits = read_limits(one);
    if (limits.breaker.pause > limits.breaker.longest)
      problems.push_back({at + "/limits/breaker/pause_ms", "longer than max_pause_ms"});
    if (limits.burst > 0 && limits.rate <= 0)
      problems.push_back({at + "/limits/burst", "narrows rate, which is absent"});
  });
  for (const auto& [engine, steps] : policies)
    for (const auto& [step, policy] : steps)
      if (policy.backoff && policy.max_backoff && *policy.backoff > *policy.max_backoff)
        problems.push_back(
            {"/engines/steps/" + base::escape_pointer(engine) + "/" + base::escape_pointer(step) + "/retry/backoff_ms",
             "longer than max_backoff_ms"});
}

pace::Policies read_policies(const json::value& document) {
  pace::Policies policies;
  const auto* engines = base::find_pointer(document, "/engines/steps");
  if (engines == nullptr || !engines->is_object()) return policies;
  for (const auto& engine : engines->get_object())
    if (const auto* steps = engine.value().if_object(); steps != nullptr)
      for (const auto& step : *steps) policies[engine.key()][step.key()] = read_policy(step.value());
  return policies;
}

WebhookSetup read_webhook(const json::value& one) {
  WebhookSetup webhook;
  webhook.id = text(one, "/id");
  webhook.url = text(one, "/url");
  webhook.secret = text(one, "/secret");
  each(one, "/events",
       [&](const json::value& type, std::size_t) { webhook.events.push_back(json::value_to<std::string>(type)); });
  const auto* allow = base::find_pointer(one, "/allow_local");
  webhook.allow_local = allow != nullptr && allow->is_bool() && allow->get_bool();
  return webhook;
}

}  // namespace

base::Result<Config> read_config(const fs::path& file, const json::object& overrides) {
  auto parsed = parse(file);
  if (parsed.has_error()) return parsed.error();
  override_with(parsed->get_object(), overrides);
  const auto& schema = schema::builtin("host_config");
  auto problems = schema.check(*parsed);
  if (problems.empty()) {
    auto complete = schema.with_defaults(std::move(*parsed));
    if (complete.has_error()) return complete.error();
    *parsed = std::move(*complete);
  }
  contradictions(*parsed, read_policies(*parsed), problems);
  std::set<std::string> ids;
  each(*parsed, "/webhooks", [&](const json::value& one, std::size_t i) {
    if (!ids.insert(text(one, "/id")).second)
      problems.push_back({"/webhooks/" + std::to_string(i) + "/id", "this id was used before"});
  });
  static constexpr std::string_view kSqlite = "sqlite:";
  const auto url = text(*parsed, "/store/url");
  if (!problems.empty()) {
    auto error = base::invalid("config.invalid",
                               "The configuration" + (file.empty() ? "" : " " + file.string()) + " is not valid.",
                               std::move(problems));
    error.next_action = "Correct the file.";
    return error;
  }
  const auto folder = file.empty() ? fs::current_path() : fs::absolute(file).parent_path();
  const auto resolved = [&](const std::string& path) {
    return path.empty() ? fs::path() : (folder / path).lexically_normal();
  };
  const auto& document = *parsed;
  Config config;
  config.host_id = text(document, "/host_id");
  config.data_dir = resolved(text(document, "/data_dir"));
  config.address = text(document, "/listen/address");
  config.port = static_cast<std::uint16_t>(number(document, "/listen/port", 4000));
  config.io_threads = static_cast<int>(number(document, "/listen/threads", 2));
  config.store_is_shared = !url.starts_with(kSqlite);
  const auto store = config.store_is_shared ? url : url.substr(kSqlite.size());
  config.store = config.store_is_shared || store == ":memory:" ? store : resolved(store).string();
  config.store_password = text(document, "/store/password");
  config.store_readers = static_cast<std::size_t>(number(document, "/store/connections", 8));
  each(document, "/engines/directories", [&](const json::value& one, std::size_t) {
    config.engine_directories.push_back(resolved(json::value_to<std::string>(one)));
  });
  each(document, "/engines/allow", [&](const json::value& one, std::size_t) {
    config.allowed_digests.push_back(json::value_to<std::string>(one));
  });
  config.watch = base::Millis{number(document, "/engines/watch_ms", 400)};
  config.engines_in_process = text(document, "/engines/isolation") == "in_process";
  config.engine_limits.memory_mb = static_cast<std::uint64_t>(number(document, "/engines/memory_limit_mb", 1024));
  config.engine_limits.open_files = static_cast<std::uint64_t>(number(document, "/engines/open_files", 1024));
  config.engine_limits.processes = static_cast<std::uint64_t>(number(document, "/engines/processes", 0));
  config.engine_limits.user = text(document, "/engines/user");
  config.calls_per_engine = static_cast<int>(number(document, "/engines/calls", 16));
  if (const auto* settings = base::find_pointer(document, "/engines/settings");
      settings != nullptr && settings->is_object())
    config.engine_settings = settings->get_object();
  config.step_policies = read_policies(document);
  each(document, "/servers", [&](const json::value& one, std::size_t) {
    config.servers.push_back(read_server(one));
    config.server_limits[text(one, "/id")] = read_limits(one);
  });
  each(document, "/webhooks",
       [&](const json::value& one, std::size_t) { config.webhooks.push_back(read_webhook(one)); });
  config.retention = {read_time_kept(document, "/retention/events"), read_time_kept(document, "/retention/runs"),
                      read_time_kept(document, "/retention/deliveries")};
  config.steps_at_once = static_cast<int>(number(document, "/limits/steps", 32));
  config.steps_per_tenant = static_cast<int>(number(document, "/limits/steps_per_tenant", 16));
  config.max_body = static_cast<std::size_t>(number(document, "/limits/body_bytes", 1 << 20));
  config.lease = base::Millis{number(document, "/limits/lease_ms", 30'000)};
  config.drain = base::Millis{number(document, "/limits/drain_ms", 30'000)};
  config.heartbeat = base::Millis{number(document, "/events/heartbeat_ms", 15'000)};
  config.token_life = std::chrono::hours{number(document, "/auth/token_hours", 12)};
  config.key_file = resolved(text(document, "/auth/key_file"));
  config.log_level = level(text(document, "/log/level"));
  const auto log_file = text(document, "/log/file");
  config.log_file = log_file.empty() ? std::string() : resolved(log_file).string();
  return config;
}

}  // namespace tenantry
