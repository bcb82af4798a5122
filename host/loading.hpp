// What a configuration says about engines and the key: the same for `serve` and for who only looks.
#pragma once
#include <filesystem>

#include "config.hpp"
#include "engine/loader.hpp"

namespace tenantry {

// Loads as the operator wants it: isolated or not, under his limits, settings and policies of steps.
[[nodiscard]] engine::Loader engine_loader(const Config& config);

// Where the key is, unless TENANTRY_KEY has it.
[[nodiscard]] std::filesystem::path key_file(const Config& config);

}  // namespace tenantry
