// JSON as a person would write it: numbers come as 33.3, where Boost.JSON writes 3.33E1.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace tenantry::base {

[[nodiscard]] std::string to_text(const json::value& value);

// UTF-8, as a JSON text.
void append_quoted(std::string& out, std::string_view text);
void append_number(std::string& out, double number);  // finite

// Writes a document in order, for what is written so often that a tree of it first would cost too much. What is begun
// has to be ended; a comma is set where one belongs.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object() { return next() += '{', *this; }
  JsonWriter& end_object() { return out_ += '}', *this; }
  JsonWriter& begin_array() { return next() += '[', *this; }
  JsonWriter& end_array() { return out_ += ']', *this; }
  JsonWriter& key(std::string_view name) { return append_quoted(next(), name), out_ += ':', *this; }
  JsonWriter& text(std::string_view value) { return append_quoted(next(), value), *this; }
  JsonWriter& text_or_null(std::string_view value) { return value.empty() ? null() : text(value); }
  JsonWriter& null() { return next() += "null", *this; }
  JsonWriter& boolean(bool value) { return next() += value ? "true" : "false", *this; }
  JsonWriter& number(std::int64_t value) { return next() += std::to_string(value), *this; }
  JsonWriter& real(double value) { return append_number(next(), value), *this; }
  JsonWriter& tree(const json::value& value) { return next() += to_text(value), *this; }

 private:
  std::string& next() {
    if (!out_.empty() && out_.back() != '{' && out_.back() != '[' && out_.back() != ':') out_ += ',';
    return out_;
  }
  std::string& out_;
};

}  // namespace tenantry::base
