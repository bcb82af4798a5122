#include "base/mask.hpp"
#include "rest/api.hpp"
#include "schema/builtin.hpp"

namespace tenantry::rest {
namespace {

namespace json = base::json;

void sign_in(const Api& api, const http::Request& request, const http::Reply& reply) {
  auto body = http::json_body(request);
  if (body.has_error()) return reply.send(body.error());
  if (auto problems = schema::builtin("login").check(*body); !problems.empty())
    return reply.send(
        base::invalid("auth.body", "Sign-in needs an e-mail address and a password.", std::move(problems)));
  std::string password = json::value_to<std::string>(body->at("password"));
  const auto done = api.identity.sign_in(json::value_to<std::string>(body->at("email")), password, request.peer);
  base::wipe(password);
  if (done.has_error()) return reply.send(done.error());
  reply.send(http::json_response(200, json::object{{"access_token", done->token},
                                                   {"token_type", "bearer"},
                                                   {"expires_at", base::format_time(done->expires_at)}}));
}

}  // namespace

void add_auth_routes(http::Router& router, const Api& api) {
  router.add(http::Method::kPost, "/api/auth/login",
             [api](const http::Request& request, const http::Reply& reply) { sign_in(api, request, reply); });
  router.add(http::Method::kPost, "/api/auth/logout", [api](const http::Request& request, const http::Reply& reply) {
    const auto done = api.identity.sign_out(bearer_token(request));
    if (done.has_error()) return reply.send(done.error());
    reply.send(http::Response{204, {}, {}, {}, false});
  });
  add_signed_in(
      router, api, http::Method::kGet, "/api/auth/me",
      [](const service::Actor& actor, const http::Request&, const http::Reply& reply) {
        reply.send(http::json_response(
            200, json::object{{"id", actor.id.value}, {"email", actor.email}, {"role", model::word(actor.role)}}));
      });
}

}  // namespace tenantry::rest
