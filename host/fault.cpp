#include "fault.hpp"

#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

namespace tenantry {
namespace {

using execution::Point;

constexpr std::array<std::string_view, 4> kPoints{"claimed", "called", "answered", "committed"};

[[noreturn]] void not_understood(std::string_view word) {
  std::fprintf(stderr, "tenantry: TENANTRY_FAULT: '%.*s' is not understood\n", static_cast<int>(word.size()),
               word.data());
  std::exit(2);
}

void kill_engines() {
  std::error_code gone;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", gone)) {
    std::ifstream children(thread.path() / "children");
    for (pid_t pid = 0; children >> pid;) ::kill(pid, SIGKILL);
  }
}

}  // namespace

Fault::Fault(const char* text) {
  std::string_view left = text == nullptr ? "" : text;
  while (!left.empty()) {
    const auto end = std::min(left.find(' '), left.size());
    if (end > 0) read(left.substr(0, end));
    left.remove_prefix(std::min(end + 1, left.size()));
  }
}

void Fault::read(std::string_view word) {
  static constexpr std::string_view kClock = "clock=";
  if (word.starts_with(kClock)) {
    clock_off_ = base::Millis{std::strtoll(std::string(word.substr(kClock.size())).c_str(), nullptr, 10)};
    return;
  }
  const auto at = word.find('@');
  const auto colon = word.find(':', at);
  if (at == std::string_view::npos || colon == std::string_view::npos) not_understood(word);
  const auto act = word.substr(0, at);
  const auto point = word.substr(at + 1, colon - at - 1);
  Act what{};
  if (act == "kill")
    what = Act::kKill;
  else if (act == "kill_engines")
    what = Act::kKillEngines;
  else if (act == "stop")
    what = Act::kStop;
  else
    not_understood(word);
  for (std::size_t i = 0; i < kPoints.size(); ++i) {
    if (kPoints[i] != point) continue;
    auto& place = points_.emplace_back();
    place.act = what;
    place.point = static_cast<Point>(i);
    place.step = word.substr(colon + 1);
    return;
  }
  not_understood(word);
}

void Fault::pass(Point point, std::string_view step) {
  for (auto& place : points_) {
    if (place.point != point || (place.step != "*" && place.step != step) || place.passed.exchange(true)) continue;
    switch (place.act) {
      case Act::kKill:
        ::kill(::getpid(), SIGKILL);
        break;
      case Act::kKillEngines:
        kill_engines();
        break;
      case Act::kStop:
        ::kill(::getpid(), SIGSTOP);
        break;
    }
  }
}

}  // namespace tenantry
