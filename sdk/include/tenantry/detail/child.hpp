// A child process: started with nothing inherited, ended with its whole group, always waited for.
#pragma once
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

extern "C" char** environ;

namespace tenantry::detail {

using Environment = std::vector<std::pair<std::string, std::string>>;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    reset(std::exchange(other.fd_, -1));
    return *this;
  }
  int get() const { return fd_; }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_;
};

// What posix_spawn wants, released in any case.
struct SpawnPlan {
  SpawnPlan() {
    if (posix_spawn_file_actions_init(&actions) != 0) throw std::bad_alloc();
    if (posix_spawnattr_init(&attributes) != 0) {
      posix_spawn_file_actions_destroy(&actions);
      throw std::bad_alloc();
    }
  }
  ~SpawnPlan() {
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

// A child and its process group; ended and waited for in any case, so there is never a zombie.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid), pidfd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
  ~Child() {
    if (pid_ <= 0) return;
    signal_group(SIGKILL);
    static_cast<void>(wait());
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Readable once the child has ended; -1 on kernels without it.
  int exit_fd() const { return pidfd_.get(); }
  // The group keeps its number as long as its leader has not been waited for, so this can hit nobody else.
  void signal_group(int number) const { ::kill(-pid_, number); }
  bool has_ended() const {
    siginfo_t about{};
    int answer = 0;
    do answer = ::waitid(P_PID, static_cast<id_t>(pid_), &about, WEXITED | WNOHANG | WNOWAIT);
    while (answer == -1 && errno == EINTR);
    return answer == -1 || about.si_pid == pid_;
  }
  // The wait status; -1 if somebody took it from us.
  int wait() {
    int status = 0;
    pid_t got = 0;
    do got = ::waitpid(pid_, &status, 0);
    while (got == -1 && errno == EINTR);
    pid_ = 0;
    return got > 0 ? status : -1;
  }

 private:
  pid_t pid_;
  Descriptor pidfd_;
};

inline std::vector<std::string> environment_with(const Environment& additions) {
  std::vector<std::string> all;
  for (char** one = environ; one && *one; ++one) {
    const std::string_view entry = *one;
    const bool replaced = std::any_of(additions.begin(), additions.end(), [&](const auto& addition) {
      return entry.size() > addition.first.size() && entry.compare(0, addition.first.size(), addition.first) == 0 &&
             entry[addition.first.size()] == '=';
    });
    if (!replaced) all.emplace_back(entry);
  }
  for (const auto& [name, value] : additions) all.push_back(name + "=" + value);
  return all;
}

inline std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Starts the program with its output on `out`: its own group, no descriptor but 0, 1, 2, no signal blocked or ignored.
inline int spawn(std::vector<std::string> arguments, const Environment& additions, const std::string& directory,
                 int out, pid_t& pid) {
  SpawnPlan plan;
  posix_spawn_file_actions_addopen(&plan.actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&plan.actions, out, 1);
  posix_spawn_file_actions_adddup2(&plan.actions, out, 2);
  posix_spawn_file_actions_addclosefrom_np(&plan.actions, 3);
  if (!directory.empty()) posix_spawn_file_actions_addchdir_np(&plan.actions, directory.c_str());
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setpgroup(&plan.attributes, 0);
  posix_spawnattr_setsigmask(&plan.attributes, &none);
  posix_spawnattr_setsigdefault(&plan.attributes, &all);
  posix_spawnattr_setflags(&plan.attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> environment = environment_with(additions);
  const std::vector<char*> argv = pointers_to(arguments);
  const std::vector<char*> envp = pointers_to(environment);
  return ::posix_spawnp(&pid, argv[0], &plan.actions, &plan.attributes, argv.data(), envp.data());
}

}  // namespace tenantry::detail
