// Runs a program for a step and waits for it: its output goes into the step's log line by line, and it never outlives
// the step's permission to run.
#pragma once
#include <poll.h>

#include <cstring>
#include <functional>
#include <tenantry/context.hpp>
#include <tenantry/detail/child.hpp>

namespace tenantry {

struct ProgramOptions {
  // Set in addition to the host's environment, or instead of what is there. The place for secrets: arguments are
  // public.
  std::vector<std::pair<std::string, std::string>> environment = {};
  std::string directory = {};  // empty: where the host runs
  // Shorter if the step's deadline comes first.
  Milliseconds timeout = Milliseconds::max();
  // Between asking the program to end (SIGTERM) and ending it (SIGKILL).
  Milliseconds grace = std::chrono::seconds(5);
  std::size_t tail_bytes = std::size_t{16} << 10U;
  bool log_output = true;
  // Called for every line of output, without its end.
  std::function<void(std::string_view)> on_line = {};
};

// How a program ended.
struct ProgramEnd {
  enum How {
    exited,      // by itself, with exit_code
    killed,      // by a signal that was not ours
    cancelled,   // by us: the host wants the step to end
    timed_out,   // by us: its timeout or the step's deadline is over
    not_started  // see message
  };
  How how = not_started;
  int exit_code = -1;   // -1 unless exited
  int signal = 0;       // 0 unless it ended by one
  std::string tail;     // the last output, standard output and error in the order written, as valid UTF-8
  std::string message;  // one sentence for a person
  bool ok() const { return how == exited && exit_code == 0; }
};

namespace detail {

// Cuts output into lines, keeps its tail.
class OutputLog {
 public:
  OutputLog(Context& context, const ProgramOptions& options) : context_(context), options_(options) {}

  void take(std::string_view bytes) {
    tail_ += bytes;
    if (tail_.size() > 2 * options_.tail_bytes + kLongestLine) tail_.erase(0, tail_.size() - options_.tail_bytes);
    for (const char c : bytes) {
      if (c == '\n')
        flush();
      else if (line_.size() < kLongestLine)
        line_ += c;
      else
        cut_ = true;
    }
  }
  void flush() {
    if (!line_.empty() && line_.back() == '\r') line_.pop_back();
    if (cut_) line_ += " [cut]";
    cut_ = false;
    const std::string line = valid_utf8(std::exchange(line_, {}));
    if (line.empty()) return;
    if (options_.log_output) context_.info(line);
    if (options_.on_line) options_.on_line(line);
  }
  std::string tail() {
    if (tail_.size() > options_.tail_bytes) tail_.erase(0, tail_.size() - options_.tail_bytes);
    return valid_utf8(tail_);
  }

