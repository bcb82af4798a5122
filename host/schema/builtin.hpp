// The schemas that are built into the host (the folder schemas/), under their file names with _ for -: "login",
// "create_tenant", "engine_manifest", ...
#pragma once
#include <string_view>
#include <vector>

#include "schema/schema.hpp"

namespace tenantry::schema {

// Compiled at the first use of any of them. Thread-safe. An unknown name is a bug of the caller and throws
// std::out_of_range.
[[nodiscard]] const Schema& builtin(std::string_view name);
[[nodiscard]] std::string_view builtin_text(std::string_view name);
[[nodiscard]] std::vector<std::string_view> builtin_names();

}  // namespace tenantry::schema
