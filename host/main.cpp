// Arguments, signals, exit codes; nothing else.
#include <csignal>
#include <cstdio>
#include <string_view>

#include "app.hpp"
#include "child/process.hpp"
#include "child/runner.hpp"
#include "cli/commands.hpp"
#include "doctor.hpp"
#include "kit/kit.hpp"

namespace {

using namespace tenantry;

void print(const base::Error& error) {
  std::fprintf(stderr, "tenantry: %s\n", error.message.c_str());
  for (const auto& problem : error.problems)
    std::fprintf(stderr, "  %s: %s\n", problem.pointer.c_str(), problem.message.c_str());
  if (!error.next_action.empty()) std::fprintf(stderr, "  %s\n", error.next_action.c_str());
}

int serve(const cli::HostSetup& setup) {
  auto config = read_config(setup.config_file, setup.overrides);
  if (config.has_error()) return print(config.error()), cli::kExitUsage;
  base::log::configure(config->log_level, config->log_file);

  // Before any thread is made, so that all inherit it and only sigwait below sees them.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  const auto address = config->address;
  auto app = App::start(std::move(*config));
  if (app.has_error()) return print(app.error()), cli::kExitError;
  std::printf("listening on http://%s:%d\n", address.c_str(), (*app)->port());
  std::fflush(stdout);

  int signal = 0;
  sigwait(&ends, &signal);
  pthread_sigmask(SIG_UNBLOCK, &ends, nullptr);  // a second one ends the process at once; nothing would be lost
  (*app)->stop();
  return 0;
}

int check_engine(const cli::EngineCheck& wanted) {
  if (wanted.list) return std::fputs(kit::list_checks().c_str(), stdout), cli::kExitOk;
  if (wanted.file.empty()) return std::fputs("tenantry: give the engine's file, *.so\n", stderr), cli::kExitUsage;
  const auto report = kit::check_engine(
      {wanted.file, wanted.fixture, wanted.only, wanted.seed, base::Millis{1000 * std::int64_t{wanted.time_limit_s}}});
  if (report.has_error()) return print(report.error()), cli::kExitUsage;
  const auto text = wanted.json ? base::json::serialize(to_json(*report)) + "\n" : to_text(*report);
  std::fputs(text.c_str(), stdout);
  return report->conforming() ? cli::kExitOk : cli::kExitError;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == child::kRunnerArgument) return child::run_engine();
  return cli::run(argc, argv,
                  {serve,
                   [](const cli::HostSetup& setup, const cli::AdminAccount& admin) -> base::Result<void> {
                     const auto config = read_config(setup.config_file, setup.overrides);
                     if (config.has_error()) return config.error();
                     base::log::configure(config->log_level, config->log_file);
                     return create_admin(*config, admin.email, admin.name, admin.password);
                   },
                   TENANTRY_VERSION, check_engine,
                   [](const cli::StoreCopy& copy) { return copy_store(copy.from, copy.to); }, examine});
}
