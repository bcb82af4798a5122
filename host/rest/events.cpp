#include <algorithm>

#include "base/text.hpp"
#include "events/feed.hpp"
#include "events/text.hpp"
#include "rest/api.hpp"
#include "rest/query.hpp"
#include "service/audience.hpp"

namespace tenantry::rest {
namespace {

constexpr std::int64_t kDefaultPage = 100;
constexpr std::int64_t kLargestPage = 200;
constexpr std::int64_t kLargestId = std::int64_t{1} << 53U;  // what every client's numbers can hold

class StreamReader final : public events::Reader {
 public:
  explicit StreamReader(http::Stream stream) : stream_(std::move(stream)) {}
  bool write(std::string_view bytes) override { return stream_.write(bytes); }
  [[nodiscard]] bool open() const override { return stream_.open(); }
  [[nodiscard]] std::size_t queued() const override { return stream_.queued(); }

 private:
  http::Stream stream_;
};

bool wants_stream(const http::Request& request) {
  if (const auto given = request.query_value("stream")) return *given == "1";
  const auto accept = request.header("Accept");
  return accept && base::lower(*accept).find("text/event-stream") != std::string::npos;
}

http::Response to_response(const store::EventPage& page) {
  std::string body = "{\"events\":[";
  for (const auto& event : page.events) {
    if (body.back() == '}') body += ',';
    body += events::to_json(event);
  }
  body += "],\"next\":" + std::to_string(page.covered) + "}";
  return {200, "application/json", std::move(body), {}, false};
}

void answer(const Api& api, const http::Request& request, const http::Reply& reply,
            const base::Result<store::EventTopic>& topic) {
  Query query(request);
  query.only({"after", "limit", "stream"});
  auto after = query.number("after", -1, 0, kLargestId);
  const auto limit = query.number("limit", kDefaultPage, 1, kLargestPage);
  if (const auto stream = query.text("stream"); !stream.empty() && stream != "0" && stream != "1")
    query.wrong("stream", "expected 0 or 1");
  if (const auto last = request.header("Last-Event-ID"); last && !last->empty()) {
    http::Request as_query;
    as_query.query = {{"Last-Event-ID", std::string(*last)}};
    Query header(as_query);
    after = header.number("Last-Event-ID", 0, 0, kLargestId);
    if (header.verdict().has_error()) query.wrong("Last-Event-ID", "expected the id of an event");
  }
  if (const auto verdict = query.verdict(); verdict.has_error()) return reply.send(verdict.error());
  if (topic.has_error()) return reply.send(topic.error());
  if (const auto there = api.feed.check(std::max<std::int64_t>(after, 0)); there.has_error())
    return reply.send(there.error());
  if (!wants_stream(request)) {
    const auto page = api.feed.read(*topic, std::max<std::int64_t>(after, 0), static_cast<std::size_t>(limit));
    if (page.has_error()) return reply.send(page.error());
    return reply.send(to_response(*page));
  }
  if (after < 0) {
    const auto now = api.feed.settled();
    if (now.has_error()) return reply.send(now.error());
    after = *now;
  }
  api.feed.follow(*topic, after, std::make_unique<StreamReader>(reply.stream()));
}

}  // namespace

void add_event_routes(http::Router& router, const Api& api) {
  using http::Method;
  add_signed_in(router, api, Method::kGet, "/api/events",
                [api](const auto& actor, const auto& request, const auto& reply) {
                  answer(api, request, reply, api.audience.of_all(actor));
                });
  add_signed_in(router, api, Method::kGet, "/api/runs/{run}/events",
                [api](const auto& actor, const auto& request, const auto& reply) {
                  answer(api, request, reply,
                         api.audience.of_run(actor, base::RunId(std::string(request.param("run")))));
                });
  add_signed_in(router, api, Method::kGet, "/api/provisioning/tenants/{id}/events",
                [api](const auto& actor, const auto& request, const auto& reply) {
                  answer(api, request, reply,
                         api.audience.of_tenant(actor, base::TenantId(std::string(request.param("id")))));
                });
}

}  // namespace tenantry::rest
