#include "service/history.hpp"

namespace tenantry::service {
namespace {

namespace json = base::json;

json::value describe_failure(const std::optional<model::Failure>& failure) {
  if (!failure) return nullptr;
  return json::object{{"error", failure->message},
                      {"code", failure->code},
                      {"retriable", model::row(failure->cause).retriable},
                      {"next_action", model::next_action(*failure)}};
}

// `step_id(index)` -> the step's id.
template <class StepId>
json::array describe(const std::vector<model::Attempt>& attempts, StepId step_id) {
  json::array all;
  for (const auto& attempt : attempts)
    all.push_back(json::object{{"step", step_id(attempt.step)},
                               {"number", attempt.number},
                               {"epoch", attempt.epoch},
                               {"op", word(attempt.op)},
                               {"outcome", word(attempt.outcome)},
                               {"failure", describe_failure(attempt.failure)},
                               {"started_at", base::format_time(attempt.started_at)},
                               {"ended_at", base::format_time(attempt.ended_at)}});
  return all;
}

json::object describe(const model::OperationSummary& summary) {
  const auto& operation = summary.operation;
  json::error_code failure;
  auto scope = json::parse(operation.scope, failure);
  return {{"id", operation.id.value},
          {"tenant_id", operation.tenant.value},
          {"tenant", summary.tenant_name},
          {"run_id", operation.run.value},
          {"verb", word(operation.verb)},
          {"step", operation.step.empty() ? json::value(nullptr) : json::value(operation.step)},
          {"actor", operation.actor},
          {"actor_email", summary.actor_email.empty() ? json::value(nullptr) : json::value(summary.actor_email)},
          {"reason", operation.reason},
          {"scope", failure ? json::value(nullptr) : std::move(scope)},
          {"created_at", base::format_time(operation.created_at)}};
}

}  // namespace

History::History(store::Store& store, Identity& identity, Provisioning& provisioning, Tenants& tenants)
    : store_(store), identity_(identity), provisioning_(provisioning), tenants_(tenants) {}

base::Result<json::object> History::overview(const Actor& actor, const base::TenantId& id, std::size_t lines) {
  auto tenant = tenants_.get(actor, id);
  if (tenant.has_error()) return tenant.error();
  auto status = provisioning_.status(actor, id);
  if (status.has_error()) return status.error();
  json::array attempts;
  if (const auto* run = status->at("run_id").if_string()) {
    const auto found = store_.attempts(base::RunId(std::string(run->c_str())));
    if (found.has_error()) return found.error();
    const auto& steps = status->at("steps").as_array();
    attempts = describe(
        *found, [&](std::size_t step) { return step < steps.size() ? steps[step].at("id") : json::value(nullptr); });
  }
  json::object answer{
      {"tenant", std::move(*tenant)}, {"status", std::move(*status)}, {"attempts", std::move(attempts)}};
  if (lines == 0) return answer;
  auto logs = provisioning_.logs(actor, id, lines);
  if (logs.has_error()) return logs.error();
  answer["logs"] = std::move(logs->at("logs"));
  return answer;
}

base::Result<json::object> History::attempts(const Actor& actor, const base::RunId& id) {
  const auto unknown = base::not_found("run.unknown", "There is no such run.");
  const auto run = store_.run(id);
  if (run.has_error()) return run.error();
  if (!*run || identity_.require(actor, (*run)->spec->tenant, model::TenantRole::kViewer).has_error()) return unknown;
  const auto found = store_.attempts(id);
  if (found.has_error()) return found.error();
  const auto& steps = (*run)->manifest().steps;
  return json::object{{"attempts", describe(*found, [&](std::size_t step) {
                         return step < steps.size() ? json::value(steps[step].id) : json::value(nullptr);
                       })}};
}

base::Result<json::object> History::operations(const Actor& actor, model::OperationQuery query) {
  if (!query.tenant.empty()) {
    if (const auto allowed = identity_.require(actor, query.tenant, model::TenantRole::kViewer); allowed.has_error())
      return allowed.error();
  } else if (!actor.is_admin()) {
    query.member = actor.id;
  }
  const auto found = store_.operations(query);
  if (found.has_error()) return found.error();
  json::array all;
  for (const auto& summary : *found) all.push_back(describe(summary));
  return json::object{{"operations", std::move(all)}};
}

}  // namespace tenantry::service
