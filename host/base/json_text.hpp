// JSON as a person would write it: numbers come as 33.3, where Boost.JSON writes 3.33E1.
#pragma once
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace tenantry::base {

[[nodiscard]] std::string to_text(const json::value& value);

// For what is written so often that it is not worth a document of its own. `text` is UTF-8.
void append_quoted(std::string& out, std::string_view text);
void append_number(std::string& out, double number);  // finite

}  // namespace tenantry::base
