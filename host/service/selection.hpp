// Who is meant by the filter of a batch.
#pragma once
#include <vector>

#include "base/json.hpp"
#include "service/identity.hpp"
#include "store/store.hpp"

namespace tenantry::service {

inline constexpr std::size_t kMostSelected = 10'000;

// The tenants that `filter` (batch.schema.json) finds among those that the actor may see, the oldest first. invalid
// "batch.nobody" if there are none, "batch.too_many" if there are more than kMostSelected.
[[nodiscard]] base::Result<std::vector<model::TenantSummary>> select(store::Store& store, const Actor& actor,
                                                                     const base::json::object& filter);

}  // namespace tenantry::service
