#include "service/history.hpp"

#include "base/json_text.hpp"

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

json::array described(const std::vector<model::Attempt>& attempts, const model::Manifest& manifest) {
  const auto step_id = [&](std::size_t step) {
    return step < manifest.steps.size() ? json::value(manifest.steps[step].id) : json::value(nullptr);
  };
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

base::Result<std::string> History::overview(const Actor& actor, const base::TenantId& id, std::size_t lines) {
  const auto tenant = tenants_.get(actor, id);
  if (tenant.has_error()) return tenant.error();
  const auto status = provisioning_.status(actor, id);
  if (status.has_error()) return status.error();
  json::array attempts;
  if (status->run) {
    const auto found = store_.attempts(status->run->spec->id);
    if (found.has_error()) return found.error();
    attempts = described(*found, status->run->manifest());
  }
  auto answer = R"({"tenant":)" + base::to_text(*tenant) + R"(,"status":)" + *status->page + R"(,"attempts":)" +
                base::to_text(attempts);
  if (lines > 0) {
    const auto logs = provisioning_.logs(actor, id, lines);
    if (logs.has_error()) return logs.error();
    answer += R"(,"logs":)" + base::to_text(logs->at("logs"));
  }
  return answer + "}";
}

base::Result<json::object> History::attempts(const Actor& actor, const base::RunId& id) {
  const auto unknown = base::not_found("run.unknown", "There is no such run.");
  const auto run = store_.run(id);
  if (run.has_error()) return run.error();
  if (!*run || identity_.require(actor, (*run)->spec->tenant, model::TenantRole::kViewer).has_error()) return unknown;
  const auto found = store_.attempts(id);
  if (found.has_error()) return found.error();
  return json::object{{"attempts", described(*found, (*run)->manifest())}};
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
