#include "rest/api.hpp"

namespace tenantry::rest {

namespace json = base::json;

void add_health_routes(http::Router& router, const Api& api) {
  router.add(http::Method::kGet, "/livez",
             [](const http::Request&, const http::Reply& reply) {
               reply.send(http::json_response(200, json::object{{"live", true}}));
             },
             {http::Where::kIoThread, 0});
  router.add(http::Method::kGet, "/readyz", [api](const http::Request&, const http::Reply& reply) {
    const auto store = api.store.ping();
    const bool commits = api.scheduler.healthy();
    const bool engines = !api.engines.snapshot().generations.empty();
    const bool ready = store.has_value() && commits && engines;
    json::object answer{{"ready", ready},
                        {"store", store.has_error() ? json::value(store.error().code) : json::value("ok")},
                        {"execution", commits ? "ok" : "commits fail"},
                        {"engines", engines ? "ok" : "none is loaded"}};
    reply.send(http::json_response(ready ? 200 : 503, answer));
  });
}

}  // namespace tenantry::rest
