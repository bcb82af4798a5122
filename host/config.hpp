// The host's configuration: one TOML file, checked against schemas/host-config.schema.json, all problems at once.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "child/options.hpp"
#include "pace/limits.hpp"
#include "pace/policies.hpp"
#include "retention/pruner.hpp"
#include "service/servers.hpp"

namespace tenantry {

// A receiver outside that is told of events.
struct WebhookSetup {
  std::string id;
  std::string url;
  std::string secret;               // a reference: env:NAME, file:/path
  std::vector<std::string> events;  // types, or "run.*"; empty: all but lines of logs
  bool allow_local = false;
};

struct Config {
  std::string host_id;  // empty: made once and kept in data_dir
  std::filesystem::path data_dir;
  std::string address;
  std::uint16_t port = 4000;
  int io_threads = 2;
  std::string store;             // file of the SQLite store, or the URL of the PostgreSQL database
  bool store_is_shared = false;  // PostgreSQL
  std::string store_password;    // a reference: env:NAME, file:/path; empty: none
  std::size_t store_readers = 4;
  std::vector<std::filesystem::path> engine_directories;
  std::vector<std::string> allowed_digests;
  base::Millis watch{400};  // between two looks at the engine directories; 0: only at the start
  bool engines_in_process = false;
  child::Limits engine_limits;
  int calls_per_engine = 16;
  base::json::object engine_settings;  // by engine id
  pace::Policies step_policies;
  std::vector<service::ErpServer> servers;
  std::map<std::string, pace::ServerLimits> server_limits;  // by id
  int steps_at_once = 32;
  int steps_per_tenant = 16;
  std::size_t max_body = 1U << 20U;
  base::Millis drain{30'000};
  base::Millis heartbeat{15'000};  // of a live stream
  base::Millis lease{30'000};
  std::vector<WebhookSetup> webhooks;
  retention::Policy retention;
  base::Millis token_life{12 * 3600 * 1000};
  std::filesystem::path key_file;  // empty: key in data_dir, unless TENANTRY_KEY is set
  base::log::Level log_level = base::log::Level::kInfo;
  std::string log_file;
};

// Relative paths are relative to the file's folder. An empty path gives the defaults, relative to the working folder.
// `overrides` has the shape of the file and wins, member by member.
// Error "config.invalid" with every problem and its pointer, "config.unreadable", "config.syntax" with line and column.
[[nodiscard]] base::Result<Config> read_config(const std::filesystem::path& file,
                                               const base::json::object& overrides = {});

}  // namespace tenantry
