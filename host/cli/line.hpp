// What a command line said, before anything is done about it.
#pragma once
#include <string>
#include <vector>

#include "base/json.hpp"
#include "cli/commands.hpp"
#include "client/batch.hpp"
#include "client/verbs.hpp"

namespace tenantry::cli {

// What the options of all commands are read into; each command uses its own few.
struct Line {
  std::string url;
  std::string output = "table";
  std::string shell;
  std::string trace;
  std::string tenant;
  std::string email;
  std::string name;
  std::string password_file;
  std::string engine;
  std::string into = ".";
  std::string server;
  std::string country;
  StoreCopy copy;
  std::string events_before;
  std::string runs_before;
  bool dry_run = false;
  std::string admin_email;
  std::string admin_name;
  std::string category;
  std::string description;
  std::string status;
  std::string search;
  std::string step;
  std::string reason;
  std::string verb;
  std::vector<std::string> filter;
  std::vector<std::string> settings;
  std::vector<std::string> labels;
  std::vector<std::string> engine_folders;
  std::string config_file;
  std::string address;
  std::string data_dir;
  std::string store;
  std::string log_level;
  int port = -1;
  int limit = 50;
  int skip = 0;
  int lines = 500;
  bool refused = false;
  bool demo_data = false;
  bool pos_store = false;
  bool force = false;
  bool downstream = false;
  bool preview = false;
  bool wait = false;
  EngineCheck check;
};

[[nodiscard]] client::Format format_of(const Line& line);
[[nodiscard]] HostSetup host_setup(const Line& line);
// The body that makes a tenant.
[[nodiscard]] base::json::object tenant_document(const Line& line, const std::string& password);
// `verb` as in the address. Code cli.parameter.
[[nodiscard]] base::Result<client::Command> command_of(const std::string& verb, const Line& line);
[[nodiscard]] client::BatchCommand batch_of(const Line& line);

}  // namespace tenantry::cli
