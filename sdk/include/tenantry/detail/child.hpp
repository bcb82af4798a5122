// A child process: started with nothing inherited, ended with its whole group, always waited for.
#pragma once
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

extern "C" char** environ;

namespace tenantry::detail {

inline constexpr unsigned kCloseOnExec = 1U << 2U;  // CLOSE_RANGE_CLOEXEC, which not every <unistd.h> names

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

// In the new process, where nothing may be done that a signal handler may not do.
[[noreturn]] inline void become_program(char* const* arguments, char* const* environment, const char* directory,
                                        int out, int failure, pid_t parent) {
  int error = 0;
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  const int nothing = ::open("/dev/null", O_RDONLY);
  if (::setpgid(0, 0) != 0 || nothing < 0 || ::dup2(nothing, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(out, 2) < 0 ||
      ::syscall(SYS_close_range, 3U, ~0U, kCloseOnExec) != 0 || (*directory != '\0' && ::chdir(directory) != 0))
    error = errno;
  if (error == 0) {
    ::execvpe(arguments[0], arguments, environment);
    error = errno;
  }
  static_cast<void>(::write(failure, &error, sizeof error) == sizeof error);
  ::_exit(127);
}

// Starts the program with its output on `out`: its own group, no descriptor but 0, 1, 2, no signal blocked or ignored.
// It ends with the thread that calls this, which therefore has to wait for it: when the engine's process is killed,
// what it had started must not go on.
inline int spawn(std::vector<std::string> arguments, const Environment& additions, const std::string& directory,
                 int out, pid_t& pid) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno;
  Descriptor told(ends[0]);
  Descriptor failure(ends[1]);
  failure.reset(::fcntl(failure.get(), F_DUPFD_CLOEXEC, 3));
  if (failure.get() < 0) return errno;
  std::vector<std::string> environment = environment_with(additions);
  const std::vector<char*> argv = pointers_to(arguments);
  const std::vector<char*> envp = pointers_to(environment);
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  const int fork_error = errno;
  if (child == 0) become_program(argv.data(), envp.data(), directory.c_str(), out, failure.get(), parent);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  failure.reset();
  if (child < 0) return fork_error;
  int error = 0;
  ssize_t got = 0;
  do got = ::read(told.get(), &error, sizeof error);
  while (got == -1 && errno == EINTR);
  if (got != sizeof error) {  // closed by the program's start
    pid = child;
    return 0;
  }
  int status = 0;
  while (::waitpid(child, &status, 0) == -1 && errno == EINTR) continue;
  return error;
}

}  // namespace tenantry::detail
