#include "rest/api.hpp"
#include "rest/query.hpp"

namespace tenantry::rest {
namespace {

constexpr std::int64_t kDefaultPage = 50;
constexpr std::int64_t kLargestPage = 200;
constexpr std::int64_t kMostLines = 500;

void list(const Api& api, const service::Actor& actor, const http::Request& request, const http::Reply& reply) {
  Query query(request);
  query.only({"tenant", "skip", "limit"});
  model::OperationQuery wanted;
  wanted.tenant = base::TenantId(query.text("tenant"));
  wanted.skip = query.number("skip", 0, 0, 1'000'000'000);
  wanted.limit = query.number("limit", kDefaultPage, 1, kLargestPage);
  if (const auto verdict = query.verdict(); verdict.has_error()) return reply.send(verdict.error());
  send(reply, api.history.operations(actor, wanted));
}

}  // namespace

void add_history_routes(http::Router& router, const Api& api) {
  using http::Method;
  add_signed_in(router, api, Method::kGet, "/api/provisioning/tenants/{id}/overview",
                [api](const auto& actor, const auto& request, const auto& reply) {
                  Query query(request);
                  query.only({"logs"});
                  const auto lines = query.number("logs", 0, 0, kMostLines);
                  if (const auto verdict = query.verdict(); verdict.has_error()) return reply.send(verdict.error());
                  auto page = api.history.overview(actor, base::TenantId(std::string(request.param("id"))),
                                                   static_cast<std::size_t>(lines));
                  if (page.has_error()) return reply.send(page.error());
                  reply.send(http::Response{200, "application/json", std::move(*page), {}, false});
                });
  add_signed_in(router, api, Method::kGet, "/api/runs/{id}/attempts",
                [api](const auto& actor, const auto& request, const auto& reply) {
                  send(reply, api.history.attempts(actor, base::RunId(std::string(request.param("id")))));
                });
  add_signed_in(router, api, Method::kGet, "/api/operations",
                [api](const auto& actor, const auto& request, const auto& reply) { list(api, actor, request, reply); });
}

}  // namespace tenantry::rest
