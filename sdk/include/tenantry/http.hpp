// An HTTP client for engines: one request, one answer, no surprises. It never repeats a request, follows a redirect
// only if told to, and says of every failure whether the other side may have seen the request. Compiled into a plugin
// by tenantry_add_engine(... HTTP).
#pragma once
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <tenantry/context.hpp>

namespace tenantry::http {

struct Header {
  std::string name;
  std::string value;
};

struct Request {
  std::string method = "GET";
  std::string url;  // http or https
  std::vector<Header> headers = {};
  std::string body = {};
  // The whole exchange; shorter if the step's deadline comes first.
  Milliseconds timeout = std::chrono::seconds(30);
  // A longer body fails as too_large instead of filling the memory.
  std::size_t max_response = std::size_t{16} << 20U;
  // 0: a redirect is an answer like any other.
  int max_redirects = 0;
};

struct Response {
  int status = 0;
  std::vector<Header> headers;  // of the last answer, in the order received
  std::string body;

  // The first header of this name, in any case; nullptr if there is none.
  const std::string* header(std::string_view name) const;
};

enum class FailureKind {
  refused,    // nobody answered at that address
  timeout,    // the request's time or the step's deadline is over
  reset,      // the connection was reset
  closed,     // the connection was closed before the answer was complete
  tls,        // no trust, or no common language
  resolve,    // the name has no address
  cancelled,  // the host asked the step to end
  too_large,  // the answer is longer than max_response
  other
};
std::string_view name_of(FailureKind kind);

struct Failure {
  FailureKind kind = FailureKind::other;
  // True: bytes of the request left this machine, so it may have been carried out. Look before doing it again.
  bool may_have_reached = false;
  std::string message;  // for a person; holds neither body nor headers
};

// Either a Response, whatever its status, or a Failure.
using Outcome = std::variant<Response, Failure>;

struct Options {
  Milliseconds connect_timeout = std::chrono::seconds(10);
  std::string ca_file = {};  // instead of the system's certificates
  bool verify_tls = true;
  std::string proxy = {};  // environment variables are not consulted
  std::string user_agent = "tenantry-engine/1.0";
  // Kept by default and re-used for 20 s; false: one connection per request.
  bool keep_connections = true;
};

// Threads: any number may send at once; each exchange borrows one of the client's connections or opens another.
class Client {
 public:
  explicit Client(Options options = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Blocks until the answer is complete or it failed; ends at once when the context is cancelled. Says every second
  // that the step is alive. Never throws for anything the network does.
  [[nodiscard]] Outcome send(Context& context, const Request& request);
  // Outside of a call, e.g. in health(): only the request's own timeout ends it.
  [[nodiscard]] Outcome send(const Request& request);

 private:
  class Connections;
  std::unique_ptr<Connections> connections_;
};

// Everything but letters, digits and -._~ as %XX: for one segment of a path or one value of a query.
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace tenantry::http
