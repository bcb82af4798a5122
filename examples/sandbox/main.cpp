// The ERPNext sandbox's command line: the server, and `tenantry-sandbox bench ...` as a stand-in for bench.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "sandbox/bench_command.hpp"
#include "sandbox/erpnext/erpnext.hpp"
#include "sandbox/http/server.hpp"

namespace {

using namespace tenantry::sandbox;

struct Arguments {
  ServerOptions server;
  erpnext::Options erpnext;
  erpnext::SiteOptions sites;
  std::vector<std::string> site_names;
  std::string state_file;
  std::string journal_file;
  std::uint64_t seed = 1;
  bool realistic = false;
};

int serve(Arguments& arguments, const sigset_t& signals) {
  Faults faults(arguments.seed);
  Journal journal(arguments.journal_file);
  if (arguments.realistic && arguments.erpnext.time_scale <= 0) arguments.erpnext.time_scale = 1.0;
  std::vector<std::pair<std::string, std::string>> sites;
  for (const auto& entry : arguments.site_names) {
    const auto colon = entry.find(':');
    const std::string name = entry.substr(0, colon);
    if (name == "*")
      arguments.erpnext.any_site = true;
    else
      sites.emplace_back(name, colon == std::string::npos ? "fresh" : entry.substr(colon + 1));
  }
  erpnext::Erpnext application(arguments.erpnext, arguments.sites, faults, journal);
  for (const auto& [name, kind] : sites)
    if (!application.sites().make(name, kind)) {
      std::cerr << "There is no kind of site \"" << kind << "\", or " << name << " is named twice.\n";
      return 2;
    }
  if (!arguments.state_file.empty() && std::filesystem::exists(arguments.state_file) &&
      !application.sites().load(arguments.state_file)) {
    std::cerr << arguments.state_file << " is no state file.\n";
    return 2;
  }
  Server server(application, faults, journal, arguments.server);
  server.start();
  std::cout << "listening on http://127.0.0.1:" << server.port() << std::endl;
  int signal = 0;
  sigwait(&signals, &signal);
  server.stop();
  if (!arguments.state_file.empty() && !application.sites().save(arguments.state_file)) {
    std::cerr << arguments.state_file << " cannot be written.\n";
    return 1;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "bench") return bench_command({argv + 2, argv + argc});
  Arguments arguments;
  CLI::App cli{"A stand-in for Frappe 15 with ERPNext 15, as recorded, that can misbehave on request."};
  cli.add_option("--port", arguments.server.port, "Port on the loopback interface; 0 takes a free one");
  cli.add_option("--workers", arguments.server.workers, "Requests served at the same time; 0 is no limit");
  cli.add_option(
      "--site", arguments.site_names,
      "NAME[:KIND], kind fresh (default), wizard-done, with-company, frappe, half-made or directory; '*' lets "
      "any site spring into being");
  cli.add_option("--admin-password", arguments.sites.admin_password, "Administrator's password in every site");
  cli.add_option("--api-key", arguments.sites.api_key, "Administrator's key in every site");
  cli.add_option("--api-secret", arguments.sites.api_secret, "and the secret that belongs to it");
  cli.add_option("--db-root-password", arguments.erpnext.db_root_password, "What bench new-site has to give");
  cli.add_option("--state", arguments.state_file, "Sites are read from this file at the start and written at the end");
  cli.add_option("--journal", arguments.journal_file, "Effects are appended to this file, one JSON object a line");
  cli.add_option("--seed", arguments.seed, "Seed of the random choices of faults and deadlocks");
  cli.add_flag("--realistic", arguments.realistic, "Take as long as the recorded server did");
  cli.add_option("--time-scale", arguments.erpnext.time_scale, "Take this much of the recorded time; 0 is at once");
  cli.add_option("--deadlock-probability", arguments.erpnext.deadlock_probability,
                 "That a tree insert loses against one committed while it ran");
  CLI11_PARSE(cli, argc, argv);

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  try {
    return serve(arguments, signals);
  } catch (const std::exception& error) {
    std::cerr << "tenantry-sandbox: " << error.what() << '\n';
    return 1;
  }
}
