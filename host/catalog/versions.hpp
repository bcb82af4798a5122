// The order of versions.
#pragma once
#include <string_view>

namespace tenantry::catalog {

// Semantic versions: negative if a is older, 0 if equal, positive if newer.
[[nodiscard]] int compare_versions(std::string_view a, std::string_view b);

// A version before its release may change while it is being worked on.
[[nodiscard]] bool is_released(std::string_view version);

}  // namespace tenantry::catalog
