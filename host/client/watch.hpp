// Follows a tenant's run until it is over: a picture that is redrawn on a terminal, a line per change elsewhere. What
// is shown is made by pure functions of the status answer (schemas/status.schema.json).
#pragma once
#include <chrono>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "client/client.hpp"
#include "client/output.hpp"

namespace tenantry::client {

// True unless steps are still running or may run by themselves.
[[nodiscard]] bool is_over(const base::json::value& status);
// Of a run that is over: kExitOk, kExitFailed or kExitPartial.
[[nodiscard]] int exit_code_of(const base::json::value& status);

// The whole picture: a bar, then a line for each step. Fits into look.width columns and less than look.height lines.
[[nodiscard]] std::vector<std::string> picture(const std::string& name, const base::json::value& status,
                                               const Look& look, base::Time now);

// What is new since the last status, a line for each step that moved on.
class Changes {
 public:
  [[nodiscard]] std::vector<std::string> next(const base::json::value& status, const Look& look, base::Time now);

 private:
  std::map<std::string, std::string> seen_;  // step -> what was last said of it
};

// How it ended, why, and what to do next.
[[nodiscard]] std::vector<std::string> closing(const std::string& name, const base::json::value& status);

struct WatchOptions {
  Format format = Format::kTable;  // kJson: one status answer in a line for each change
  Look look;
  std::chrono::milliseconds interval{250};
  std::chrono::milliseconds patience{60'000};  // with a host that does not answer: a run outlives its host
};

// Asks until the run is over and returns exit_code_of it, or that of the error that ended the watch.
[[nodiscard]] int watch(Client& client, const std::string& tenant, const std::string& name, const WatchOptions& options,
                        std::ostream& out, std::ostream& err);

}  // namespace tenantry::client
