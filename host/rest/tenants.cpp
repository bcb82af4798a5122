#include "base/json_text.hpp"
#include "rest/api.hpp"
#include "rest/idempotency.hpp"
#include "rest/query.hpp"

namespace tenantry::rest {
namespace {

namespace json = base::json;

constexpr std::int64_t kDefaultPage = 50;
constexpr std::int64_t kLargestPage = 200;

void create(const Api& api, const service::Actor& actor, const http::Request& request, const http::Reply& reply) {
  auto body = http::json_body(request);
  if (body.has_error()) return reply.send(body.error());
  once(api, actor, request, reply, [&](const Once& answer) {
    const auto made = api.tenants.create(actor, *body);
    if (made.has_error()) return answer.refuse(made.error());
    const std::string id = json::value_to<std::string>(made->at("id"));
    answer.send(201, base::to_text(json::object{{"message", "Tenant created successfully"}, {"tenant", *made}}),
                "/api/iam/tenants/" + id);
  });
}

void list(const Api& api, const service::Actor& actor, const http::Request& request, const http::Reply& reply) {
  Query query(request);
  query.only({"skip", "limit", "status", "engine", "q"});
  model::TenantQuery wanted;
  wanted.skip = query.number("skip", 0, 0, 1'000'000'000);
  wanted.limit = query.number("limit", kDefaultPage, 1, kLargestPage);
  wanted.status = query.text("status");
  wanted.engine = base::EngineId(query.text("engine"));
  wanted.text = query.text("q");
  static constexpr std::string_view kStatuses[] = {"",        "NOT_STARTED", "IN_PROGRESS", "COMPLETED",
                                                   "PARTIAL", "FAILED",      "CANCELLED"};
  if (std::find(std::begin(kStatuses), std::end(kStatuses), wanted.status) == std::end(kStatuses))
    query.wrong("status", "expected NOT_STARTED, IN_PROGRESS, COMPLETED, PARTIAL, FAILED or CANCELLED");
  if (const auto verdict = query.verdict(); verdict.has_error()) return reply.send(verdict.error());
  send(reply, api.tenants.list(actor, wanted));
}

}  // namespace

void add_tenant_routes(http::Router& router, const Api& api) {
  using http::Method;
  add_signed_in(
      router, api, Method::kPost, "/api/iam/tenants",
      [api](const auto& actor, const auto& request, const auto& reply) { create(api, actor, request, reply); });
  add_signed_in(router, api, Method::kGet, "/api/iam/tenants",
                [api](const auto& actor, const auto& request, const auto& reply) { list(api, actor, request, reply); });
  add_signed_in(router, api, Method::kGet, "/api/iam/tenants/{id}",
                [api](const auto& actor, const auto& request, const auto& reply) {
                  send(reply, api.tenants.get(actor, base::TenantId(std::string(request.param("id")))));
                });
}

}  // namespace tenantry::rest
