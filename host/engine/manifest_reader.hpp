// From the JSON an engine hands out to a model::Manifest that can be relied on.
#pragma once
#include <string_view>

#include "base/result.hpp"
#include "model/manifest.hpp"

namespace tenantry::engine {

// Checks the form (schemas/engine-manifest.schema.json) and then, if that is right, the meaning: no id twice, no
// unknown source or predecessor, no cycle, every schema within the host's subset. Error "engine.manifest" with every
// problem of the one or the other, and pointers into the manifest. Members the host does not know are ignored, but
// stay in Manifest::text. Pure; about a millisecond.
[[nodiscard]] base::Result<model::Manifest> read_manifest(std::string_view text);

}  // namespace tenantry::engine
