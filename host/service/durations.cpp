#include "service/durations.hpp"

namespace tenantry::service {
namespace {

constexpr base::Millis kFresh{60'000};
constexpr std::size_t kRuns = 20;        // the newest ones: a server that became slow is soon believed
constexpr std::size_t kManifests = 100;  // more are not kept at a time

std::vector<base::Millis> declared(const model::Manifest& manifest) {
  std::vector<base::Millis> steps;
  for (const auto& step : manifest.steps) steps.push_back(step.expected);
  return steps;
}

}  // namespace

std::vector<base::Millis> Durations::expected(const model::Manifest& manifest) {
  const auto now = clock_.now();
  {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find(manifest.digest);
    if (known != known_.end() && now - known->second.asked < kFresh) return known->second.steps;
  }
  auto steps = declared(manifest);
  if (const auto usual = store_.usual_durations(manifest.digest, kRuns); usual.has_value())
    for (const auto& [step, took] : *usual)
      if (step < steps.size()) steps[step] = took;
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kManifests) known_.clear();
  known_[manifest.digest] = {steps, now};
  return steps;
}

}  // namespace tenantry::service
