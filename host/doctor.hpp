// Gathers what `tenantry doctor` judges (cli/doctor.hpp). Changes nothing: no folder, key, store or layout is made.
#pragma once
#include <vector>

#include "cli/commands.hpp"
#include "cli/doctor.hpp"

namespace tenantry {

// In the order in which a host needs things. Loads the engines, asks the ERP servers, and tries the port for a moment.
// A configuration that cannot be read is the only finding.
[[nodiscard]] std::vector<cli::Finding> examine(const cli::HostSetup& setup);

}  // namespace tenantry
