#include "service/batches.hpp"

#include <semaphore>
#include <utility>

#include "base/ids.hpp"
#include "schema/builtin.hpp"
#include "service/active_batch.hpp"
#include "service/members.hpp"
#include "service/selection.hpp"

namespace tenantry::service {
namespace {

namespace json = base::json;
using base::Error;
using store::BatchItem;

json::object describe_error(const Error& error) {
  json::object answer{{"code", error.code}, {"message", error.message}, {"next_action", error.next_action}};
  if (!error.allowed_verbs.empty()) answer["allowed_verbs"] = json::value_from(error.allowed_verbs);
  return answer;
}

json::object describe(const BatchItem& item) {
  json::object answer{{"number", item.number},
                      {"tenant_id", item.tenant.value},
                      {"state", item.state},
                      {"operation", item.state == "done" ? json::value(item.operation.value) : json::value(nullptr)},
                      {"error", nullptr},
                      {"at", item.at == base::Time{} ? json::value(nullptr) : json::value(base::format_time(item.at))}};
  if (item.state == "refused")
    answer["error"] = json::object{{"code", item.code}, {"message", item.message}, {"next_action", item.next_action}};
  return answer;
}

json::object describe(const store::Batch& batch) {
  const auto request = base::parse_json(batch.request)->as_object();
  const bool over = batch.finished_at != base::Time{};
  return {{"id", batch.id},
          {"verb", text_member(request, "verb")},
          {"filter", object_member(request, "filter")},
          {"reason", text_member(request, "reason")},
          {"state", over ? "finished" : "running"},
          {"total", batch.total},
          {"waiting", batch.total - batch.done - batch.refused},
          {"done", batch.done},
          {"refused", batch.refused},
          {"created_at", base::format_time(batch.created_at)},
          {"finished_at", over ? json::value(base::format_time(batch.finished_at)) : json::value(nullptr)}};
}

base::Result<json::object> checked(const json::value& body) {
  if (auto problems = schema::builtin("batch").check(body); !problems.empty())
    return base::invalid("batch.invalid", "The batch is not understood.", std::move(problems));
  if (object_member(body.get_object(), "filter").empty())
    return base::invalid("batch.invalid", "The batch does not say which tenants are meant.",
                         {{"/filter", "expected at least one member; {\"all\": true} means every tenant"}});
  return body.get_object();
}

}  // namespace

Batches::Batches(store::Store& store, Provisioning& provisioning, const base::Clock& clock, store::HostLife self)
    : store_(store),
      provisioning_(provisioning),
      clock_(clock),
      self_(std::move(self)),
      shared_(std::make_shared<Shared>()),
      random_(std::random_device{}()) {}

Batches::~Batches() { stop(); }

base::Result<json::object> Batches::create(const Actor& actor, const json::value& body) {
  const auto request = checked(body);
  if (request.has_error()) return request.error();
  const auto tenants = select(store_, actor, object_member(*request, "filter"));
  if (tenants.has_error()) return tenants.error();
  store::Batch batch;
  batch.id = base::new_id("bat_");
  batch.account = actor.id;
  batch.request = json::serialize(*request);
  batch.host = self_.host;
  batch.created_at = clock_.now();
  batch.total = static_cast<std::int64_t>(tenants->size());
  std::vector<BatchItem> items;
  items.reserve(tenants->size());
  for (const auto& summary : *tenants) {
    auto& item = items.emplace_back();
    item.number = static_cast<std::int64_t>(items.size());
    item.tenant = summary.tenant.id;
    item.operation = base::OperationId(base::new_id("op_"));
  }
  if (const auto made = store_.batches().create_batch(batch, items); made.has_error()) return made.error();
  add(batch, std::move(items), false);
  return describe(batch);
}

base::Result<json::object> Batches::preview(const Actor& actor, const json::value& body) {
  const auto request = checked(body);
  if (request.has_error()) return request.error();
  const auto tenants = select(store_, actor, object_member(*request, "filter"));
  if (tenants.has_error()) return tenants.error();
  std::vector<json::object> items(tenants->size());
  std::counting_semaphore<kBatchAtOnce> room{kBatchAtOnce};
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto& tenant = (*tenants)[i].tenant;
    items[i] = {{"tenant_id", tenant.id.value}, {"name", tenant.name}};
    room.acquire();
    send(actor, *request, tenant.id, {}, true, [&, i](const base::Result<CommandAnswer>& answer) {
      items[i]["would"] = answer.has_value();
      if (answer.has_error())
        items[i]["error"] = describe_error(answer.error());
      else if (!answer->scope.is_null())
        items[i]["scope"] = answer->scope;
      room.release();
    });
  }
  for (std::size_t i = 0; i < kBatchAtOnce; ++i) room.acquire();  // all are answered
  json::array list;
  std::int64_t would = 0;
  for (auto& item : items) {
    would += item.at("would").as_bool() ? 1 : 0;
    list.push_back(std::move(item));
  }
  const auto total = static_cast<std::int64_t>(tenants->size());
  return json::object{{"validate_only", true},    {"verb", text_member(*request, "verb")},
                      {"total", total},           {"would", would},
                      {"refused", total - would}, {"items", std::move(list)}};
}

base::Result<json::object> Batches::get(const Actor& actor, const std::string& id, const std::string& state,
                                        std::int64_t after, std::size_t limit) const {
  const auto found = store_.batches().batch(id);
  if (found.has_error()) return found.error();
  if (!*found || (!actor.is_admin() && (*found)->account != actor.id))
    return base::not_found("batch.unknown", "There is no such batch.");
  const auto items = store_.batches().batch_items(id, state, after, limit);
  if (items.has_error()) return items.error();
  auto answer = describe(**found);
  json::array list;
  for (const auto& item : *items) list.push_back(describe(item));
  answer["next"] = items->size() < limit ? json::value(nullptr) : json::value(items->back().number);
  answer["items"] = std::move(list);
  return answer;
}

void Batches::send(const Actor& actor, const json::object& request, const base::TenantId& tenant,
                   const base::OperationId& operation, bool validate_only, Answered answered) {
  const auto verb = *model::verb(text_member(request, "verb"));
  if (verb == model::Verb::kStart) {
    json::object body{{"validate_only", validate_only}};
    if (const auto* parameters = request.if_contains("parameters")) body["parameters"] = *parameters;
    return provisioning_.start(actor, tenant, body, std::move(answered), operation);
  }
  CommandRequest command;
  command.verb = verb;
  command.reason = text_member(request, "reason");
  command.validate_only = validate_only;
  command.operation = operation;
  provisioning_.command(actor, tenant, std::move(command), std::move(answered));
}

}  // namespace tenantry::service
