// What each REST command does, once the command line is understood. Each returns its exit code and writes errors to
// `err`; none reads the command line or the environment.
#pragma once
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "client/client.hpp"
#include "client/credentials.hpp"
#include "client/output.hpp"
#include "client/watch.hpp"

namespace tenantry::client {

struct Session {
  Client& client;
  WatchOptions options;
  std::ostream& out;
  std::ostream& err;
};

struct Command {
  std::string verb;  // as in the address: start, retry, skip-step, ...; empty: the tenant itself is to be removed
  base::json::object body;
  bool wait = false;
};

[[nodiscard]] int login(const Session& session, const Credentials& credentials, const std::string& email,
                        const std::string& password);
[[nodiscard]] int list_engines(const Session& session, bool refused);
[[nodiscard]] int create_tenant(const Session& session, const base::json::object& tenant);
[[nodiscard]] int list_tenants(const Session& session, const std::map<std::string, std::string>& filters);
// `tenant`, here and below, is an id or a name that only one tenant has.
[[nodiscard]] int show_tenant(const Session& session, const std::string& tenant);
[[nodiscard]] int send_command(const Session& session, const std::string& tenant, const Command& command);
// What start would do, step by step.
[[nodiscard]] int plan_tenant(const Session& session, const std::string& tenant, const base::json::object& body);
[[nodiscard]] int show_status(const Session& session, const std::string& tenant);
[[nodiscard]] int show_logs(const Session& session, const std::string& tenant, int limit);
[[nodiscard]] int watch_tenant(const Session& session, const std::string& tenant);

// What an option name=value sets: JSON where the value is JSON (true, 3, "x"), else the text. Code cli.parameter.
[[nodiscard]] base::Result<base::json::object> parameters(const std::vector<std::string>& settings);

}  // namespace tenantry::client
