// From what an engine answered to what the model hears of it.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/runtime.hpp"
#include "model/advance.hpp"
#include "schema/schema.hpp"

namespace tenantry::execution {

// Checks outputs against the schemas of pinned manifests. Compiled once per manifest; not thread-safe.
class OutputCheck {
 public:
  // The report of this answer: an output that is missing or breaks the step's schema turns success into FAILED
  // host.bad_output.
  [[nodiscard]] model::StepReport report(const model::Manifest& manifest, std::size_t step, model::Op op,
                                         engine::Answer answer);

 private:
  const std::optional<schema::Schema>& schema_of(const model::Manifest& manifest, std::size_t step);

  std::map<std::string, std::vector<std::optional<schema::Schema>>> compiled_;  // by digest
};

}  // namespace tenantry::execution
