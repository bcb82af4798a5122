// A host that answers what a test tells it to, and remembers what it was asked.
#pragma once
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "http/server.hpp"
#include "support/catch.hpp"

namespace tenantry::client {

struct Asked {
  std::string method;
  std::string target;
  std::string body;
  std::string authorization;
  std::string idempotency_key;
};

class Answering {
 public:
  Answering() : server_({}, routes()) {
    base::log::configure(base::log::Level::kOff);
    REQUIRE(server_.start().has_value());
  }
  Answering(const Answering&) = delete;
  Answering& operator=(const Answering&) = delete;
  ~Answering() { server_.stop(); }

  // The next answers to requests with this method and path; the last one stays.
  void on(const std::string& request, http::Response answer) {
    const std::lock_guard lock(mutex_);
    answers_[request].push_back(std::move(answer));
  }
  void on(const std::string& request, const char* json, int status = 200) {
    on(request,
       http::Response{status, status < 400 ? "application/json" : "application/problem+json", json, {}, false});
  }

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  [[nodiscard]] std::vector<Asked> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  http::Router routes() {
    http::Router router;
    for (const auto method : {http::Method::kGet, http::Method::kPost, http::Method::kDelete})
      router.add(method, "/{all...}",
                 [this](const http::Request& request, const http::Reply& reply) { reply.send(next(request)); });
    return router;
  }

  http::Response next(const http::Request& request) {
    const std::lock_guard lock(mutex_);
    const auto method = std::string(http::to_text(request.method));
    asked_.push_back({method, request.target, request.body, std::string(request.header("Authorization").value_or("")),
                      std::string(request.header("Idempotency-Key").value_or(""))});
    auto& queue = answers_[method + " " + request.path];
    if (queue.empty())
      return {404, "application/problem+json", R"({"code":"http.route","detail":"No such page."})", {}, false};
    auto answer = queue.front();
    if (queue.size() > 1) queue.erase(queue.begin());
    return answer;
  }

  mutable std::mutex mutex_;
  std::map<std::string, std::vector<http::Response>> answers_;
  std::vector<Asked> asked_;
  http::Server server_;
};

}  // namespace tenantry::client
