#include "stage/contained.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <optional>
#include <set>
#include <system_error>

#include "base/text.hpp"

namespace tenantry::stage {
namespace {

using Monotonic = std::chrono::steady_clock;

constexpr std::size_t kMostOutput = 16U << 10U;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { reset(); }
  [[nodiscard]] int get() const { return fd_; }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_;
};

// Frames: four bytes of length, then JSON.
class Frames {
 public:
  void take(const char* bytes, std::size_t size) { buffer_.append(bytes, size); }
  std::optional<json::object> next() {
    std::uint32_t size = 0;
    if (buffer_.size() < sizeof size) return std::nullopt;
    std::memcpy(&size, buffer_.data(), sizeof size);
    if (buffer_.size() - sizeof size < size) return std::nullopt;
    json::parse_options options;
    options.allow_invalid_utf8 = true;
    options.max_depth = 64;
    boost::system::error_code broken;
    auto value = json::parse({buffer_.data() + sizeof size, size}, broken, {}, options);
    buffer_.erase(0, sizeof size + size);
    return !broken && value.is_object() ? std::optional(std::move(value.get_object())) : json::object();
  }

 private:
  std::string buffer_;
};

std::set<pid_t> children() {
  std::set<pid_t> out;
  std::ifstream list("/proc/thread-self/children");
  for (pid_t pid = 0; list >> pid;) out.insert(pid);
  return out;
}

// What ran on after the contained process ended has come to this one, which is its reaper.
int end_orphans(const std::set<pid_t>& before) {
  int count = 0;
  for (const auto pid : children()) {
    if (before.contains(pid)) continue;
    siginfo_t done{};
    const bool over =
        ::waitid(P_PID, static_cast<id_t>(pid), &done, WEXITED | WNOHANG | WNOWAIT) == 0 && done.si_pid != 0;
    if (!over) {
      ++count;
      ::kill(pid, SIGKILL);
    }
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  return count;
}

std::string beginning(int fd) {
  std::string out(kMostOutput, '\0');
  const auto got = ::pread(fd, out.data(), out.size(), 0);
  out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return base::to_utf8(out);
}

[[noreturn]] void live(const std::function<json::value(Wire&)>& work, int line, int out, int err) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setpgid(0, 0);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  int status = 0;
  try {
    Wire wire(line);
    wire.answer(work(wire));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    status = 70;
  }
  std::fflush(nullptr);
  ::_exit(status);
}

class Watch {
 public:
  Watch(pid_t pid, int line, base::Millis limit) : pid_(pid), line_(line) {
    process_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    allow(limit);
  }

  void until_the_end(Ending& ending) {
    for (bool over = false; !over;) {
      pollfd both[2]{{process_.get(), POLLIN, 0}, {hung_up_ ? -1 : line_, POLLIN, 0}};
      const auto left = std::chrono::ceil<base::Millis>(deadline_ - Monotonic::now()).count();
      const int ready = ::poll(both, 2, static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000)));
      if (ready < 0 && errno != EINTR) break;
      over = ready > 0 && (both[0].revents & POLLIN) != 0;
      if (ready > 0) drain(ending);
      if (ready == 0 && Monotonic::now() >= deadline_) {
        ending.kind = Ending::Kind::kHung;
        ::kill(-pid_, SIGKILL);
        ::kill(pid_, SIGKILL);
        allow(base::Millis{60'000});
      }
    }
    ::kill(-pid_, SIGKILL);
  }

 private:
  void allow(base::Millis limit) { deadline_ = Monotonic::now() + limit; }

  void drain(Ending& ending) {
    char bytes[1U << 16U];
    while (!hung_up_) {
      const auto got = ::read(line_, bytes, sizeof bytes);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) break;
      if (got == 0) hung_up_ = true;
      frames_.take(bytes, static_cast<std::size_t>(got));
    }
    while (auto frame = frames_.next()) understand(*frame, ending);
  }

  void understand(json::object& frame, Ending& ending) {
    if (auto* begun = frame.if_contains("begin")) {
      ending.during = begun->as_string().c_str();
      if (ending.kind != Ending::Kind::kHung) allow(base::Millis{frame.at("limit").to_number<std::int64_t>()});
    } else if (auto* kept = frame.if_contains("keep")) {
      ending.kept.push_back(std::move(*kept));
    } else if (auto* answer = frame.if_contains("answer")) {
      ending.answer = std::move(*answer);
      if (ending.kind != Ending::Kind::kHung) ending.kind = Ending::Kind::kReturned;
    }
  }

  const pid_t pid_;
  const int line_;
  Descriptor process_;
  Monotonic::time_point deadline_;
  Frames frames_;
  bool hung_up_ = false;
};

}  // namespace

void Wire::begin(std::string_view what, base::Millis limit) { send({{"begin", what}, {"limit", limit.count()}}); }
void Wire::keep(const json::value& what) { send({{"keep", what}}); }
void Wire::answer(const json::value& what) { send({{"answer", what}}); }

void Wire::send(const json::object& frame) {
  const auto text = json::serialize(frame);
  const auto size = static_cast<std::uint32_t>(text.size());
  std::string bytes(sizeof size, '\0');
  std::memcpy(bytes.data(), &size, sizeof size);
  bytes += text;
  const std::scoped_lock lock(mutex_);
  for (std::size_t done = 0; done < bytes.size();) {
    const auto wrote = ::write(fd_, bytes.data() + done, bytes.size() - done);
    if (wrote > 0) done += static_cast<std::size_t>(wrote);
    if (wrote < 0 && errno != EINTR) return;
  }
}

Ending contain(const std::function<json::value(Wire&)>& work, base::Millis limit) {
  int line[2];
  if (::pipe2(line, O_CLOEXEC) != 0) fail("pipe");
  const Descriptor ours(line[0]);
  Descriptor theirs(line[1]);
  const Descriptor out(::memfd_create("stdout", MFD_CLOEXEC));
  const Descriptor err(::memfd_create("stderr", MFD_CLOEXEC));
  if (out.get() < 0 || err.get() < 0) fail("memfd_create");
  ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const auto before = children();
  std::fflush(nullptr);  // or the text would be written twice
  std::cout.flush();
  const pid_t pid = ::fork();
  if (pid < 0) fail("fork");
  if (pid == 0) live(work, theirs.get(), out.get(), err.get());
  ::setpgid(pid, pid);
  theirs.reset();

  Ending ending;
  Watch(pid, ours.get(), limit).until_the_end(ending);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (ending.kind == Ending::Kind::kReturned && status != 0) ending.kind = Ending::Kind::kDied;
  ending.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  ending.status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  ending.left_behind = end_orphans(before);
  ending.out = beginning(out.get());
  ending.err = beginning(err.get());
  return ending;
}

std::string how_it_ended(const Ending& ending) {
  std::string out;
  if (ending.kind == Ending::Kind::kHung)
    out = "it did not return in time";
  else if (ending.signal != 0)
    out = "the process died of signal " + std::to_string(ending.signal) + " (" + ::strsignal(ending.signal) + ")";
  else
    out = "it ended the process with exit status " + std::to_string(ending.status);
  if (!ending.during.empty()) out += " during " + ending.during;
  auto said = ending.err;
  while (!said.empty() && (said.back() == '\n' || said.back() == ' ')) said.pop_back();
  if (!said.empty()) out += ", saying \"" + base::shorten(said, 600) + '"';
  return out;
}

}  // namespace tenantry::stage
