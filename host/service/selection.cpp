#include "service/selection.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "service/members.hpp"

namespace tenantry::service {
namespace {

namespace json = base::json;

constexpr std::int64_t kPage = 1'000;

bool has_labels(const model::Tenant& tenant, const json::object& wanted) {
  if (wanted.empty()) return true;
  const auto labels = base::parse_json(tenant.labels.empty() ? "{}" : tenant.labels);
  const auto* given = labels.has_value() ? labels->if_object() : nullptr;
  return given != nullptr && std::all_of(wanted.begin(), wanted.end(), [&](const auto& label) {
           const auto* value = given->if_contains(label.key());
           return value != nullptr && *value == label.value();
         });
}

std::string_view state_word(const model::TenantSummary& summary) {
  return summary.state ? model::word(*summary.state) : std::string_view("not_started");
}

}  // namespace

base::Result<std::vector<model::TenantSummary>> select(store::Store& store, const Actor& actor,
                                                       const json::object& filter) {
  std::unordered_set<std::string> ids;
  if (const auto* given = filter.if_contains("ids"))
    for (const auto& id : given->as_array()) ids.insert(json::value_to<std::string>(id));
  const auto server = text_member(filter, "server");
  const auto state = text_member(filter, "state");
  const auto labels = object_member(filter, "labels");
  model::TenantQuery query;
  if (!actor.is_admin()) query.member = actor.id;
  query.engine = base::EngineId(text_member(filter, "engine"));
  query.status = text_member(filter, "status");
  query.text = text_member(filter, "text");
  query.limit = kPage;
  std::vector<model::TenantSummary> found;
  std::unordered_set<std::string> seen;  // a tenant made meanwhile moves the others on to the next page
  for (;; query.skip += kPage) {
    auto page = store.tenants(query);
    if (page.has_error()) return page.error();
    for (auto& summary : *page) {
      const auto& tenant = summary.tenant;
      const bool wanted = (ids.empty() || ids.contains(tenant.id.value)) &&
                          (server.empty() || tenant.server.value == server) &&
                          (state.empty() || state_word(summary) == state) && has_labels(tenant, labels);
      if (wanted && seen.insert(tenant.id.value).second) found.push_back(std::move(summary));
    }
    if (found.size() > kMostSelected)
      return base::invalid("batch.too_many", "The filter finds more than 10,000 tenants.",
                           {{"/filter", "expected to find at most 10000 tenants"}});
    if (page->size() < static_cast<std::size_t>(kPage)) break;
  }
  if (found.empty())
    return base::invalid("batch.nobody", "The filter finds no tenant.", {{"/filter", "expected to find a tenant"}});
  std::reverse(found.begin(), found.end());  // the oldest first
  return found;
}

}  // namespace tenantry::service
