#include "support/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace tenantry::test {
namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// The first line that holds `mark`; all there was, if none came in time.
std::string line_with(const std::string& mark, int fd) {
  std::string line;
  std::string all;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < end) {
    pollfd waiting{fd, POLLIN, 0};
    if (::poll(&waiting, 1, 1'000) <= 0) continue;
    char byte = 0;
    if (::read(fd, &byte, 1) != 1) break;
    line += byte;
    if (byte != '\n') continue;
    if (line.find(mark) != std::string::npos) return line;
    all += line;
    line.clear();
  }
  return all + line;
}

// The last number of a line.
std::uint16_t port_in(const std::string& line) {
  const auto end = line.find_last_of("0123456789");
  if (end == std::string::npos) return 0;
  const auto before = line.find_last_not_of("0123456789", end);
  return static_cast<std::uint16_t>(
      std::strtoul(line.c_str() + (before == std::string::npos ? 0 : before + 1), nullptr, 10));
}

}  // namespace

Process::Process(const std::vector<std::string>& command,
                 const std::vector<std::pair<std::string, std::string>>& environment, const std::string& log,
                 const std::string& mark) {
  auto arguments = command;
  std::vector<std::string> variables;
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string variable = *one;
    bool replaced = false;
    for (const auto& [name, value] : environment) replaced = replaced || variable.rfind(name + "=", 0) == 0;
    if (!replaced) variables.push_back(variable);
  }
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);

  int pipe[2] = {-1, -1};
  if (::pipe2(pipe, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, pipe[1], 1);
  posix_spawn_file_actions_addopen(&actions, 2, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int failed = ::posix_spawn(&pid_, arguments[0].c_str(), &actions, nullptr, pointers(arguments).data(),
                                   pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  ::close(pipe[1]);
  output_ = pipe[0];
  if (failed != 0) throw std::runtime_error(arguments[0] + ": " + std::strerror(failed));
  const auto line = line_with(mark, output_);
  port_ = port_in(line);
  if (line.find(mark) == std::string::npos || port_ == 0) {
    kill_hard();
    throw std::runtime_error(arguments[0] + " did not start; it said '" + line + "'; its log is " + log);
  }
}

Process::~Process() {
  kill_hard();
  if (output_ >= 0) ::close(output_);
}

void Process::kill_hard() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  wait_for_end();
}

int Process::terminate() {
  if (pid_ <= 0) return -1;
  ::kill(pid_, SIGTERM);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < end) {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid_) break;
    pollfd nothing{-1, 0, 0};
    ::poll(&nothing, 0, 5);
  }
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != pid_)
    ::kill(pid_, SIGKILL);
  return wait_for_end();
}

int Process::wait_for_end() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace tenantry::test
