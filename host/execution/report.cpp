#include "execution/report.hpp"

#include "base/json.hpp"

namespace tenantry::execution {
namespace {

constexpr std::size_t kMostManifests = 64;  // compiling again costs less than keeping every version there ever was

}  // namespace

const std::optional<schema::Schema>& OutputCheck::schema_of(const model::Manifest& manifest, std::size_t step) {
  if (compiled_.size() >= kMostManifests && !compiled_.contains(manifest.digest)) compiled_.clear();
  auto [found, fresh] = compiled_.try_emplace(manifest.digest);
  if (fresh)
    for (const auto& spec : manifest.steps) {
      // The manifest was checked when it was read; what does not compile is treated as "no schema".
      auto schema = spec.output_schema.is_null() ? base::Result<schema::Schema>(base::not_found("", ""))
                                                 : schema::Schema::compile(spec.output_schema);
      found->second.push_back(schema.has_value() ? std::optional(std::move(*schema)) : std::nullopt);
    }
  return found->second[step];
}

model::StepReport OutputCheck::report(const model::Manifest& manifest, std::size_t step, model::Op op,
                                      engine::Answer answer) {
  model::StepReport report;
  report.step = step;
  report.outcome = answer.outcome;
  report.retry_after = answer.retry_after;
  report.suspects = answer.suspects;
  report.failure = std::move(answer.failure);
  report.output = std::move(answer.output);
  const bool success = report.outcome == model::Outcome::kDone || report.outcome == model::Outcome::kAlreadyDone;
  if (op == model::Op::kUndo) return report;  // the schema is that of what RUN makes
  const auto& schema = schema_of(manifest, step);
  if (!success || !schema || (op != model::Op::kRun && report.output.empty())) return report;
  const auto refuse = [&](const std::string& why) {
    report.outcome = model::Outcome::kFailed;
    report.output.clear();
    report.failure = model::Failure{model::FailureClass::kInternal, "host.bad_output", why, {}, {}};
    return report;
  };
  if (report.output.empty()) return refuse("The engine gave no output for " + manifest.steps[step].id + ".");
  const auto output = base::parse_json(report.output);
  if (output.has_error()) return refuse("The output of " + manifest.steps[step].id + " is not JSON.");
  const auto problems = schema->check(*output);
  if (!problems.empty())
    return refuse("The output of " + manifest.steps[step].id + " breaks its schema at " +
                  (problems[0].pointer.empty() ? "/" : problems[0].pointer) + ": " + problems[0].message);
  return report;
}

}  // namespace tenantry::execution
