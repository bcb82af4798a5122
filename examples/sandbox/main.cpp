// The sandbox's command line: the server as one of the ERPs, and `tenantry-sandbox bench ...` as a stand-in for bench.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "sandbox/bench_command.hpp"
#include "sandbox/erpnext/erpnext.hpp"
#include "sandbox/http/server.hpp"
#include "sandbox/odoo/odoo.hpp"

namespace {

using namespace tenantry::sandbox;

struct Arguments {
  std::string erp = "erpnext";
  ServerOptions server;
  std::vector<std::string> names;  // of sites or databases, with their kinds
  std::string admin_password = "admin";
  std::string state_file;
  std::string journal_file;
  std::uint64_t seed = 1;
  bool realistic = false;
  double time_scale = 0.0;
  erpnext::Options erpnext;
  std::string api_key;
  std::string api_secret;
  odoo::Options odoo;
  odoo::FirstUser first_user;
  std::int64_t create_millis = -1;
  std::int64_t duplicate_millis = -1;
  std::int64_t install_millis = -1;
  std::int64_t limit_time_real_millis = 0;
};

// Everything an application is served with; `store` is its sites or databases.
template <typename Store>
int serve(const Arguments& arguments, const sigset_t& signals, Application& application, Store& store, Faults& faults,
          Journal& journal) {
  if (!arguments.state_file.empty() && std::filesystem::exists(arguments.state_file) &&
      !store.load(arguments.state_file)) {
    std::cerr << arguments.state_file << " is no state file.\n";
    return 2;
  }
  Server server(application, faults, journal, arguments.server);
  server.start();
  std::cout << "listening on http://127.0.0.1:" << server.port() << std::endl;
  int signal = 0;
  sigwait(&signals, &signal);
  server.stop();
  if (!arguments.state_file.empty() && !store.save(arguments.state_file)) {
    std::cerr << arguments.state_file << " cannot be written.\n";
    return 1;
  }
  return 0;
}

std::pair<std::string, std::string> name_and_kind(const std::string& entry) {
  const auto colon = entry.find(':');
  return {entry.substr(0, colon), colon == std::string::npos ? "fresh" : entry.substr(colon + 1)};
}

int refuse(const std::string& name, const std::string& kind) {
  std::cerr << "There is no kind \"" << kind << "\", or " << name << " is named twice.\n";
  return 2;
}

int serve_erpnext(Arguments& arguments, const sigset_t& signals) {
  Faults faults(arguments.seed);
  Journal journal(arguments.journal_file);
  arguments.erpnext.time_scale = arguments.time_scale;
  std::vector<std::pair<std::string, std::string>> sites;
  for (const auto& entry : arguments.names) {
    if (name_and_kind(entry).first == "*")
      arguments.erpnext.any_site = true;
    else
      sites.push_back(name_and_kind(entry));
  }
  erpnext::Erpnext application(arguments.erpnext, {arguments.admin_password, arguments.api_key, arguments.api_secret},
                               faults, journal);
  for (const auto& [name, kind] : sites)
    if (!application.sites().make(name, kind)) return refuse(name, kind);
  return serve(arguments, signals, application, application.sites(), faults, journal);
}

int serve_odoo(Arguments& arguments, const sigset_t& signals) {
  using std::chrono::milliseconds;
  Faults faults(arguments.seed);
  Journal journal(arguments.journal_file);
  auto& options = arguments.odoo;
  options.time_scale = arguments.time_scale;
  options.create = milliseconds(arguments.create_millis);
  options.duplicate = milliseconds(arguments.duplicate_millis);
  options.install = milliseconds(arguments.install_millis);
  options.limit_time_real = milliseconds(arguments.limit_time_real_millis);
  arguments.first_user.password = arguments.admin_password;
  odoo::Odoo application(options, journal);
  for (const auto& entry : arguments.names) {
    const auto [name, kind] = name_and_kind(entry);
    if (!application.make(name, kind, arguments.first_user)) return refuse(name, kind);
  }
  return serve(arguments, signals, application, application.databases(), faults, journal);
}

void add_options(CLI::App& cli, Arguments& arguments) {
  cli.add_option("--erp", arguments.erp, "What to pretend to be: erpnext (default) or odoo")
      ->check(CLI::IsMember({"erpnext", "odoo"}));
  cli.add_option("--port", arguments.server.port, "Port on the loopback interface; 0 takes a free one");
  cli.add_option("--workers", arguments.server.workers, "Requests served at the same time; 0 is no limit");
  cli.add_option("--site,--database", arguments.names,
                 "NAME[:KIND], kind fresh (default); ERPNext also wizard-done, with-company, frappe, half-made or "
                 "directory, and '*' lets any site spring into being; Odoo also prepared or half-made");
  cli.add_option("--admin-password", arguments.admin_password, "The administrator's password in those");
  cli.add_option("--state", arguments.state_file, "Sites are read from this file at the start and written at the end");
  cli.add_option("--journal", arguments.journal_file, "Effects are appended to this file, one JSON object a line");
  cli.add_option("--seed", arguments.seed, "Seed of the random choices of faults and deadlocks");
  cli.add_flag("--realistic", arguments.realistic, "Take as long as the recorded server did");
  cli.add_option("--time-scale", arguments.time_scale, "Take this much of the recorded time; 0 is at once");
  auto* erpnext = cli.add_option_group("ERPNext");
  erpnext->add_option("--api-key", arguments.api_key, "Administrator's key in every site");
  erpnext->add_option("--api-secret", arguments.api_secret, "and the secret that belongs to it");
  erpnext->add_option("--db-root-password", arguments.erpnext.db_root_password, "What bench new-site has to give");
  erpnext->add_option("--deadlock-probability", arguments.erpnext.deadlock_probability,
                      "That a tree insert loses against one committed while it ran");
  auto* odoo = cli.add_option_group("Odoo");
  odoo->add_option("--erp-version", arguments.odoo.version, "18 (default), 19, or 20: as 19, without the db service")
      ->check(CLI::IsMember({18, 19, 20}));
  odoo->add_option("--master-password", arguments.odoo.master_password, "Of the database manager");
  odoo->add_flag("!--no-list-db", arguments.odoo.list_db, "The database manager is off");
  odoo->add_option("--db-filter", arguments.odoo.db_filter,
                   "Databases a host may see; %h is the host, %d its first label");
  odoo->add_option("--admin-login", arguments.first_user.login, "The administrator's login in the databases named");
  odoo->add_option("--country", arguments.first_user.country, "Their country, by its code");
  odoo->add_option("--create-millis", arguments.create_millis, "Making a database takes this long");
  odoo->add_option("--duplicate-millis", arguments.duplicate_millis, "Copying one takes this long");
  odoo->add_option("--install-millis", arguments.install_millis, "Installing modules takes this long");
  odoo->add_option("--limit-time-real-millis", arguments.limit_time_real_millis,
                   "A worker that takes longer is killed; 0 is never");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "bench") return bench_command({argv + 2, argv + argc});
  Arguments arguments;
  CLI::App cli{
      "A stand-in for ERPNext 15 on Frappe 15, or for Odoo 18 or 19, as recorded, that can misbehave on request."};
  add_options(cli, arguments);
  CLI11_PARSE(cli, argc, argv);
  if (arguments.realistic && arguments.time_scale <= 0) arguments.time_scale = 1.0;

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  try {
    return arguments.erp == "odoo" ? serve_odoo(arguments, signals) : serve_erpnext(arguments, signals);
  } catch (const std::exception& error) {
    std::cerr << "tenantry-sandbox: " << error.what() << '\n';
    return 1;
  }
}
