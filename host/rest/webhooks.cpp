#include <charconv>

#include "rest/api.hpp"
#include "rest/query.hpp"

namespace tenantry::rest {
namespace {

constexpr std::int64_t kDefaultPage = 50;
constexpr std::int64_t kLargestPage = 200;

// What receivers are told concerns every tenant.
void add_admin(http::Router& router, const Api& api, http::Method method, std::string pattern,
               const SignedInHandler& handler) {
  add_signed_in(router, api, method, std::move(pattern),
                [handler](const auto& actor, const auto& request, const auto& reply) {
                  if (actor.is_admin()) return handler(actor, request, reply);
                  reply.send(base::Error{base::ErrorKind::kDenied,
                                         "auth.admin_only",
                                         "Only an administrator may see or use webhooks.",
                                         "Ask an administrator.",
                                         {},
                                         {}});
                });
}

void list(const Api& api, const http::Request& request, const http::Reply& reply) {
  Query query(request);
  query.only({"state", "before", "limit"});
  const auto state = query.text("state");
  if (!state.empty() && state != "waiting" && state != "delivered" && state != "given_up")
    query.wrong("state", "expected waiting, delivered or given_up");
  const auto before = query.number("before", 0, 0, std::int64_t{1} << 53U);
  const auto limit = query.number("limit", kDefaultPage, 1, kLargestPage);
  if (const auto verdict = query.verdict(); verdict.has_error()) return reply.send(verdict.error());
  send(reply,
       api.webhooks.deliveries(std::string(request.param("id")), state, before, static_cast<std::size_t>(limit)));
}

void send_again(const Api& api, const http::Request& request, const http::Reply& reply) {
  const auto text = request.param("delivery");
  std::int64_t delivery = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), delivery);
  if (failure != std::errc() || end != text.data() + text.size())
    return reply.send(base::not_found("delivery.unknown", "There is no such delivery."));
  send(reply, api.webhooks.send_again(std::string(request.param("id")), delivery), 202);
}

}  // namespace

void add_webhook_routes(http::Router& router, const Api& api) {
  using http::Method;
  add_admin(router, api, Method::kGet, "/api/webhooks", [api](const auto&, const auto&, const auto& reply) {
    reply.send(http::json_response(200, api.webhooks.list()));
  });
  add_admin(router, api, Method::kGet, "/api/webhooks/{id}/deliveries",
            [api](const auto&, const auto& request, const auto& reply) { list(api, request, reply); });
  add_admin(router, api, Method::kPost, "/api/webhooks/{id}/deliveries/{delivery}/resend",
            [api](const auto&, const auto& request, const auto& reply) { send_again(api, request, reply); });
}

}  // namespace tenantry::rest
