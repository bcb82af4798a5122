// How a command ended, for scripts.
#pragma once

namespace tenantry::client {

// Stable: scripts decide by them.
enum ExitCode : int {
  kExitOk = 0,
  kExitError = 1,    // the host cannot be reached, or something is broken
  kExitUsage = 2,    // the command line is not understood
  kExitFailed = 3,   // the run that was watched failed or was cancelled; doctor: something is wrong
  kExitPartial = 4,  // it ended with some steps failed
  kExitRefused = 5,  // the host refused the command
};

}  // namespace tenantry::client
