// PLAN: what the steps of a run that is not made yet would do.
#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "execution/ports.hpp"

namespace tenantry::execution {

// One answer for each step; nullopt: the step has no PLAN.
using Foreseen = std::function<void(std::vector<std::optional<engine::Answer>>)>;

// All steps are asked at once. `ports` outlives the calls.
void foresee(model::Run run, engine::Runtime& runtime, const Ports& ports, Foreseen done);

}  // namespace tenantry::execution
