// Members of a request, as what they are if they are there.
#pragma once
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace tenantry::service {

// "" if it is absent or something else.
[[nodiscard]] inline std::string text_member(const base::json::object& body, std::string_view name) {
  const auto* member = body.if_contains(name);
  return member != nullptr && member->is_string() ? base::json::value_to<std::string>(*member) : std::string();
}

// {} if it is absent or something else.
[[nodiscard]] inline base::json::object object_member(const base::json::object& body, std::string_view name) {
  const auto* member = body.if_contains(name);
  return member != nullptr && member->is_object() ? member->get_object() : base::json::object();
}

}  // namespace tenantry::service
