// Arguments, signals, exit codes; nothing else.
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "app.hpp"
#include "child/process.hpp"
#include "child/runner.hpp"
#include "cli/commands.hpp"
#include "doctor.hpp"
#include "kit/kit.hpp"
#include "overtime.hpp"

namespace {

using namespace tenantry;

void print(const base::Error& error) {
  std::fprintf(stderr, "tenantry: %s\n", error.message.c_str());
  for (const auto& problem : error.problems)
    std::fprintf(stderr, "  %s: %s\n", problem.pointer.c_str(), problem.message.c_str());
  if (!error.next_action.empty()) std::fprintf(stderr, "  %s\n", error.next_action.c_str());
}

// While the host starts: it may be waiting for a store that is away, and nothing of it is worth an orderly end.
class Impatience {
 public:
  explicit Impatience(const sigset_t& ends)
      : thread_([this, ends] {
          static constexpr timespec kLook{0, 50'000'000};
          while (!started_)
            if (sigtimedwait(&ends, nullptr, &kLook) > 0) {
              base::log::info("stopped while starting");
              std::_Exit(cli::kExitError);
            }
        }) {}
  Impatience(const Impatience&) = delete;
  Impatience& operator=(const Impatience&) = delete;
  ~Impatience() {
    started_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> started_{false};
  std::thread thread_;
};

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
  auto app = [&] {
    const Impatience impatience(ends);
    return App::start(std::move(*config));
  }();
  if (app.has_error()) return print(app.error()), cli::kExitError;
  std::printf("listening on http://%s:%d\n", address.c_str(), (*app)->port());
  std::fflush(stdout);

  int signal = 0;
  sigwait(&ends, &signal);
  pthread_sigmask(SIG_UNBLOCK, &ends, nullptr);  // a second one ends the process at once; nothing would be lost
  std::atomic<bool> stopped{false};
  const auto limit = (*app)->time_to_stop();
  const Overtime overtime(limit, [&] {
    base::log::error(
        "ended without an orderly stop; runs are resumed by the next start, or by another host",
        {{"waited_for", stopped ? "the store, which does not close" : (*app)->waits_for()}, {"ms", limit.count()}});
  });
  (*app)->stop();
  stopped = true;
  app = std::unique_ptr<App>();
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
  return cli::run(
      argc, argv,
      {serve,
       [](const cli::HostSetup& setup, const cli::AdminAccount& admin) -> base::Result<void> {
         const auto config = read_config(setup.config_file, setup.overrides);
         if (config.has_error()) return config.error();
         base::log::configure(config->log_level, config->log_file);
         return create_admin(*config, admin.email, admin.name, admin.password);
       },
       TENANTRY_VERSION, check_engine, [](const cli::StoreCopy& copy) { return copy_store(copy.from, copy.to); },
       examine,
       [](const cli::HostSetup& setup, const cli::StorePrune& wanted) -> base::Result<base::json::object> {
         const auto config = read_config(setup.config_file, setup.overrides);
         if (config.has_error()) return config.error();
         base::log::configure(config->log_level, config->log_file);
         return prune_store(*config, {wanted.events_before, wanted.runs_before, std::nullopt}, wanted.dry_run);
       }});
}
