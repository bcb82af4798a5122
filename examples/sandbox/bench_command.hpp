// `tenantry-sandbox bench ARGS...`: runs a bench command in a sandbox that is running and leaves as bench would leave.
#pragma once
#include <string>
#include <vector>

namespace tenantry::sandbox {

// The sandbox's address is in TENANTRY_SANDBOX_URL. TENANTRY_SANDBOX_STOP_AT lets the command die on its way, see
// README.md. Returns the exit code; a command that is to die kills the process with SIGKILL instead.
int bench_command(const std::vector<std::string>& arguments);

}  // namespace tenantry::sandbox
