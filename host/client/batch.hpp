// One command to many tenants: `tenantry batch VERB --filter ...`.
#pragma once
#include <string>
#include <vector>

#include "client/verbs.hpp"

namespace tenantry::client {

struct BatchCommand {
  std::string verb;
  std::vector<std::string> filter;  // engine=..., label.plan=gold, id=..., all
  std::string reason;
  std::vector<std::string> settings;  // start: parameters of the engine, name=value
  bool plan = false;                  // only say what would happen
  bool wait = false;                  // until every tenant has its answer
};

// The member `filter` of the request. Code cli.filter.
[[nodiscard]] base::Result<base::json::object> batch_filter(const std::vector<std::string>& parts);

[[nodiscard]] int run_batch(const Session& session, const BatchCommand& command);

}  // namespace tenantry::client
