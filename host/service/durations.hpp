// How long steps usually take on this installation: learnt from the attempts that did their work, and from the engine's
// manifest for steps that nobody has run yet.
#pragma once
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "model/manifest.hpp"
#include "store/store.hpp"

namespace tenantry::service {

// Thread-safe. Asks the store at most once a minute for each manifest; what it cannot read it does not know.
class Durations {
 public:
  Durations(store::Store& store, const base::Clock& clock) : store_(store), clock_(clock) {}

  // Parallel to the manifest's steps.
  [[nodiscard]] std::vector<base::Millis> expected(const model::Manifest& manifest);

 private:
  struct Known {
    std::vector<base::Millis> steps;
    base::Time asked{};
  };

  store::Store& store_;
  const base::Clock& clock_;
  std::mutex mutex_;  // guards what follows
  std::map<std::string, Known> known_;
};

}  // namespace tenantry::service