 private:
  static constexpr std::size_t kLongestLine = 8192;
  Context& context_;
  const ProgramOptions& options_;
  std::string line_;
  std::string tail_;
  bool cut_ = false;
};

// True as long as there may be more to read.
inline bool read_available(int fd, OutputLog& output) {
  char bytes[16384];
  for (int round = 0; round < 64; ++round) {  // then look at the clock again
    const ssize_t count = ::read(fd, bytes, sizeof bytes);
    if (count > 0)
      output.take({bytes, static_cast<std::size_t>(count)});
    else if (count == 0)
      return false;
    else if (errno == EAGAIN)
      return true;
    else if (errno != EINTR)
      return false;
  }
  return true;
}

inline ProgramEnd program_end(ProgramEnd::How how, int status, const std::string& name) {
  ProgramEnd end;
  end.how = how;
  if (status >= 0 && WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  if (how == ProgramEnd::exited && end.signal != 0) end.how = ProgramEnd::killed;
  if (end.how == ProgramEnd::exited && status >= 0) end.exit_code = WEXITSTATUS(status);
  switch (end.how) {
    case ProgramEnd::exited:
      end.message = name + " ended with exit code " + std::to_string(end.exit_code);
      break;
    case ProgramEnd::killed:
      end.message = name + " was ended by signal " + std::to_string(end.signal);
      break;
    case ProgramEnd::cancelled:
      end.message = name + " was stopped on request";
      break;
    case ProgramEnd::timed_out:
      end.message = name + " took too long and was stopped";
      break;
    case ProgramEnd::not_started:
      break;
  }
  return end;
}

}  // namespace detail

// Runs arguments[0], looked up in PATH, and waits for it. Standard input is /dev/null. Renews the step's lease every
// second. On cancellation or timeout the program's whole process group gets SIGTERM, after the grace SIGKILL. A program
// that ends by itself may leave others behind in the background; then their output is no longer read. When this process
// dies, however it does, the program is killed.
[[nodiscard]] inline ProgramEnd run_program(Context& context, std::vector<std::string> arguments,
                                            const ProgramOptions& options = {}) {
  using Steady = std::chrono::steady_clock;
  constexpr Milliseconds kHeartbeat(1000);
  ProgramEnd failed_start;
  if (arguments.empty() || arguments[0].empty()) {
    failed_start.message = "there is no program to run";
    return failed_start;
  }
  const std::string name = arguments[0];
  if (context.is_cancelled())
    return detail::program_end(context.remaining() == Milliseconds(0) ? ProgramEnd::timed_out : ProgramEnd::cancelled,
                               -1, name);

  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    failed_start.message = "no pipe for " + name + ": " + std::strerror(errno);
    return failed_start;
  }
  detail::Descriptor out(ends[0]);
  detail::Descriptor in(ends[1]);
  // Not below 3, where it would be overwritten while the child sorts its descriptors.
  in.reset(::fcntl(in.get(), F_DUPFD_CLOEXEC, 3));
  ::fcntl(out.get(), F_SETFL, O_NONBLOCK);
  pid_t pid = 0;
  if (const int error = detail::spawn(std::move(arguments), options.environment, options.directory, in.get(), pid);
      error != 0) {
    failed_start.message = name + " cannot be started: " + std::strerror(error);
    return failed_start;
  }
  in.reset();
  detail::Child child(pid);
  detail::OutputLog output(context, options);

  const auto now = Steady::now();
  const Milliseconds limit =
      std::min({options.timeout, context.remaining(), Milliseconds(std::chrono::hours(24 * 365))});
  const auto deadline = now + limit;
  auto next_heartbeat = now + kHeartbeat;
  auto kill_at = Steady::time_point::max();
  ProgramEnd::How how = ProgramEnd::exited;
  bool killed = false;
  const int cancel_fd = context.cancel_fd();

  while (!child.has_ended()) {
    const auto moment = Steady::now();
    if (how == ProgramEnd::exited) {
      if (context.is_cancelled() || moment >= deadline) {
        const bool late = moment >= deadline || context.remaining() == Milliseconds(0);
        how = late ? ProgramEnd::timed_out : ProgramEnd::cancelled;
        child.signal_group(SIGTERM);
        kill_at = moment + options.grace;
      }
    } else if (moment >= kill_at && !killed) {
      child.signal_group(SIGKILL);
      killed = true;
    }
    if (moment >= next_heartbeat) {
      context.heartbeat();
      next_heartbeat = moment + kHeartbeat;
    }
    auto wake = next_heartbeat;
    if (how == ProgramEnd::exited)
      wake = std::min(wake, deadline);
    else if (!killed)
      wake = std::min(wake, kill_at);
    Milliseconds nap = std::max(std::chrono::ceil<Milliseconds>(wake - moment), Milliseconds(0));
    if (child.exit_fd() < 0 || cancel_fd < 0) nap = std::min(nap, Milliseconds(20));
    // A negative descriptor is skipped by poll.
    pollfd watched[3] = {
        {out.get(), POLLIN, 0}, {child.exit_fd(), POLLIN, 0}, {how == ProgramEnd::exited ? cancel_fd : -1, POLLIN, 0}};
    ::poll(watched, 3, static_cast<int>(nap.count()));
    if (watched[0].revents != 0 && !detail::read_available(out.get(), output)) out.reset();
  }
  if (how != ProgramEnd::exited) child.signal_group(SIGKILL);  // its leader is gone, others of the group may not be
  if (out.get() >= 0) static_cast<void>(detail::read_available(out.get(), output));
  output.flush();
  ProgramEnd end = detail::program_end(how, child.wait(), name);
  end.tail = output.tail();
  return end;
}

}  // namespace tenantry
