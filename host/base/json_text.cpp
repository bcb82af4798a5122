#include "base/json_text.hpp"

#include <charconv>
#include <cmath>

namespace tenantry::base {
namespace {

void append(std::string& out, const json::value& value) {
  if (const auto* object = value.if_object()) {
    char before = '{';
    for (const auto& member : *object) {
      out += before;
      out += json::serialize(member.key());
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
    char digits[32];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), *number).ptr;
    out.append(digits, end);
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

std::string to_text(const json::value& value) {
  std::string out;
  append(out, value);
  return out;
}

}  // namespace tenantry::base
