// Asks an engine to judge a request beyond what its schema can say (VALIDATE), before a run is accepted.
#pragma once
#include <functional>
#include <vector>

#include "engine/runtime.hpp"
#include "service/engines.hpp"

namespace tenantry::service {

// `done` hears the problems (none: fine), or an error of kind unavailable when the engine could not say. Called exactly
// once, from any thread, within 5 s and the runtime's grace. An engine without VALIDATE has no objections.
void validate(const LoadedEngine& engine, const std::string& request, const std::string& tenant_id,
              std::function<void(base::Result<std::vector<base::Problem>>)> done);

}  // namespace tenantry::service
