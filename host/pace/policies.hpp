// How steps are retried and timed where the operator wants it otherwise than the engine's author.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/manifest.hpp"

namespace tenantry::pace {

using base::Millis;

// What is absent stays as the manifest says.
struct StepPolicy {
  std::optional<int> attempts;
  std::optional<Millis> backoff;
  std::optional<Millis> max_backoff;
  std::optional<Millis> budget;
  std::optional<Millis> timeout;
  std::optional<Millis> heartbeat;
  std::optional<Millis> wait_limit;
};

inline constexpr const char* kEveryStep = "*";

// By step id; that of a step itself is laid over that of every step.
using StepPolicies = std::map<std::string, StepPolicy>;
// By engine id.
using Policies = std::map<std::string, StepPolicies>;

// The manifest as it is carried out. Digest and text stay: it is still the same one. The argument itself if nothing
// changes. Where only one of backoff and max_backoff is given, the other one gives way.
[[nodiscard]] model::ManifestPtr with_policies(model::ManifestPtr manifest, const Policies& policies);

// Steps that have a policy but are not in the manifest.
[[nodiscard]] std::vector<std::string> strangers(const model::Manifest& manifest, const Policies& policies);

}  // namespace tenantry::pace
