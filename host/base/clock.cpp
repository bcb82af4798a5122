#include "base/clock.hpp"

#include <time.h>

#include <array>
#include <cstdio>

namespace tenantry::base {
namespace {

std::int64_t since_start_of_machine() {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return std::int64_t{time.tv_sec} * 1'000 + time.tv_nsec / 1'000'000;
}

}  // namespace

Time SteadyClock::now() const { return from_millis(started_at_ + since_start_of_machine()); }
void SteadyClock::set(Time now) { started_at_ = to_millis(now) - since_start_of_machine(); }

std::string format_time(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  std::array<char, 64> text{};
  const int size =
      std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", int(date.year()),
                    unsigned(date.month()), unsigned(date.day()), int(clock.hours().count()),
                    int(clock.minutes().count()), int(clock.seconds().count()), int(clock.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

namespace {

// Reads exactly `digits` decimal digits at `at`.
std::optional<int> number(std::string_view text, std::size_t& at, std::size_t digits) {
  if (at + digits > text.size()) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i, ++at) {
    if (text[at] < '0' || text[at] > '9') return std::nullopt;
    value = value * 10 + (text[at] - '0');
  }
  return value;
}

bool literal(std::string_view text, std::size_t& at, std::string_view any_of) {
  if (at >= text.size() || any_of.find(text[at]) == std::string_view::npos) return false;
  ++at;
  return true;
}

}  // namespace

std::optional<Time> parse_time(std::string_view text) {
  std::size_t at = 0;
  const auto year = number(text, at, 4);
  if (!year || !literal(text, at, "-")) return std::nullopt;
  const auto month = number(text, at, 2);
  if (!month || !literal(text, at, "-")) return std::nullopt;
  const auto day = number(text, at, 2);
  if (!day || !literal(text, at, "Tt ")) return std::nullopt;
  const auto hour = number(text, at, 2);
  if (!hour || !literal(text, at, ":")) return std::nullopt;
  const auto minute = number(text, at, 2);
  if (!minute || !literal(text, at, ":")) return std::nullopt;
  const auto second = number(text, at, 2);
  if (!second) return std::nullopt;
  int millis = 0;
  if (at < text.size() && text[at] == '.') {
    ++at;
    int weight = 100;
    const auto first = at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, weight /= 10)
      millis += (text[at] - '0') * weight;
    if (at == first) return std::nullopt;
  }
  int offset_minutes = 0;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
    const int sign = text[at++] == '-' ? -1 : 1;
    const auto hours = number(text, at, 2);
    if (!hours || !literal(text, at, ":")) return std::nullopt;
    const auto minutes = number(text, at, 2);
    if (!minutes) return std::nullopt;
    offset_minutes = sign * (*hours * 60 + *minutes);
  } else if (!literal(text, at, "Zz")) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (at != text.size() || !date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return Time{std::chrono::sys_days{date}} + std::chrono::hours{*hour} +
         std::chrono::minutes{*minute - offset_minutes} + std::chrono::seconds{*second} + Millis{millis};
}

}  // namespace tenantry::base
