// JSON as a person would write it: numbers come as 33.3, where Boost.JSON writes 3.33E1.
#pragma once
#include <string>

#include "base/json.hpp"

namespace tenantry::base {

[[nodiscard]] std::string to_text(const json::value& value);

}  // namespace tenantry::base
