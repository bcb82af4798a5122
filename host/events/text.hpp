// An event as it is sent: schemas/event.schema.json.
#pragma once
#include <string>

#include "store/store.hpp"

namespace tenantry::events {

// One JSON object without line breaks.
[[nodiscard]] std::string to_json(const store::StoredEvent& event);
// The same as a server-sent event: `id`, `event` (its type), `data`, and a blank line.
[[nodiscard]] std::string to_sse(const store::StoredEvent& event);

}  // namespace tenantry::events
