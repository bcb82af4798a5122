// Checks 21 and 23: what an engine does to the process it lives in, and what sanitizers say.
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "base/text.hpp"
#include "kit/checks.hpp"

extern char** environ;

namespace tenantry::kit {
namespace {

using model::Op;
using stage::Subject;

// Everything of a process that all engines in it share.
struct Household {
  std::string folder;
  mode_t mask = 0;
  std::string locale;
  std::set<std::string> environment;
  std::map<int, std::string> signals;
  std::string blocked;
};

Household household() {
  Household out;
  std::error_code ignored;
  out.folder = std::filesystem::current_path(ignored).string();
  out.mask = ::umask(0);
  ::umask(out.mask);
  out.locale = std::setlocale(LC_ALL, nullptr);
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable)
    out.environment.insert(*variable);
  sigset_t blocked;
  sigemptyset(&blocked);
  ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) != 0) continue;
    char bytes[sizeof action.sa_handler];
    std::memcpy(bytes, &action.sa_handler, sizeof bytes);
    out.signals[signal] = std::string(bytes, sizeof bytes);
    out.blocked += sigismember(&blocked, signal) == 1 ? '1' : '0';
  }
  return out;
}

void compare(Verdict& found, const Household& before, const Household& now, const std::string& when) {
  constexpr const char* kFix =
      "These belong to the process and to all engines in it: pass folders, locales and variables "
      "on explicitly, also to child processes.";
  const auto changed = [&](const std::string& what) {
    found.fail("Expected that " + what + " stays as it is, found that it has changed " + when + ".", kFix);
  };
  if (before.folder != now.folder) changed("the working directory");
  if (before.mask != now.mask) changed("the umask");
  if (before.locale != now.locale) changed("the locale");
  if (before.blocked != now.blocked) changed("the signal mask");
  std::vector<std::string> variables;
  std::set_symmetric_difference(before.environment.begin(), before.environment.end(), now.environment.begin(),
                                now.environment.end(), std::back_inserter(variables));
  if (!variables.empty()) changed("the environment (" + variables[0].substr(0, variables[0].find('=')) + ")");
  for (const auto& [signal, handler] : before.signals)
    if (const auto other = now.signals.find(signal); other != now.signals.end() && other->second != handler)
      changed(std::string("the handler of signal ") + std::to_string(signal) + " (" + ::strsignal(signal) + ")");
}

std::map<int, std::string> descriptors() {
  std::map<int, std::string> out;
  DIR* folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return out;
  while (const auto* entry = ::readdir(folder)) {
    const int number = std::atoi(entry->d_name);
    if (entry->d_name[0] == '.' || number == ::dirfd(folder)) continue;
    std::error_code ignored;
    out[number] = std::filesystem::read_symlink("/proc/self/fd/" + std::string(entry->d_name), ignored).string();
  }
  ::closedir(folder);
  return out;
}

std::size_t threads() {
  std::error_code ignored;
  std::size_t count = 0;
  for (std::filesystem::directory_iterator at("/proc/self/task", ignored), end; at != end; at.increment(ignored))
    ++count;
  return count;
}

std::size_t children() {
  std::size_t count = 0;
  std::error_code ignored;
  for (std::filesystem::directory_iterator at("/proc/self/task", ignored), end; at != end; at.increment(ignored)) {
    std::ifstream list(at->path() / "children");
    for (int pid = 0; list >> pid;) ++count;
  }
  return count;
}

// A thread that was joined is still listed for a moment.
template <class Count>
std::size_t settled(Count count, std::size_t wanted) {
  auto now = count();
  for (int left = 100; now > wanted && left > 0; --left) {
    std::this_thread::sleep_for(base::Millis{5});
    now = count();
  }
  return now;
}

// One life of the engine: opened, everything done once, closed.
void live(Exam& exam, Verdict& found, Subject& subject, Tenant* tenant, stage::Rehearsal& bystander,
          const Household& before) {
  const auto settings = exam.settings();
  subject.open(settings);
  compare(found, before, household(), "by open()");
  (void)bystander.call(subject, bystander.ask_validate());
  auto unknown = bystander.ask(Op::kRun, 0);
  unknown.step = "no_such_step";
  (void)bystander.call(subject, unknown);
  if (tenant != nullptr) {
    run_steps(found, subject, *tenant, 0, tenant->rehearsal.steps());
    compare(found, before, household(), "by RUN");
    const auto& steps = exam.manifest().steps;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (steps[i].has_verify) (void)tenant->rehearsal.attempt(subject, Op::kVerify, i);
      if (steps[i].has_plan) (void)tenant->rehearsal.attempt(subject, Op::kPlan, i);
    }
    for (auto i = steps.size(); i-- > 0;)
      if (steps[i].has_undo) (void)tenant->rehearsal.settle(subject, Op::kUndo, i);
  }
  subject.close();
  compare(found, before, household(), "in the end");
}

}  // namespace

void check_hygiene(Exam& exam, Verdict& verdict) {
  std::vector<Tenant> tenants;
  for (int i = 0; i < 2 && exam.candidate().fixture != nullptr; ++i) tenants.push_back(exam.tenant());
  const auto ending = exam.in_process(
      verdict,
      [&](Subject& subject, Verdict& found) {
        const auto household_before = household();
        const auto threads_before = threads();
        auto bystander = exam.bystander();
        live(exam, found, subject, tenants.empty() ? nullptr : &tenants[0], bystander, household_before);
        if (const auto now = settled(threads, threads_before); now > threads_before)
          found.fail(
              "Expected that no thread is left after close(), found " + std::to_string(now - threads_before) + " more.",
              "Join threads before the call returns, or in close().");
        if (const auto now = settled(children, 0); now > 0)
          found.fail("Expected that no child process is left after close(), found " + std::to_string(now) + ".",
                     "Wait for every child by its pid (SDK: run_program does).");
        // What is made once and kept for all times is no leak; what each life leaves is.
        const auto open = descriptors();
        live(exam, found, subject, tenants.empty() ? nullptr : &tenants[1], bystander, household_before);
        for (const auto& [number, what] : descriptors())
          if (const auto known = open.find(number); known == open.end() || known->second != what) {
            found.fail("Expected that no descriptor is left open, found " + base::shorten(what, 100) + ".",
                       "Close files and sockets on every way out, and open them with O_CLOEXEC.");
            break;
          }
      },
      Exam::Opened::kNo);
  if (ending.left_behind > 0)
    verdict.fail("Expected that no process outlives the engine, found " + std::to_string(ending.left_behind) + ".",
                 "Wait for every child by its pid, and never fork without exec.");
  if (!exam.candidate().printed.empty())
    verdict.fail("Expected that nothing is written to standard output, found " + exam.candidate().printed + ".",
                 "Use log(); standard output belongs to the host.");
  if (exam.candidate().fixture == nullptr) verdict.reason = "without a fixture: no step acted";
}

void check_sanitizers(Exam& exam, Verdict& verdict) {
  std::string active;
  const std::string flags = TENANTRY_COMPILE_FLAGS;
  for (const auto* word : {"address", "undefined", "thread"})
    if (flags.find("-fsanitize") != std::string::npos && flags.find(word) != std::string::npos)
      active += (active.empty() ? "" : ", ") + std::string(word);
  if (active.empty()) return verdict.skip("build kit and engine with the preset asan or tsan, and check there");
  verdict.reason = "all checks ran under: " + active;
  if (!exam.candidate().sanitized.empty())
    verdict.fail("Expected that no sanitizer complains, found: " + exam.candidate().sanitized,
                 "Correct what it names.");
}

}  // namespace tenantry::kit
