#include "base/json_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace tenantry::base {
namespace {

void append(std::string& out, const json::value& value) {
  if (const auto* object = value.if_object()) {
    char before = '{';
    for (const auto& member : *object) {
      out += before;
      append_quoted(out, member.key());
      out += ':';
      append(out, member.value());
      before = ',';
    }
    out += object->empty() ? "{}" : "}";
  } else if (const auto* array = value.if_array()) {
    char before = '[';
    for (const auto& item : *array) {
      out += before;
      append(out, item);
      before = ',';
    }
    out += array->empty() ? "[]" : "]";
  } else if (const auto* number = value.if_double(); number != nullptr && std::isfinite(*number)) {
    append_number(out, *number);
  } else if (const auto* text = value.if_string()) {
    append_quoted(out, *text);
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

void append_quoted(std::string& out, std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(),
                                 [](unsigned char c) { return c >= 0x20 && c != '"' && c != '\\' && c != 0x7f; });
  if (plain)
    out.append(1, '"').append(text).append(1, '"');
  else
    out += json::serialize(json::string_view(text));
}

void append_number(std::string& out, double number) {
  char digits[32];
  out.append(digits, std::to_chars(std::begin(digits), std::end(digits), number).ptr);
}

std::string to_text(const json::value& value) {
  std::string out;
  append(out, value);
  return out;
}

}  // namespace tenantry::base
