#include "http/reply.hpp"

#include <utility>

#include "base/json_text.hpp"
#include "base/log.hpp"
#include "http/core.hpp"
#include "http/problem.hpp"

namespace tenantry::http {

Response json_response(int status, const base::json::value& value) {
  return {status, "application/json", base::to_text(value), {}, false};
}

Stream::Stream(std::shared_ptr<Link> link) : link_(std::move(link)) {}

bool Stream::write(std::string_view bytes) { return link_ && link_->connection->stream_write(bytes); }
bool Stream::open() const { return link_ && link_->connection->streaming(); }
std::size_t Stream::queued() const { return link_ ? link_->connection->queued() : 0; }
void Stream::close() {
  if (link_) link_->connection->end_stream();
}

Reply::Reply(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}

void Reply::send(Response response) const { exchange_->send(std::move(response)); }

void Reply::send(const base::Error& error) const { exchange_->fail(error); }

Stream Reply::stream(const std::vector<Header>& headers, std::string_view type) const {
  if (!exchange_->claim()) {
    base::log::error("answered twice", {{"route", exchange_->route}, {"request_id", exchange_->request_id}});
    return Stream(nullptr);
  }
  exchange_->connection->start_stream(exchange_, headers, type);
  return Stream(std::make_shared<Link>(exchange_->connection));
}

bool Reply::wanted() const { return exchange_->connection->answerable(); }

Exchange::Exchange(std::shared_ptr<Connection> from, std::shared_ptr<Core> of)
    : connection(std::move(from)), core(std::move(of)) {
  ++core->in_flight;
}

Exchange::~Exchange() {
  if (claimed_) return;
  base::log::error("not answered", {{"route", route}, {"request_id", request_id}});
  fail(base::internal("http.unanswered", "The server did not answer this request."));
}

void Exchange::send(Response response) {
  if (!claim()) {
    base::log::error("answered twice", {{"route", route}, {"request_id", request_id}});
    return;
  }
  connection->send(*this, std::move(response));
}

void Exchange::fail(const base::Error& error) { send(problem(error, path, request_id)); }

void Exchange::answered() {
  if (counted_.exchange(false)) --core->in_flight;
}

void Exchange::finished(int status, std::uint64_t bytes) {
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started);
  base::log::info("request", {{"method", to_text(method)},
                              {"route", route.empty() ? std::string_view("-") : std::string_view(route)},
                              {"status", status},
                              {"bytes", bytes},
                              {"ms", took.count() / 1000},
                              {"request_id", request_id}});
  if (core->options.on_finished) core->options.on_finished(method, route, status, took);
  answered();
}

}  // namespace tenantry::http
