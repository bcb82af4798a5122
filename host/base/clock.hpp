// Time as the host sees it: UTC, in milliseconds.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenantry::base {

using Millis = std::chrono::milliseconds;
using Time = std::chrono::sys_time<Millis>;

// Where "now" comes from. Logic takes a Time; only the outermost loops hold a Clock.
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time now() const = 0;  // thread-safe
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override {
    return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
  }
};

// Goes on evenly from the time it was given, also while the machine sleeps, whatever is done to the system's clock.
class SteadyClock final : public Clock {
 public:
  explicit SteadyClock(Time now) { set(now); }
  [[nodiscard]] Time now() const override;
  void set(Time now);  // any thread

 private:
  std::atomic<std::int64_t> started_at_{0};  // when the machine was started, in this clock's time
};

[[nodiscard]] inline std::int64_t to_millis(Time time) { return time.time_since_epoch().count(); }
[[nodiscard]] inline Time from_millis(std::int64_t millis) { return Time{Millis{millis}}; }

// RFC 3339 in UTC with milliseconds: 2026-11-23T08:15:00.250Z.
[[nodiscard]] std::string format_time(Time time);
// Accepts any RFC 3339 time; nullopt if it is none.
[[nodiscard]] std::optional<Time> parse_time(std::string_view text);

}  // namespace tenantry::base
