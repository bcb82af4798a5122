#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <tenantry/process.hpp>

#include "probe.hpp"
#include "support/catch.hpp"

using namespace tenantry;
using testing::FakeHost;
using testing::Report;
using Steady = std::chrono::steady_clock;

namespace {

struct Ran {
  ProgramEnd end;
  Report report;
};

Ran run(FakeHost& host, std::vector<std::string> arguments, ProgramOptions options = {}) {
  Ran ran;
  ran.report = probe::run(host, [&](Context& c) {
    ran.end = run_program(c, arguments, options);
    return done();
  });
  return ran;
}

Ran run(std::vector<std::string> arguments, ProgramOptions options = {}) {
  auto host = FakeHost::of<probe::Engine>();
  return run(host, std::move(arguments), std::move(options));
}

Ran shell(const std::string& script, ProgramOptions options = {}) {
  return run({"sh", "-c", script}, std::move(options));
}

// True once the process is gone or only waits to be collected by whoever inherited it.
bool is_over(pid_t pid) {
  const auto deadline = Steady::now() + 5s;
  while (Steady::now() < deadline) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string number, name, state;
    if (!(stat >> number >> name >> state) || state == "Z") return true;
    ::usleep(1000);
  }
  return false;
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& one : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

bool has_children() { return ::waitpid(-1, nullptr, WNOHANG) != -1; }

}  // namespace

TEST_CASE("a program's output is logged line by line, its tail and exit code are kept") {
  const Ran ran = shell("echo one; echo two >&2; printf three; exit 3");
  CHECK(ran.end.how == ProgramEnd::exited);
  CHECK(ran.end.exit_code == 3);
  CHECK_FALSE(ran.end.ok());
  CHECK(ran.end.tail == "one\ntwo\nthree");
  CHECK(ran.end.message == "sh ended with exit code 3");
  REQUIRE(ran.report.log.size() == 3);
  CHECK(ran.report.log[0].message == "one");
  CHECK(ran.report.log[2].message == "three");
  CHECK(shell("true").end.ok());
}

TEST_CASE("arguments reach the program untouched by any shell") {
  CHECK(run({"printf", "%s|", "a b", "$HOME", "*", "\"", ""}).end.tail == "a b|$HOME|*|\"||");
}

TEST_CASE("a program reads nothing from standard input") { CHECK(run({"cat"}).end.ok()); }

TEST_CASE("the environment is the host's, with additions that win") {
  ::setenv("TENANTRY_TEST_A", "host", 1);
  ::setenv("TENANTRY_TEST_B", "host", 1);
  ProgramOptions options;
  options.environment = {{"TENANTRY_TEST_A", "mine"}, {"TENANTRY_TEST_C", "new"}};
  CHECK(shell("echo $TENANTRY_TEST_A $TENANTRY_TEST_B $TENANTRY_TEST_C", options).end.tail == "mine host new\n");
  ::unsetenv("TENANTRY_TEST_A");
  ::unsetenv("TENANTRY_TEST_B");
}

TEST_CASE("a program runs where it is told to") {
  ProgramOptions options;
  options.directory = "/proc";
  CHECK(run({"pwd"}, options).end.tail == "/proc\n");
  options.directory = "/no/such/directory";
  CHECK(run({"pwd"}, options).end.how == ProgramEnd::not_started);
}

TEST_CASE("a program that cannot be started says why") {
  const Ran ran = run({"/no/such/program"});
  CHECK(ran.end.how == ProgramEnd::not_started);
  CHECK(ran.end.message == "/no/such/program cannot be started: No such file or directory");
  CHECK(run({}).end.how == ProgramEnd::not_started);
  CHECK_FALSE(has_children());
}

TEST_CASE("a program that ends by a signal says which") {
  const Ran ran = shell("kill -9 $$");
  CHECK(ran.end.how == ProgramEnd::killed);
  CHECK(ran.end.signal == SIGKILL);
  CHECK(ran.end.exit_code == -1);
}

TEST_CASE("a program starts with no signal ignored or blocked") {
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  const Ran ran = shell("kill -PIPE $$; echo survived");
  ::signal(SIGPIPE, before);
  CHECK(ran.end.signal == SIGPIPE);
}

TEST_CASE("cancellation ends the program and everything it started") {
  auto host = FakeHost::of<probe::Engine>();
  pid_t grandchild = 0;
  host.on_log = [&](const testing::LogLine& line) {
    grandchild = std::stoi(line.message);
    host.cancel();
  };
  const auto began = Steady::now();
  const Ran ran = run(host, {"sh", "-c", "sleep 600 & echo $!; wait"});
  CHECK(ran.end.how == ProgramEnd::cancelled);
  CHECK(ran.end.signal == SIGTERM);
  CHECK(Steady::now() - began < 4s);
  REQUIRE(grandchild > 0);
  CHECK(is_over(grandchild));
  CHECK_FALSE(has_children());
}

TEST_CASE("a silent program is kept alive by heartbeats, and cancelling ends it at once") {
  auto host = FakeHost::of<probe::Engine>();
  auto cancelled_at = Steady::time_point::max();
  host.on_heartbeat = [&] {
    host.cancel();
    cancelled_at = std::min(cancelled_at, Steady::now());
  };
  CHECK(run(host, {"sleep", "600"}).end.how == ProgramEnd::cancelled);
  CHECK(Steady::now() - cancelled_at < 700ms);  // woken, not found out a second later
}

