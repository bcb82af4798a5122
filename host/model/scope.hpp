// What a verb chooses. Private to the model room.
#pragma once
#include <vector>

#include "model/draft.hpp"

namespace tenantry::model {

// The steps a retry, a continue or a rerun sets back to pending; everything else follows from the graph.
[[nodiscard]] std::vector<bool> targets(const Run& run, const Command& command);

// What would run if the targets were set back. Unknown steps with a VERIFY are looked at first, whatever is resumed.
[[nodiscard]] Scope resume_scope(const Run& run, const Command& command);

[[nodiscard]] bool is_skippable_now(const StepRun& step);

}  // namespace tenantry::model
