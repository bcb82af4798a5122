// Asks an engine to judge a request beyond what its schema can say (VALIDATE), before a run is accepted.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/runtime.hpp"
#include "service/engines.hpp"

namespace tenantry::service {

// A few questions to each engine at a time, so that they find a thread there however many steps are running; the others
// wait for their turn. Thread-safe; may be destroyed while questions are out.
class Validation {
 public:
  // The problems (none: fine), or an error of kind unavailable when the engine could not say.
  using Done = std::function<void(base::Result<std::vector<base::Problem>>)>;

  Validation();

  // `done` is called exactly once, from any thread; once it is its turn, within 5 s and the runtime's grace. An engine
  // without VALIDATE has no objections, and is not asked twice.
  void judge(const LoadedEngine& engine, const std::string& request, const std::string& tenant_id, Done done);

 private:
  struct Desk;
  std::shared_ptr<Desk> desk_;
};

}  // namespace tenantry::service
