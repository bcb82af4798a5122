// The REST interface: one file per resource; each route parses, calls the service and writes what it says. Nothing is
// decided here.
#pragma once
#include <functional>
#include <string>

#include "events/feed.hpp"
#include "http/router.hpp"
#include "service/audience.hpp"
#include "service/batches.hpp"
#include "service/history.hpp"
#include "service/identity.hpp"
#include "service/provisioning.hpp"
#include "service/tenants.hpp"
#include "webhooks/courier.hpp"

namespace tenantry::rest {

// Everything outlives the router that the routes are added to.
struct Api {
  service::Identity& identity;
  service::Tenants& tenants;
  service::Provisioning& provisioning;
  service::History& history;
  const service::Engines& engines;
  const service::Servers& servers;
  store::Store& store;
  const execution::Scheduler& scheduler;
  const base::Clock& clock;
  service::Audience& audience;
  events::Feed& feed;
  service::Batches& batches;
  webhooks::Courier& webhooks;
};

void add_auth_routes(http::Router& router, const Api& api);
void add_tenant_routes(http::Router& router, const Api& api);
void add_provisioning_routes(http::Router& router, const Api& api);
void add_engine_routes(http::Router& router, const Api& api);
void add_history_routes(http::Router& router, const Api& api);
void add_event_routes(http::Router& router, const Api& api);
void add_batch_routes(http::Router& router, const Api& api);
void add_webhook_routes(http::Router& router, const Api& api);
void add_health_routes(http::Router& router, const Api& api);

inline void add_routes(http::Router& router, const Api& api) {
  add_auth_routes(router, api);
  add_tenant_routes(router, api);
  add_provisioning_routes(router, api);
  add_engine_routes(router, api);
  add_history_routes(router, api);
  add_event_routes(router, api);
  add_batch_routes(router, api);
  add_webhook_routes(router, api);
  add_health_routes(router, api);
}

// A route for signed-in accounts only; others get 401.
using SignedInHandler = std::function<void(const service::Actor&, const http::Request&, const http::Reply&)>;
void add_signed_in(http::Router& router, const Api& api, http::Method method, std::string pattern,
                   SignedInHandler handler, http::RouteOptions options = {});

// The bearer token of a request; empty: none.
[[nodiscard]] std::string bearer_token(const http::Request& request);

// Sends what a service call returned, with this status if it is a value.
template <class Value>
void send(const http::Reply& reply, const base::Result<Value>& result, int status = 200) {
  if (result.has_error()) return reply.send(result.error());
  reply.send(http::json_response(status, *result));
}

}  // namespace tenantry::rest
