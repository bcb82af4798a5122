#include "base/json_text.hpp"
#include "rest/api.hpp"
#include "rest/idempotency.hpp"
#include "rest/query.hpp"

namespace tenantry::rest {
namespace {

namespace json = base::json;

constexpr std::int64_t kDefaultPage = 100;
constexpr std::int64_t kLargestPage = 1'000;

bool only_asked(const json::value& body) {
  const auto* flag = base::find_pointer(body, "/validate_only");
  return flag != nullptr && flag->is_bool() && flag->get_bool();
}

void create(const Api& api, const service::Actor& actor, const http::Request& request, const http::Reply& reply) {
  const auto body = http::json_body(request);
  if (body.has_error()) return reply.send(body.error());
  if (only_asked(*body)) return send(reply, api.batches.preview(actor, *body));
  once(api, actor, request, reply, [&](const Once& answer) {
    const auto made = api.batches.create(actor, *body);
    if (made.has_error()) return answer.refuse(made.error());
    answer.send(202, base::to_text(*made), "/api/batches/" + json::value_to<std::string>(made->at("id")), 1);
  });
}

void show(const Api& api, const service::Actor& actor, const http::Request& request, const http::Reply& reply) {
  Query query(request);
  query.only({"state", "after", "limit"});
  const auto state = query.text("state");
  if (!state.empty() && state != "waiting" && state != "done" && state != "refused")
    query.wrong("state", "expected waiting, done or refused");
  const auto after = query.number("after", 0, 0, 1'000'000);
  const auto limit = query.number("limit", kDefaultPage, 1, kLargestPage);
  if (const auto verdict = query.verdict(); verdict.has_error()) return reply.send(verdict.error());
  send(reply, api.batches.get(actor, std::string(request.param("id")), state, after, static_cast<std::size_t>(limit)));
}

}  // namespace

void add_batch_routes(http::Router& router, const Api& api) {
  add_signed_in(
      router, api, http::Method::kPost, "/api/batches",
      [api](const auto& actor, const auto& request, const auto& reply) { create(api, actor, request, reply); });
  add_signed_in(router, api, http::Method::kGet, "/api/batches/{id}",
                [api](const auto& actor, const auto& request, const auto& reply) { show(api, actor, request, reply); });
}

}  // namespace tenantry::rest
