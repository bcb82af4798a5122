// What a test asks a host to do to itself, in the environment variable TENANTRY_FAULT; host/execution/README.md
// describes it. Without the variable nothing here has any effect.
#pragma once
#include <atomic>
#include <deque>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "execution/ports.hpp"

namespace tenantry {

// Thread-safe once it is made.
class Fault {
 public:
  explicit Fault(const char* text);  // nullptr: none. Ends the program if it cannot be understood.

  [[nodiscard]] base::Millis clock_off() const { return clock_off_; }
  [[nodiscard]] bool has_points() const { return !points_.empty(); }
  void pass(execution::Point point, std::string_view step);

 private:
  enum class Act { kKill, kKillEngines, kStop };
  struct Place {
    Act act{};
    execution::Point point{};
    std::string step;  // "*": any
    std::atomic<bool> passed{false};
  };
  void read(std::string_view word);

  base::Millis clock_off_{0};
  std::deque<Place> points_;
};

}  // namespace tenantry
