// A run goes on with another version of its engine.
#include "model/draft.hpp"

namespace tenantry::model {
namespace {

namespace json = boost::json;

// For each step of `to`, where it stands in `from`.
std::vector<std::optional<std::size_t>> places(const Manifest& from, const Manifest& to) {
  std::vector<std::optional<std::size_t>> out;
  out.reserve(to.steps.size());
  for (const auto& step : to.steps) out.push_back(from.find(step.id));
  return out;
}

json::array missing(const Manifest& these, const Manifest& from) {
  json::array out;
  for (const auto& step : these.steps)
    if (!from.find(step.id)) out.emplace_back(step.id);
  return out;
}

}  // namespace

std::vector<StepRun> carried(const std::vector<StepRun>& steps, const Repin& repin) {
  std::vector<StepRun> out;
  out.reserve(repin.from.size());
  for (const auto& old : repin.from) out.push_back(old ? steps[*old] : StepRun{});
  return out;
}

base::Result<Run> repinned(const Run& run, std::shared_ptr<const RunSpec> onto) {
  const auto& from = run.manifest();
  const auto& to = *onto->manifest;
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const bool finished = run.steps[i].state == StepState::kCompleted || run.steps[i].state == StepState::kExists;
    if (!finished || to.find(from.steps[i].id)) continue;
    base::Error error{base::ErrorKind::kConflict,
                      "run.version_mismatch",
                      "Step " + from.steps[i].id + " is finished, and version " + to.version + " of engine " +
                          to.engine.value + " has no such step.",
                      "Continue with version " + from.version + ", whose file has to be loaded, or start again.",
                      {},
                      {}};
    return error;
  }
  Run out;
  out.head = run.head;
  out.steps = carried(run.steps, Repin{onto, places(from, to)});
  out.spec = std::move(onto);
  return out;
}

void repin(Draft& draft, const Run& before, const Run& after) {
  const auto& from = before.manifest();
  const auto& to = after.manifest();
  draft.change().repin = Repin{after.spec, places(from, to)};
  draft.run_event(
      "run.repinned",
      {{"from", from.version}, {"to", to.version}, {"added", missing(to, from)}, {"removed", missing(from, to)}});
}

}  // namespace tenantry::model
