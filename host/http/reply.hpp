// The answer to one request: sent whole, or as a stream, from any thread.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "http/request.hpp"

namespace tenantry::http {

// Content-Length, Date, X-Request-Id, X-Content-Type-Options: nosniff and, unless `headers` has another one,
// Cache-Control: no-store are added when it is sent. 204 and 304 have no body.
struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<Header> headers;  // names must be tokens; a header with a line break in it is left out and logged
  bool close = false;           // close the connection after it
};

[[nodiscard]] Response json_response(int status, const base::json::value& value);

class Exchange;
class Link;

// A body that goes on: text/event-stream. Copyable; all copies are one stream, thread-safe. It ends when close() is
// called, the last copy dies, the reader leaves or falls behind, or Options::stream_limit is over; the server then
// closes the connection and an EventSource comes back by itself with Last-Event-ID.
class Stream {
 public:
  explicit Stream(std::shared_ptr<Link> link);

  // Queues the bytes and returns at once. False: the stream is over; more than Options::stream_backlog behind
  // counts as over, and drops the reader.
  [[nodiscard]] bool write(std::string_view bytes);
  [[nodiscard]] bool open() const;
  // Bytes that the kernel has not taken yet: whoever has much to say waits until there are few.
  [[nodiscard]] std::size_t queued() const;
  void close();

 private:
  std::shared_ptr<Link> link_;
};

// The right to answer one request. Copyable; all copies are one right, thread-safe: the first send() or stream()
// counts, later ones are ignored and logged. If the last copy dies unanswered, the client gets a 500 problem. May
// outlive the server and the client; sending is then without effect. Never throws, never blocks.
class Reply {
 public:
  explicit Reply(std::shared_ptr<Exchange> exchange);

  void send(Response response) const;
  void send(const base::Error& error) const;  // as problem+json, see problem.hpp

  // Starts a 200 whose body is written through the Stream. The status line is sent at once.
  [[nodiscard]] Stream stream(const std::vector<Header>& headers = {},
                              std::string_view type = "text/event-stream") const;

  // False when the client has left: whoever waits for something to tell it may stop.
  [[nodiscard]] bool wanted() const;

 private:
  std::shared_ptr<Exchange> exchange_;
};

}  // namespace tenantry::http