TEST_CASE("a program that does not listen is killed after the grace") {
  auto host = FakeHost::of<probe::Engine>();
  host.on_log = [&](const testing::LogLine&) { host.cancel(); };
  ProgramOptions options;
  options.grace = 50ms;
  const Ran ran = run(host, {"sh", "-c", "trap '' TERM; echo ready; while :; do sleep 600; done"}, options);
  CHECK(ran.end.how == ProgramEnd::cancelled);
  CHECK(ran.end.signal == SIGKILL);
  CHECK_FALSE(has_children());
}

TEST_CASE("a program that was asked to end may clean up and say so") {
  auto host = FakeHost::of<probe::Engine>();
  host.on_log = [&](const testing::LogLine&) { host.cancel(); };
  const Ran ran = run(host, {"sh", "-c", "trap 'echo cleaned; exit 0' TERM; echo ready; sleep 600 & wait"});
  CHECK(ran.end.how == ProgramEnd::cancelled);
  CHECK(ran.end.tail == "ready\ncleaned\n");
}

TEST_CASE("a step that is cancelled starts no program") {
  auto host = FakeHost::of<probe::Engine>();
  const auto file = std::filesystem::temp_directory_path() / ("tenantry-" + std::to_string(::getpid()));
  ProgramEnd end;
  static_cast<void>(probe::run(host, [&](Context& c) {
    host.cancel();
    end = run_program(c, {"touch", file.string()});
    return done();
  }));
  CHECK(end.how == ProgramEnd::cancelled);
  CHECK_FALSE(std::filesystem::exists(file));
}

TEST_CASE("a program's own timeout and the step's deadline both end it") {
  ProgramOptions options;
  options.timeout = 30ms;
  CHECK(run({"sleep", "600"}, options).end.how == ProgramEnd::timed_out);

  auto host = FakeHost::of<probe::Engine>();
  host.time_limit = 60ms;
  const auto began = Steady::now();
  CHECK(run(host, {"sleep", "600"}).end.how == ProgramEnd::timed_out);
  CHECK(Steady::now() - began < 4s);
  CHECK_FALSE(has_children());
}

TEST_CASE("ten megabytes of output block nobody and leave only the tail") {
  std::size_t lines = 0;
  ProgramOptions options;
  options.log_output = false;
  options.tail_bytes = 1000;
  options.on_line = [&](std::string_view line) { lines += line == "yes yes yes" ? 1 : 0; };
  const Ran ran = shell("yes 'yes yes yes' | head -n 900000; echo end", options);
  CHECK(ran.end.ok());
  CHECK(lines == 900000);
  CHECK(ran.end.tail.size() == 1000);
  CHECK(ran.end.tail.ends_with("yes\nend\n"));
  CHECK(ran.report.log.empty());
}

TEST_CASE("a line without end is cut, and bytes that are not UTF-8 are replaced") {
  const Ran ran = shell("head -c 3000000 /dev/zero | tr '\\0' x; echo; printf '\\377\\n'");
  REQUIRE(ran.report.log.size() == 2);
  CHECK(ran.report.log[0].message.size() < 9000);
  CHECK(ran.report.log[0].message.ends_with("x [cut]"));
  CHECK(ran.report.log[1].message == "\xEF\xBF\xBD");
  CHECK(ran.report.contract_broken.empty());
}

TEST_CASE("what a program leaves in the background does not hold up the step") {
  const auto began = Steady::now();
  const Ran ran = shell("sleep 600 & echo $!");
  CHECK(ran.end.ok());
  CHECK(Steady::now() - began < 4s);
  ::kill(std::stoi(ran.end.tail), SIGKILL);
}

TEST_CASE("no descriptor leaks, into the program or in the host") {
  const int inheritable = ::open("/dev/null", O_RDONLY);
  REQUIRE(inheritable >= 0);
  REQUIRE(::dup2(inheritable, 97) == 97);
  const std::size_t before = open_descriptors();
  CHECK(shell("test ! -e /proc/$$/fd/97").end.ok());
  static_cast<void>(run({"/no/such/program"}));
  ProgramOptions options;
  options.timeout = 20ms;
  static_cast<void>(run({"sleep", "600"}, options));
  CHECK(open_descriptors() == before);
  ::close(97);
  ::close(inheritable);
}

TEST_CASE("an exception while reading output ends the program too") {
  auto host = FakeHost::of<probe::Engine>();
  ProgramOptions options;
  pid_t program = 0;
  options.on_line = [&](std::string_view line) {
    program = std::stoi(std::string(line));
    throw std::runtime_error("enough");
  };
  const Report report = probe::run(host, [&](Context& c) {
    static_cast<void>(run_program(c, {"sh", "-c", "echo $$; sleep 600"}, options));
    return done();
  });
  CHECK(report.message == "enough");
  REQUIRE(program > 0);
  CHECK(is_over(program));
  CHECK_FALSE(has_children());
}

TEST_CASE("a program is killed when the process of the engine is") {
  const auto file = std::filesystem::temp_directory_path() / ("tenantry-program-" + std::to_string(::getpid()));
  const pid_t engine = ::fork();
  REQUIRE(engine >= 0);
  if (engine == 0) {
    (void)shell("echo $$ > " + file.string() + ".new; mv " + file.string() + ".new " + file.string() +
                "; exec sleep 60");
    ::_exit(0);
  }
  const auto deadline = Steady::now() + 20s;
  pid_t program = 0;
  while (program == 0 && Steady::now() < deadline) std::ifstream(file) >> program;
  REQUIRE(program > 0);
  REQUIRE(::kill(engine, SIGKILL) == 0);
  REQUIRE(::waitpid(engine, nullptr, 0) == engine);
  CHECK(is_over(program));
  std::filesystem::remove(file);
}
