#include "child/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace tenantry::child {
namespace {

using engine::Descriptor;

// Beyond the places where the process will find its descriptors, so that sorting them overwrites none.
constexpr int kAside = 10;

struct Plan {
  Plan() {
    if (::posix_spawn_file_actions_init(&actions) != 0) throw std::bad_alloc();
    if (::posix_spawnattr_init(&attributes) != 0) {
      ::posix_spawn_file_actions_destroy(&actions);
      throw std::bad_alloc();
    }
  }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;
  ~Plan() {
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
  }
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

base::Error not_started(const std::string& name, int error) {
  return {base::ErrorKind::kUnavailable,
          "engine.not_started",
          name + ": its process cannot be started: " + std::strerror(error) + ".",
          "Check the limits of the host's processes and open files.",
          {},
          {}};
}

bool may_be_seen(std::string_view variable) {
  static constexpr std::array<std::string_view, 20> kNames{
      "PATH",       "HOME",        "USER",     "LOGNAME",    "SHELL",        "LANG",         "LANGUAGE",
      "TZ",         "TMPDIR",      "TERM",     "HTTP_PROXY", "HTTPS_PROXY",  "NO_PROXY",     "ALL_PROXY",
      "http_proxy", "https_proxy", "no_proxy", "all_proxy",  "SSL_CERT_DIR", "SSL_CERT_FILE"};
  const auto name = variable.substr(0, variable.find('='));
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end() || name.starts_with("LC_") ||
         name == "LD_LIBRARY_PATH" || (name.ends_with("SAN_OPTIONS") && name.size() <= 13);
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

std::vector<std::string> clean_environment(const char* const* environment) {
  std::vector<std::string> out;
  for (; environment != nullptr && *environment != nullptr; ++environment)
    if (may_be_seen(*environment)) out.emplace_back(*environment);
  return out;
}

base::Result<Process> Process::start(const std::filesystem::path& program, const std::string& name, int library) {
  int sockets[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) return not_started(name, errno);
  Process out;
  out.channel_.reset(sockets[0]);
  const Descriptor theirs(sockets[1]);
  int pipe[2] = {-1, -1};
  if (::pipe2(pipe, O_CLOEXEC) != 0) return not_started(name, errno);
  out.output_.reset(pipe[0]);
  const Descriptor prints(pipe[1]);
  ::fcntl(out.channel_.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(out.output_.get(), F_SETFL, O_NONBLOCK);
  const Descriptor channel_aside(::fcntl(theirs.get(), F_DUPFD_CLOEXEC, kAside));
  const Descriptor library_aside(::fcntl(library, F_DUPFD_CLOEXEC, kAside));
  const Descriptor prints_aside(::fcntl(prints.get(), F_DUPFD_CLOEXEC, kAside));
  if (!channel_aside.is_open() || !library_aside.is_open() || !prints_aside.is_open()) return not_started(name, errno);

  Plan plan;
  ::posix_spawn_file_actions_addopen(&plan.actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&plan.actions, prints_aside.get(), 1);
  ::posix_spawn_file_actions_adddup2(&plan.actions, prints_aside.get(), 2);
  ::posix_spawn_file_actions_adddup2(&plan.actions, channel_aside.get(), kChannel);
  ::posix_spawn_file_actions_adddup2(&plan.actions, library_aside.get(), kLibrary);
  ::posix_spawn_file_actions_addclosefrom_np(&plan.actions, std::max(kChannel, kLibrary) + 1);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  ::posix_spawnattr_setpgroup(&plan.attributes, 0);
  ::posix_spawnattr_setsigmask(&plan.attributes, &none);
  ::posix_spawnattr_setsigdefault(&plan.attributes, &all);
  ::posix_spawnattr_setflags(&plan.attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> arguments{"tenantry", kRunnerArgument, name};
  auto variables = clean_environment(environ);
  if (const int error = ::posix_spawn(&out.pid_, program.c_str(), &plan.actions, &plan.attributes,
                                      pointers_to(arguments).data(), pointers_to(variables).data());
      error != 0) {
    out.pid_ = 0;
    return not_started(name, error);
  }
  out.exit_.reset(static_cast<int>(::syscall(SYS_pidfd_open, out.pid_, 0)));
  return out;
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      channel_(std::move(other.channel_)),
      output_(std::move(other.output_)),
      exit_(std::move(other.exit_)) {}

Process::~Process() {
  if (pid_ <= 0) return;
  kill();
  static_cast<void>(wait());
}

void Process::kill() const {
  if (pid_ > 0) ::kill(-pid_, SIGKILL);
}

int Process::wait() {
  int status = -1;
  pid_t got = 0;
  do got = ::waitpid(pid_, &status, 0);
  while (got < 0 && errno == EINTR);
  pid_ = 0;
  return got > 0 ? status : -1;
}

std::string how_it_ended(int wait_status, std::string_view when) {
  const auto during = when.empty() ? std::string() : ' ' + std::string(when);
  if (wait_status >= 0 && WIFSIGNALED(wait_status)) {
    const int signal = WTERMSIG(wait_status);
    const char* words = ::sigdescr_np(signal);
    return (signal == SIGKILL ? "was killed" : "crashed") + during + ": signal " + std::to_string(signal) + " (" +
           (words != nullptr ? words : "unknown") + ")";
  }
  if (wait_status >= 0 && WIFEXITED(wait_status))
    return "ended by itself" + during + ": exit code " + std::to_string(WEXITSTATUS(wait_status));
  return "ended" + during;
}

}  // namespace tenantry::child
