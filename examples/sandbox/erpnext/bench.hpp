// The bench commands that make, complete and drop sites, with their outputs and exit codes.
#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "sandbox/erpnext/sites.hpp"

namespace tenantry::sandbox::erpnext {

struct BenchCall {
  std::vector<std::string> arguments;  // without "bench"
  // Where the command is killed: "directory" or "tables" for new-site, "apps" for install-app; empty: nowhere.
  std::string stop_at;
  std::string db_root_password;  // what the server accepts; empty: anything
  // Waits for as much of this real-life time as the sandbox is set to. False: whoever called is gone.
  std::function<bool(std::chrono::milliseconds)> take;
};

struct BenchResult {
  int exit = 0;  // -9: killed
  std::string output;
};

[[nodiscard]] BenchResult run_bench(Sites& sites, Journal& journal, const BenchCall& call);

}  // namespace tenantry::sandbox::erpnext
