// Arguments, signals, exit codes; nothing else.
#include <csignal>
#include <cstdio>

#include "app.hpp"

namespace {

using namespace tenantry;

void print(const base::Error& error) {
  std::fprintf(stderr, "tenantry: %s\n", error.message.c_str());
  for (const auto& problem : error.problems) std::fprintf(stderr, "  %s: %s\n", problem.pointer.c_str(), problem.message.c_str());
  if (!error.next_action.empty()) std::fprintf(stderr, "  %s\n", error.next_action.c_str());
}

int serve(const std::filesystem::path& file, const base::json::object& overrides) {
  auto config = read_config(file, overrides);
  if (config.has_error()) return print(config.error()), 2;
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
  if (app.has_error()) return print(app.error()), 1;
  std::printf("listening on http://%s:%d\n", address.c_str(), (*app)->port());
  std::fflush(stdout);

  int signal = 0;
  sigwait(&ends, &signal);
  pthread_sigmask(SIG_UNBLOCK, &ends, nullptr);  // a second one ends the process at once; nothing would be lost
  (*app)->stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return serve(argc > 1 ? argv[1] : "", {});
}
