// What the process of an engine gives up before any code of the engine runs.
#pragma once
#include <optional>
#include <string>

#include "child/options.hpp"

namespace tenantry::child {

// Limits, the user, core dumps; and that it ends with the host. What did not work, as the rest of a sentence.
[[nodiscard]] std::optional<std::string> confine(const Limits& limits, std::size_t threads);

}  // namespace tenantry::child
