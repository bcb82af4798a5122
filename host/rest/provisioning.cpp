#include "rest/api.hpp"
#include "rest/idempotency.hpp"
#include "rest/query.hpp"
#include "schema/builtin.hpp"

namespace tenantry::rest {
namespace {

namespace json = base::json;
using http::Method;
using model::Verb;

constexpr std::int64_t kDefaultLines = 500;
constexpr std::int64_t kMostLines = 5'000;

base::TenantId tenant_of(const http::Request& request) { return base::TenantId(std::string(request.param("id"))); }

// 202 with the operation to poll; a preview is a plain 200.
service::Answered answered(const Once& once) {
  return [once](base::Result<service::CommandAnswer> result) {
    if (result.has_error()) return once.refuse(result.error());
    if (result->operation.empty()) return once.send(200, std::move(result->body), {});
    once.send(202, std::move(result->body), "/api/operations/" + result->operation.value, 1);
  };
}

std::string text(const json::object& body, std::string_view name) {
  const auto* member = body.if_contains(name);
  return member != nullptr && member->is_string() ? json::value_to<std::string>(*member) : std::string();
}

bool flag(const json::object& body, std::string_view name) {
  const auto* member = body.if_contains(name);
  return member != nullptr && member->is_bool() && member->get_bool();
}

void command(const Api& api, Verb verb, std::string_view schema, const service::Actor& actor,
             const http::Request& request, const http::Reply& reply) {
  const auto body = http::json_body(
      request, verb == Verb::kSkipStep || verb == Verb::kRerunFrom ? http::Body::kRequired : http::Body::kOptional);
  if (body.has_error()) return reply.send(body.error());
  if (auto problems = schema::builtin(schema).check(*body); !problems.empty())
    return reply.send(base::invalid("command.invalid", "The command is not understood.", std::move(problems)));
  const auto& members = body->get_object();
  service::CommandRequest wanted;
  wanted.verb = verb;
  wanted.step = text(members, "step");
  wanted.reason = text(members, "reason");
  if (wanted.reason.empty() && verb == Verb::kSkipStep) wanted.reason = "No reason was given.";
  wanted.downstream = flag(members, "include_downstream");
  wanted.force = flag(members, "force");
  wanted.version = text(members, "version");
  wanted.validate_only = flag(members, "validate_only");
  once(api, actor, request, reply, [&](const Once& answer) {
    api.provisioning.command(actor, tenant_of(request), std::move(wanted), answered(answer));
  });
}

void send_page(const http::Reply& reply, const std::string& text) {
  reply.send(http::Response{200, "application/json", text, {}, false});
}

void start(const Api& api, const service::Actor& actor, const http::Request& request, const http::Reply& reply) {
  const auto body = http::json_body(request, http::Body::kOptional);
  if (body.has_error()) return reply.send(body.error());
  once(api, actor, request, reply,
       [&](const Once& answer) { api.provisioning.start(actor, tenant_of(request), *body, answered(answer)); });
}

void plan(const Api& api, const service::Actor& actor, const http::Request& request, const http::Reply& reply) {
  const auto body = http::json_body(request, http::Body::kOptional);
  if (body.has_error()) return reply.send(body.error());
  api.provisioning.plan(actor, tenant_of(request), *body, [reply](const auto& answer) {
    if (answer.has_error()) return reply.send(answer.error());
    send_page(reply, answer->body);
  });
}

}  // namespace

void add_provisioning_routes(http::Router& router, const Api& api) {
  const std::string base = "/api/provisioning/tenants/{id}/";
  const auto add = [&](Verb verb, std::string_view schema) {
    add_signed_in(router, api, Method::kPost, base + std::string(model::word(verb)),
                  [api, verb, schema](const auto& actor, const auto& request, const auto& reply) {
                    command(api, verb, schema, actor, request, reply);
                  });
  };
  add_signed_in(
      router, api, Method::kPost, base + "start",
      [api](const auto& actor, const auto& request, const auto& reply) { start(api, actor, request, reply); });
  add(Verb::kRetry, "retry");
  add(Verb::kContinue, "continue");
  add(Verb::kSkipStep, "skip_step");
  add(Verb::kCancel, "cancel");
  add(Verb::kRerunFrom, "rerun_from");
  for (const auto verb : {Verb::kPause, Verb::kResume, Verb::kKill, Verb::kRollback, Verb::kVerify})
    add(verb, "command");
  add_signed_in(router, api, Method::kPost, base + "plan",
                [api](const auto& actor, const auto& request, const auto& reply) { plan(api, actor, request, reply); });
  add_signed_in(router, api, Method::kDelete, "/api/iam/tenants/{id}",
                [api](const auto& actor, const auto& request, const auto& reply) {
                  command(api, Verb::kDeprovision, "command", actor, request, reply);
                });
  http::RouteOptions often_asked;
  often_asked.at_once = [api](const auto& request, const auto& reply) {
    const auto page = api.provisioning.status_at_once(bearer_token(request), tenant_of(request));
    if (page) send_page(reply, *page);
    return page != nullptr;
  };
  add_signed_in(
      router, api, Method::kGet, base + "status",
      [api](const auto& actor, const auto& request, const auto& reply) {
        const auto status = api.provisioning.status(actor, tenant_of(request));
        if (status.has_error()) return reply.send(status.error());
        send_page(reply, *status->page);
      },
      std::move(often_asked));
  add_signed_in(
      router, api, Method::kGet, base + "logs", [api](const auto& actor, const auto& request, const auto& reply) {
        Query query(request);
        query.only({"limit", "step"});
        const auto limit = query.number("limit", kDefaultLines, 1, kMostLines);
        if (const auto verdict = query.verdict(); verdict.has_error()) return reply.send(verdict.error());
        send(reply,
             api.provisioning.logs(actor, tenant_of(request), static_cast<std::size_t>(limit), query.text("step")));
      });
  add_signed_in(router, api, Method::kGet, "/api/operations/{id}",
                [api](const auto& actor, const auto& request, const auto& reply) {
                  send(reply, api.provisioning.operation(actor, base::OperationId(std::string(request.param("id")))));
                });
}

}  // namespace tenantry::rest
