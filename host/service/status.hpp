// What a client is told about a run. Pure.
#pragma once
#include <optional>
#include <vector>

#include "base/json.hpp"
#include "engine/runtime.hpp"
#include "model/advance.hpp"
#include "store/store.hpp"

namespace tenantry::service {

// The status answer, as JSON text: of the predecessor's interface, with the finer words beside them. `expected`: how
// long each step usually takes.
[[nodiscard]] std::string status_answer(const model::Run& run, const std::optional<base::OperationId>& operation,
                                        const std::vector<base::Millis>& expected, base::Time now);

// The same for a tenant that was never started.
[[nodiscard]] base::json::object not_started_answer(const base::TenantId& tenant, const model::Manifest& manifest,
                                                    const std::vector<base::Millis>& expected);

// One line of the log for a person, or nullopt for an event that is only of use to programs.
[[nodiscard]] std::optional<base::json::object> log_line(const store::StoredEvent& event);

// The scope of a command that was only asked about (validate_only).
[[nodiscard]] base::json::object preview_answer(const model::Run& run, model::Verb verb, const model::Scope& scope);

// What start would do: per step would_create, already_there, would_change or cannot_know, with the engine's own words.
[[nodiscard]] base::json::object plan_answer(const model::RunSpec& spec,
                                             const std::vector<std::optional<engine::Answer>>& answers);

}  // namespace tenantry::service
