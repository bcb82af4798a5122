// Compares two JSON documents by shape: the same keys, the same types, the first element of lists.
#pragma once
#include <boost/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace tenantry::sandbox::testing {

namespace json = boost::json;

inline const char* kind_name(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "bool";
    case json::kind::int64:
    case json::kind::uint64:
      return "integer";
    case json::kind::double_:
      return "float";
    case json::kind::string:
      return "string";
    case json::kind::array:
      return "array";
    case json::kind::object:
      return "object";
  }
  return "?";
}

// Differences, as "path: what"; `exempt` holds paths that are not looked at (array elements are "[]").
inline void compare_shapes(const json::value& recorded, const json::value& actual, const std::string& path,
                           const std::set<std::string>& exempt, std::vector<std::string>& differences) {
  if (exempt.contains(path)) return;
  if (std::string(kind_name(recorded)) != kind_name(actual)) {
    differences.push_back(path + ": " + kind_name(recorded) + " became " + kind_name(actual));
    return;
  }
  if (recorded.is_array()) {
    const auto& left = recorded.get_array();
    const auto& right = actual.get_array();
    if (left.empty() != right.empty())
      differences.push_back(path + (left.empty() ? ": should be empty" : ": should not be empty"));
    else if (!left.empty())
      compare_shapes(left[0], right[0], path + "[]", exempt, differences);
  }
  if (!recorded.is_object()) return;
  const auto& left = recorded.get_object();
  const auto& right = actual.get_object();
  for (const auto& member : left) {
    const std::string below = path + "." + std::string(member.key());
    if (const auto* other = right.if_contains(member.key()))
      compare_shapes(member.value(), *other, below, exempt, differences);
    else if (!exempt.contains(below))
      differences.push_back(below + ": missing");
  }
  for (const auto& member : right) {
    const std::string below = path + "." + std::string(member.key());
    if (!left.contains(member.key()) && !exempt.contains(below)) differences.push_back(below + ": too much");
  }
}

// The strings of an exc or _server_messages, decoded: a JSON string of a JSON array of JSON strings.
inline json::value decode_messages(const json::value& text) {
  boost::system::error_code bad;
  if (!text.is_string()) return nullptr;
  json::value list = json::parse(text.get_string(), bad);
  if (bad || !list.is_array()) return nullptr;
  for (auto& entry : list.get_array()) {
    if (!entry.is_string()) continue;
    json::value decoded = json::parse(entry.get_string(), bad);
    if (!bad) entry = std::move(decoded);
  }
  return list;
}

}  // namespace tenantry::sandbox::testing
