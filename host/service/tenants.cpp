#include "service/tenants.hpp"

#include <limits>

#include "base/ids.hpp"
#include "base/mask.hpp"
#include "schema/builtin.hpp"

namespace tenantry::service {
namespace {

namespace json = base::json;
using base::Problem;

std::string text(const json::object& body, std::string_view name) {
  const auto* member = body.if_contains(name);
  const auto* value = member != nullptr ? member->if_string() : nullptr;
  return value != nullptr ? std::string(value->c_str(), value->size()) : std::string();
}

std::string upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

}  // namespace

Tenants::Tenants(store::Store& store, Identity& identity, const Engines& engines, const Servers& servers,
                 const secrets::Vault& vault, const base::Clock& clock)
    : store_(store), identity_(identity), engines_(engines), servers_(servers), vault_(vault), clock_(clock) {}

json::object describe(const model::TenantSummary& summary) {
  const auto& tenant = summary.tenant;
  json::error_code failure;
  auto labels = json::parse(tenant.labels.empty() ? "{}" : tenant.labels, failure);
  return {{"id", tenant.id.value},
          {"name", tenant.name},
          {"engine", tenant.engine.value},
          {"server", tenant.server.empty() ? json::value(nullptr) : json::value(tenant.server.value)},
          {"country_code", tenant.country_code},
          {"admin_name", tenant.admin_name},
          {"admin_email", tenant.admin_email},
          {"category", tenant.category.empty() ? json::value(nullptr) : json::value(tenant.category)},
          {"description", tenant.description.empty() ? json::value(nullptr) : json::value(tenant.description)},
          {"labels", failure ? json::value(json::object()) : std::move(labels)},
          {"status", summary.state ? json::value(model::row(*summary.state).status) : json::value("NOT_STARTED")},
          {"state", summary.state ? json::value(model::word(*summary.state)) : json::value(nullptr)},
          {"steps_completed", summary.steps_completed},
          {"total_steps", summary.total_steps},
          {"current_step", summary.current_step ? json::value(*summary.current_step) : json::value(nullptr)},
          {"run_id", summary.run ? json::value(summary.run->value) : json::value(nullptr)},
          {"created_at", base::format_time(tenant.created_at)}};
}

base::Result<base::ServerId> Tenants::place(const json::object& body, const base::EngineId& engine) {
  if (const auto wanted = text(body, "server"); !wanted.empty()) {
    const auto* server = servers_.find(base::ServerId(wanted));
    if (server != nullptr && server->engine == engine) return server->id;
    return base::invalid("tenant.server", "The tenant cannot be placed there.",
                         {{"/server", server == nullptr ? "no such ERP server is configured"
                                                        : "this server belongs to engine " + server->engine.value}});
  }
  base::ServerId best;
  auto least = std::numeric_limits<std::int64_t>::max();
  for (const auto* server : servers_.of_engine(engine)) {
    const auto load = store_.tenants_on(server->id);
    if (load.has_error()) return load.error();
    if (*load >= least) continue;
    least = *load;
    best = server->id;
  }
  return best;  // empty: an engine that needs no server
}

base::Result<json::object> Tenants::create(const Actor& actor, const json::value& body) {
  if (auto problems = schema::builtin("create_tenant").check(body); !problems.empty())
    return base::invalid("tenant.invalid", "The tenant cannot be made from this.", std::move(problems));
  const auto& members = body.get_object();
  model::Tenant tenant;
  tenant.engine = base::EngineId(text(members, "engine"));
  if (!engines_.find(tenant.engine, {}))
    return base::invalid("tenant.engine", "No such engine is loaded.",
                         {{"/engine", "expected one of the engines that GET /api/engines lists"}});
  auto server = place(members, tenant.engine);
  if (server.has_error()) return server.error();
  tenant.id = base::TenantId(base::new_id("ten_"));
  tenant.owner = actor.id;
  tenant.server = std::move(*server);
  tenant.name = text(members, "name");
  tenant.country_code = upper(text(members, "country_code"));
  tenant.admin_name = text(members, "admin_name");
  tenant.admin_email = text(members, "admin_email");
  tenant.category = text(members, "category");
  tenant.description = text(members, "description");
  const auto* labels = members.if_contains("labels");
  tenant.labels = labels != nullptr ? json::serialize(*labels) : "{}";
  tenant.created_at = clock_.now();
  auto password = text(members, "admin_password");
  const store::Store::SealedSecret sealed{"tenant.admin_password",
                                          vault_.seal(tenant.id.value, "tenant.admin_password", password)};
  base::wipe(password);
  if (const auto made = store_.create_tenant(tenant, {&sealed, 1}); made.has_error()) return made.error();
  model::TenantSummary summary;
  summary.tenant = std::move(tenant);
  return describe(summary);
}

base::Result<json::array> Tenants::list(const Actor& actor, model::TenantQuery query) {
  if (!actor.is_admin()) query.member = actor.id;
  const auto found = store_.tenants(query);
  if (found.has_error()) return found.error();
  json::array answer;
  for (const auto& summary : *found) answer.push_back(describe(summary));
  return answer;
}

base::Result<json::object> Tenants::get(const Actor& actor, const base::TenantId& tenant) {
  if (const auto allowed = identity_.require(actor, tenant, model::TenantRole::kViewer); allowed.has_error())
    return allowed.error();
  const auto found = store_.tenant(tenant);
  if (found.has_error()) return found.error();
  if (!*found) return base::not_found("tenant.unknown", "There is no such tenant.");
  if ((*found)->tenant.removed_at != base::Time{}) return gone();
  return describe(**found);
}

}  // namespace tenantry::service
