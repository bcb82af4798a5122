// What a step gets to see of its run: exactly what its manifest asked for.
#pragma once
#include <string>

#include "base/result.hpp"
#include "model/run.hpp"

namespace tenantry::model {

// The step's input as a JSON object. A source that is absent gives null (a skipped predecessor, an optional member of
// the document). Error "host.bad_document" if a stored document is not JSON, which only a damaged store can cause.
// `foreseen`: for PLAN; an output that is not there yet is {"$unknown": true}.
[[nodiscard]] base::Result<std::string> slice(const Run& run, std::size_t step, bool foreseen = false);

}  // namespace tenantry::model
