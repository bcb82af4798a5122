// The process of one engine: `tenantry engine-runner`. Maps the plugin it inherited, opens the engine, and carries out
// the calls that the host sends, with the same code that runs engines in the host itself.
#pragma once

namespace tenantry::child {

// Returns an exit code only if this process was not started by a host; otherwise the process ends in it. Nothing of the
// process may have been used before: no other thread, no descriptor but the inherited ones.
[[nodiscard]] int run_engine();

}  // namespace tenantry::child
