// For tests in which a process dies of a signal.
#pragma once
#include <cstdlib>
#include <string>

namespace tenantry::test {

// Processes that are started from now on die of their signals, not of a sanitizer's report.
inline void let_signals_through() {
  for (const char* name : {"ASAN_OPTIONS", "TSAN_OPTIONS"}) {
    const char* set = std::getenv(name);
    const std::string old = set != nullptr ? set : "";
    if (old.find("handle_segv") == std::string::npos)
      ::setenv(name,
               (old + (old.empty() ? "" : ":") + "handle_segv=0:handle_abort=0:allow_user_segv_handler=1").c_str(), 1);
  }
}

}  // namespace tenantry::test
