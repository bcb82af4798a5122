// The commands of `tenantry`, as host/cli/README.md lists them. Some work inside this process and belong to the
// composition root: serve, doctor, admin, and engines check. `engines new` only writes files. All others speak REST
// with a host, as any other client would.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "cli/shape.hpp"
#include "client/exit_code.hpp"

namespace tenantry::cli {

struct Finding;

using enum client::ExitCode;

// Which host is meant: a configuration file ("" is none) and what the command line sets on top of it, in the shape of
// schemas/host-config.schema.json.
struct HostSetup {
  std::string config_file;
  base::json::object overrides;
};

struct AdminAccount {
  std::string email;
  std::string name;
  std::string password;
};

// From the file of a SQLite store to a PostgreSQL database.
struct StoreCopy {
  std::string from;
  std::string to;
};

// What is to be deleted from a store, or only to be counted; nullopt: none of it.
struct StorePrune {
  std::optional<base::Time> events_before;
  std::optional<base::Time> runs_before;
  bool dry_run = false;
};

// What `engines check` is asked to do; see host/kit/kit.hpp.
struct EngineCheck {
  std::string file;
  std::string fixture;
  std::vector<std::string> only;
  bool list = false;
  std::uint64_t seed = 0;  // 0: any
  int time_limit_s = 30;
  bool json = false;
};

// What the composition root does for the command line.
struct HostCommands {
  std::function<int(const HostSetup&)> serve;  // returns the exit code
  std::function<base::Result<void>(const HostSetup&, const AdminAccount&)> create_admin;
  std::string version;
  std::function<int(const EngineCheck&)> check_engine;                              // returns the exit code: 0, 1 or 2
  std::function<base::Result<std::string>(const StoreCopy&)> copy_store = nullptr;  // what was copied, as text
  std::function<std::vector<Finding>(const HostSetup&)> examine = nullptr;          // see cli/doctor.hpp
  // How many of each there were: {"events", "runs", "batches"}.
  std::function<base::Result<base::json::object>(const HostSetup&, const StorePrune&)> prune_store = nullptr;
};

// The commands and options that run() knows.
[[nodiscard]] CommandShape shape(const HostCommands& host);

// Carries out one command line and returns the exit code. Writes to standard output and error; never throws.
[[nodiscard]] int run(int argc, const char* const* argv, const HostCommands& host);

}  // namespace tenantry::cli
