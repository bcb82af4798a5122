// A running server with the routes that the tests of this room ask for.
#pragma once
#include <chrono>
#include <functional>
#include <thread>
#include <utility>

#include "base/log.hpp"
#include "http/server.hpp"
#include "support/catch.hpp"
#include "support/http_client.hpp"

namespace tenantry::http {

template <class Question>
bool eventually(Question question, std::chrono::milliseconds limit = std::chrono::seconds(10)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!question()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::yield();
  }
  return true;
}

struct Serving {
  explicit Serving(Router router, Options options = {}) : server(std::move(options), std::move(router)) {
    base::log::configure(base::log::Level::kOff);
    REQUIRE(server.start().has_value());
    REQUIRE(server.port() != 0);
  }
  [[nodiscard]] test::HttpClient client(std::chrono::milliseconds timeout = std::chrono::seconds(10)) const {
    return test::HttpClient(server.port(), "127.0.0.1", timeout);
  }

  Server server;
};

inline void answer_text(const Reply& reply, std::string text) {
  reply.send(Response{200, "text/plain", std::move(text), {}, false});
}

// The answer's body names the request it belongs to, so that an answer to somebody else shows.
inline void echo(const Request& request, const Reply& reply) {
  answer_text(reply, std::string(to_text(request.method)) + " " + request.target + " " + request.body);
}

// True for a problem document with this status and code.
inline bool is_problem(const test::HttpAnswer& answer, int status, std::string_view code = {}) {
  if (answer.status != status || answer.header("Content-Type") != "application/problem+json") return false;
  const auto body = base::parse_json(answer.body);
  if (!body.has_value() || !body->is_object()) return false;
  const auto& members = body->get_object();
  for (const auto* name : {"type", "title", "status", "detail", "code", "request_id"})
    if (!members.contains(name)) return false;
  return members.at("status") == status && (code.empty() || members.at("code").as_string() == code);
}

}  // namespace tenantry::http
