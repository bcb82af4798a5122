// The HTTP room: it moves requests in and answers out, and knows nothing of what they mean. Routes are added by the
// rooms above; TLS, HTTP/2 and compression belong to the edge in front.
//
// What is Pistache's and what is ours. Pistache owns the sockets it accepts and the threads that read them (endpoint
// .cpp). Framing requests and writing answers is ours (parser, connection), because in Pistache 0.0.5 both are unsafe:
// its parser answers bad headers with exception text, desynchronises after a 413 and drops pipelined requests; its
// write queue can hand an answer to another client, and one client that does not read stops its whole I/O thread. We
// therefore take its bytes in (onInput) and never let it write: it has no answer of its own left, not even a 408.
//
// What remains of the library: a client that closes its sending side is taken to be gone, and an answer that is not
// ready by then is lost; each server that was started and stopped leaves a few descriptors open (3 per I/O thread and
// 1), and its event descriptors are inherited by child processes that do not close them.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "http/router.hpp"

namespace tenantry::http {

struct Options {
  std::string address = "127.0.0.1";  // IPv6 with or without brackets
  std::uint16_t port = 0;             // 0: any free one, see Server::port
  int io_threads = 2;
  int pool_threads = 8;
  std::size_t pool_queue = 1024;                     // waiting requests; more is a 503
  std::size_t max_connections = 4096;                // more is a 503 and a close
  std::size_t max_body = 1U << 20U;                  // bytes; more is a 413
  std::size_t max_target = 2048;                     // bytes; more is a 414
  std::size_t max_head = 16U << 10U;                 // request line and headers; more is a 431
  std::size_t max_headers = 100;                     // more is a 431
  std::size_t stream_backlog = 256U << 10U;          // bytes a stream's reader may be behind
  std::chrono::milliseconds header_timeout{15'000};  // from the first byte to the end of the headers; then a 408
  std::chrono::milliseconds body_timeout{60'000};    // for the body; then a 408
  std::chrono::milliseconds idle_timeout{75'000};    // between requests; then a close
  std::chrono::milliseconds write_timeout{30'000};   // for a reader that takes nothing; then a close
  std::chrono::milliseconds stream_limit{240'000};   // the life of a stream
  // Called once per request after its answer was handed over, from any thread; must not block or throw. `route` is the
  // pattern, or "" if none matched or nothing could be read (kOther then); status 0: the client was gone first.
  std::function<void(Method method, std::string_view route, int status, std::chrono::microseconds took)> on_finished;
};

// Life: start, (drain,) stop. The handlers of the routes must outlive stop().
class Server {
 public:
  Server(Options options, Router router);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();  // stop()

  // Listens and returns. Code http.listen if the address cannot be had.
  [[nodiscard]] base::Result<void> start();
  [[nodiscard]] std::uint16_t port() const;  // 0 before start

  // From now on every new request gets 503 and a close, and streams end. Waits until all others are answered and
  // their bytes handed to the kernel; false if that takes longer than `limit`.
  bool drain(std::chrono::milliseconds limit);

  // Closes everything at once, waits for the handlers that are running, and frees the port. Idempotent.
  void stop();

  [[nodiscard]] std::size_t in_flight() const;  // requests without an answer yet
  [[nodiscard]] std::size_t connections() const;
  [[nodiscard]] std::size_t streams() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace tenantry::http
