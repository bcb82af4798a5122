#include "pace/policies.hpp"

#include <algorithm>
#include <utility>

namespace tenantry::pace {
namespace {

void lay_over(model::StepSpec& step, const StepPolicy& policy) {
  auto& retry = step.retry;
  retry.attempts = policy.attempts.value_or(retry.attempts);
  retry.backoff = policy.backoff.value_or(retry.backoff);
  retry.max_backoff = policy.max_backoff.value_or(retry.max_backoff);
  if (policy.max_backoff) retry.backoff = std::min(retry.backoff, retry.max_backoff);
  retry.max_backoff = std::max(retry.backoff, retry.max_backoff);
  retry.budget = policy.budget.value_or(retry.budget);
  step.timeout = policy.timeout.value_or(step.timeout);
  step.heartbeat = policy.heartbeat.value_or(step.heartbeat);
  step.wait_limit = policy.wait_limit.value_or(step.wait_limit);
}

}  // namespace

model::ManifestPtr with_policies(model::ManifestPtr manifest, const Policies& policies) {
  const auto found = policies.find(manifest->engine.value);
  if (found == policies.end() || found->second.empty()) return manifest;
  auto changed = std::make_shared<model::Manifest>(*manifest);
  for (auto& step : changed->steps)
    for (const auto& id : {std::string(kEveryStep), step.id})
      if (const auto policy = found->second.find(id); policy != found->second.end()) lay_over(step, policy->second);
  return changed;
}

std::vector<std::string> strangers(const model::Manifest& manifest, const Policies& policies) {
  std::vector<std::string> all;
  const auto found = policies.find(manifest.engine.value);
  if (found == policies.end()) return all;
  for (const auto& [step, policy] : found->second)
    if (step != kEveryStep && !manifest.find(step)) all.push_back(step);
  return all;
}

}  // namespace tenantry::pace
