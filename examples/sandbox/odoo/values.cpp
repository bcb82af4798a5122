#include "sandbox/odoo/values.hpp"

#include <array>
#include <ctime>

#include "sandbox/http/message.hpp"
#include "sandbox/odoo/raised.hpp"

namespace tenantry::sandbox::odoo {

bool truthy(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return false;
    case json::kind::bool_:
      return value.get_bool();
    case json::kind::int64:
      return value.get_int64() != 0;
    case json::kind::uint64:
      return value.get_uint64() != 0;
    case json::kind::double_:
      return value.get_double() != 0.0;
    case json::kind::string:
      return !value.get_string().empty();
    case json::kind::array:
      return !value.get_array().empty();
    case json::kind::object:
      return !value.get_object().empty();
  }
  return false;
}

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : std::string{};
}

std::int64_t int_of(const json::value& value) {
  if (value.is_int64()) return value.get_int64();
  if (value.is_uint64()) return static_cast<std::int64_t>(value.get_uint64());
  if (value.is_double()) return static_cast<std::int64_t>(value.get_double());
  return value.is_bool() && value.get_bool() ? 1 : 0;
}

double float_of(const json::value& value) {
  return value.is_double() ? value.get_double() : static_cast<double>(int_of(value));
}

std::vector<Id> ids_of(const json::value& value) {
  std::vector<Id> ids;
  if (!truthy(value)) return ids;
  if (value.is_int64()) return {value.get_int64()};
  if (!value.is_array()) throw python("TypeError", "unhashable type: '" + std::string(python_type(value)) + "'");
  for (const auto& element : value.get_array()) {
    if (!element.is_int64()) throw python("TypeError", "unhashable type: '" + std::string(python_type(element)) + "'");
    ids.push_back(element.get_int64());
  }
  return ids;
}

json::array to_array(const std::vector<Id>& ids) { return json::array(ids.begin(), ids.end()); }

const json::value& member(const json::object& object, std::string_view name) {
  static const json::value kNull;
  const auto* found = object.if_contains(name);
  return found ? *found : kNull;
}

const json::value& member(const json::value& value, std::string_view name) {
  static const json::object kEmpty;
  return member(value.is_object() ? value.get_object() : kEmpty, name);
}

std::string py_repr(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "None";
    case json::kind::bool_:
      return value.get_bool() ? "True" : "False";
    case json::kind::string:
      return "'" + text_of(value) + "'";
    case json::kind::array: {
      std::string result;
      for (const auto& element : value.get_array()) result += (result.empty() ? "" : ", ") + py_repr(element);
      return "[" + result + "]";
    }
    case json::kind::object: {
      std::string result;
      for (const auto& entry : value.get_object())
        result += (result.empty() ? "'" : ", '") + std::string(entry.key()) + "': " + py_repr(entry.value());
      return "{" + result + "}";
    }
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return to_text(value);
  }
  return {};
}

bool same(const json::value& left, const json::value& right) {
  const bool left_number = left.is_number() || left.is_bool();
  const bool right_number = right.is_number() || right.is_bool();
  if (left_number && right_number) return float_of(left) == float_of(right);
  if (!truthy(left) && !truthy(right)) return true;
  return left == right;
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts);
  return {text.data(), size};
}

}  // namespace tenantry::sandbox::odoo
