// What an engine's manifest says about its documents, ready to hold requests, settings and outputs against.
#pragma once
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "model/failure.hpp"
#include "model/manifest.hpp"
#include "schema/schema.hpp"

namespace tenantry::engine {

// Immutable and thread-safe.
class Contract {
 public:
  // The manifest has been read by read_manifest(); throws std::logic_error if one of its schemas does not compile.
  explicit Contract(model::ManifestPtr manifest);

  [[nodiscard]] const model::ManifestPtr& manifest() const { return manifest_; }

  // The parameters of a run with their defaults filled in. Error "request.invalid" with every problem.
  [[nodiscard]] base::Result<base::json::value> complete_request(const base::json::value& request) const;

  // The same for the operator's settings; "settings.invalid".
  [[nodiscard]] base::Result<base::json::value> complete_settings(const base::json::value& settings) const;

  // What is wrong with an output (JSON text) of step number `step`: host.bad_output; nullopt if it is as declared.
  [[nodiscard]] std::optional<model::Failure> check_output(std::size_t step, std::string_view output) const;

 private:
  model::ManifestPtr manifest_;
  std::optional<schema::Schema> request_;
  std::optional<schema::Schema> settings_;
  std::vector<std::optional<schema::Schema>> outputs_;  // parallel to the manifest's steps
};

}  // namespace tenantry::engine
