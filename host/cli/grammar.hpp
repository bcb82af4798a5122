// The commands and options of `tenantry`, as CLI11 knows them: only for the files that define them.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <utility>

#include "cli/commands.hpp"
#include "cli/line.hpp"
#include "cli/shape.hpp"
#include "client/credentials.hpp"
#include "client/verbs.hpp"

namespace tenantry::cli {

// Prints the error and returns the exit code that it stands for.
[[nodiscard]] int complain(const base::Error& error);

// Opens the session with the host that is meant, and hands it to `use`. Without a token that is needed nothing is sent.
[[nodiscard]] int with_session(const Line& line, bool needs_token,
                               const std::function<int(const client::Session&, const client::Credentials&)>& use);

class Grammar {
 public:
  // Both outlive it.
  Grammar(Line& line, const HostCommands& host);

  // Reads the command line and does what it says. Exit code.
  [[nodiscard]] int run(int argc, const char* const* argv);
  [[nodiscard]] CommandShape shape() const;

 private:
  CLI::App* add(CLI::App& under, const std::string& name, const std::string& text, std::function<int()> action);
  // A command that only groups others.
  CLI::App* add_group(const std::string& name, const std::string& text);
  // A command that is a session's business.
  CLI::App* add_remote(CLI::App& under, const std::string& name, const std::string& text,
                       const std::function<int(const client::Session&)>& use);

  // What this process does itself: host_commands.cpp.
  void add_host_commands();
  void add_setup_options(CLI::App& command);
  void add_listen_options(CLI::App& command);
  void add_serve();
  void add_doctor();
  void add_admin();
  void add_new_engine(CLI::App& engines);
  void add_check(CLI::App& engines);
  void add_completion();
  [[nodiscard]] int examine() const;
  [[nodiscard]] int create_admin() const;
  [[nodiscard]] int copy_store() const;
  [[nodiscard]] int prune_store() const;

  // What a host is asked to do: remote_commands.cpp.
  void add_remote_commands();
  void add_login();
  void add_engines();
  void add_tenants();
  void add_create(CLI::App& tenants);
  void add_verbs();
  CLI::App* add_verb(CLI::App& under, const std::string& name, const std::string& verb, const std::string& text);
  void add_batch();
  void add_views();
  void add_parameters(CLI::App& command);
  void add_tenant(CLI::App& command);

  Line& line_;
  const HostCommands& host_;
  CLI::App app_;
  std::function<int()> action_;
};

}  // namespace tenantry::cli
