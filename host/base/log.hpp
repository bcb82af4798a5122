// One line per event, with fields rather than sentences: info("step finished", {{"run", id}, {"ms", "84"}}).
// Never a secret, never a request body. Thread-safe. spdlog stays behind this header.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace tenantry::base::log {

enum class Level { kDebug, kInfo, kWarn, kError, kOff };

struct Field {
  std::string_view name;
  std::string value;
  Field(std::string_view field, std::string text) : name(field), value(std::move(text)) {}
  Field(std::string_view field, const char* text) : name(field), value(text) {}
  Field(std::string_view field, std::string_view text) : name(field), value(text) {}
  template <class Number>
  requires std::is_arithmetic_v<Number> Field(std::string_view field, Number number)
      : name(field), value(std::to_string(number)) {}
};
using Fields = std::initializer_list<Field>;

// Lines go to standard error, or to `file` (appended) if it is not empty. Call once, before threads start.
void configure(Level level, const std::string& file = {});

void write(Level level, std::string_view event, Fields fields);
inline void debug(std::string_view event, Fields fields = {}) { write(Level::kDebug, event, fields); }
inline void info(std::string_view event, Fields fields = {}) { write(Level::kInfo, event, fields); }
inline void warn(std::string_view event, Fields fields = {}) { write(Level::kWarn, event, fields); }
inline void error(std::string_view event, Fields fields = {}) { write(Level::kError, event, fields); }

}  // namespace tenantry::base::log
