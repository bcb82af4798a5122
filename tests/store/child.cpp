#include "store/child.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <vector>

#include "support/catch.hpp"

namespace tenantry::testing {
namespace {
constexpr int kPipe = 9;  // where the child finds its end
}  // namespace

Child::Child(const std::string& name, const std::map<std::string, std::string>& environment) {
  int ends[2] = {-1, -1};
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  std::vector<std::string> texts{"TENANTRY_CHILD=1"};
  for (const auto& [variable, value] : environment) texts.push_back(variable + "=" + value);
  for (char** inherited = environ; *inherited != nullptr; ++inherited) texts.emplace_back(*inherited);
  std::vector<char*> variables;
  for (auto& text : texts) variables.push_back(text.data());
  variables.push_back(nullptr);
  std::string test = name;
  std::string program = "test_store";
  std::vector<char*> arguments{program.data(), test.data(), nullptr};

  posix_spawn_file_actions_t actions;
  REQUIRE(::posix_spawn_file_actions_init(&actions) == 0);
  REQUIRE(::posix_spawn_file_actions_adddup2(&actions, ends[1], kPipe) == 0);
  REQUIRE(::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) == 0);
  const int spawned = ::posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, arguments.data(), variables.data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  out_ = ends[0];
  REQUIRE(spawned == 0);
}

Child::~Child() {
  if (pid_ > 0) {
    kill_now();
    static_cast<void>(wait());
  }
  ::close(out_);
}

bool Child::read_line(std::string& line) {
  for (;;) {
    if (const auto end = buffer_.find('\n'); end != std::string::npos) {
      line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return true;
    }
    char piece[4096];
    const auto size = ::read(out_, piece, sizeof piece);
    if (size <= 0) return false;
    buffer_.append(piece, static_cast<std::size_t>(size));
  }
}

void Child::kill_now() { ::kill(pid_, SIGKILL); }

bool Child::wait() {
  int status = 0;
  const auto ended = ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool is_child() { return std::getenv("TENANTRY_CHILD") != nullptr; }

std::string from_parent(const std::string& variable) {
  const char* value = std::getenv(variable.c_str());
  return value == nullptr ? std::string() : std::string(value);
}

void say(const std::string& line) {
  const std::string whole = line + "\n";
  if (::write(kPipe, whole.data(), whole.size()) < 0) std::abort();
}

}  // namespace tenantry::testing
