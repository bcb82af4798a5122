#include "rest/api.hpp"
#include "rest/query.hpp"

namespace tenantry::rest {

void add_engine_routes(http::Router& router, const Api& api) {
  add_signed_in(
      router, api, http::Method::kGet, "/api/engines",
      [api](const service::Actor&, const http::Request& request, const http::Reply& reply) {
        Query query(request);
        query.only({"state"});
        const auto state = query.text("state");
        if (!state.empty() && state != "active" && state != "draining" && state != "refused" && state != "all")
          query.wrong("state", "expected active, draining, refused or all");
        if (const auto verdict = query.verdict(); verdict.has_error()) return reply.send(verdict.error());
        const auto snapshot = api.engines.snapshot();
        auto answer = state == "refused" ? service::describe_refused(snapshot) : service::describe_engines(snapshot);
        if (state == "all")
          for (auto& refused : service::describe_refused(snapshot)) answer.push_back(std::move(refused));
        base::json::array chosen;
        for (auto& one : answer)
          if (state.empty() || state == "all" || one.at("state").as_string() == state) chosen.push_back(std::move(one));
        reply.send(http::json_response(200, std::move(chosen)));
      });
  add_signed_in(router, api, http::Method::kGet, "/api/engines/{id}",
                [api](const service::Actor&, const http::Request& request, const http::Reply& reply) {
                  const base::EngineId id(std::string(request.param("id")));
                  if (auto found = service::describe_engine(api.engines.snapshot(), id, api.servers)) {
                    for (auto& server : found->at("servers").as_array()) {
                      const base::ServerId one(base::json::value_to<std::string>(server.at("id")));
                      server.as_object()["answers"] = api.scheduler.board().answers(one);
                    }
                    return reply.send(http::json_response(200, std::move(*found)));
                  }
                  auto error = base::not_found("engine.unknown", "There is no engine " + id.value + ".");
                  error.next_action = "Choose one of the engines that GET /api/engines lists.";
                  reply.send(error);
                });
}

}  // namespace tenantry::rest
