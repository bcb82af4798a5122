#include "rest/api.hpp"
#include "rest/query.hpp"

namespace tenantry::rest {

void add_engine_routes(http::Router& router, const Api& api) {
  add_signed_in(router, api, http::Method::kGet, "/api/engines",
                [api](const service::Actor&, const http::Request& request, const http::Reply& reply) {
                  Query query(request);
                  query.only({"state"});
                  const auto state = query.text("state");
                  if (!state.empty() && state != "active" && state != "refused")
                    query.wrong("state", "expected active or refused");
                  if (const auto verdict = query.verdict(); verdict.has_error()) return reply.send(verdict.error());
                  reply.send(http::json_response(
                      200, state == "refused" ? api.engines.describe_refused() : api.engines.describe()));
                });
}

}  // namespace tenantry::rest
