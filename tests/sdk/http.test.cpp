#include <tenantry/http.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <mutex>
#include <thread>

#include "probe.hpp"
#include "support/catch.hpp"

using namespace tenantry;
using http::FailureKind;
using testing::FakeHost;
using Steady = std::chrono::steady_clock;

namespace {

// A loopback socket with a free port; listening only if asked to.
class Socket {
 public:
  explicit Socket(bool listening) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || (listening && ::listen(fd_, 64) != 0) ||
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("no loopback socket");
    port_ = ntohs(address.sin_port);
  }
  ~Socket() { ::close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }
  std::string url(std::string_view path = "/", std::string_view scheme = "http") const {
    return std::string(scheme) + "://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }

 private:
  int fd_;
  int port_ = 0;
};

// One accepted connection, as the server's script sees it.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {}
  // One request with its body; empty when the client has closed.
  std::string read_request() {
    std::string text;
    while (text.find("\r\n\r\n") == text.npos)
      if (!read_some(text)) return {};
    const std::size_t head = text.find("\r\n\r\n") + 4;
    const std::size_t length_at = text.find("Content-Length: ");
    const std::size_t length = length_at < head ? std::stoul(text.substr(length_at + 16)) : 0;
    while (text.size() < head + length)
      if (!read_some(text)) return {};
    return text;
  }
  void write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  void answer(std::string_view body, std::string_view more = "", std::string_view status = "200 OK") const {
    write("HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
          std::string(more) + "\r\n" + std::string(body));
  }
  // The close() that follows sends RST instead of FIN.
  void will_reset() const {
    const linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  // Returns when the client has gone away.
  void wait_for_close() {
    std::string ignored;
    while (read_some(ignored)) {
    }
  }

 private:
  bool read_some(std::string& to) {
    char bytes[4096];
    const ssize_t count = ::recv(fd_, bytes, sizeof bytes, 0);
    if (count > 0) to.append(bytes, static_cast<std::size_t>(count));
    return count > 0;
  }
  int fd_;
};

// Serves every connection by the same script, in a thread each. Outlives its clients' connections.
class Server {
 public:
  using Script = std::function<void(Peer&)>;
  explicit Server(Script script) : script_(std::move(script)), socket_(true), acceptor_([this] { accept_all(); }) {}
  ~Server() {
    ::shutdown(socket_.fd(), SHUT_RDWR);
    acceptor_.join();
    for (std::thread& thread : threads_) thread.join();
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  std::string url(std::string_view path = "/") const { return socket_.url(path); }
  std::string url(std::string_view path, std::string_view scheme) const { return socket_.url(path, scheme); }
  int connections() const { return connections_; }

 private:
  void accept_all() {
    for (;;) {
      const int fd = ::accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      ++connections_;
      threads_.emplace_back([this, fd] {
        Peer peer(fd);
        script_(peer);
        ::close(fd);
      });
    }
  }
  Script script_;
  Socket socket_;
  std::atomic<int> connections_{0};
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

// A text that a test and its server's threads hand to each other.
class SharedText {
 public:
  SharedText& operator=(std::string text) {
    const std::scoped_lock lock(mutex_);
    text_ = std::move(text);
    return *this;
  }
  std::string get() const {
    const std::scoped_lock lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

http::Outcome send(FakeHost& host, http::Client& client, const http::Request& request) {
  http::Outcome outcome = http::Failure{};
  static_cast<void>(probe::run(host, [&](Context& c) {
    outcome = client.send(c, request);
    return done();
  }));
  return outcome;
}

http::Outcome send(const http::Request& request) {
  auto host = FakeHost::of<probe::Engine>();
  http::Client client;
  return send(host, client, request);
}

http::Failure failure(const http::Outcome& outcome) {
  const auto* failed = std::get_if<http::Failure>(&outcome);
  REQUIRE(failed != nullptr);
  return *failed;
}

http::Response response(const http::Outcome& outcome) {
  if (const auto* failed = std::get_if<http::Failure>(&outcome)) FAIL("failed: " << failed->message);
  return std::get<http::Response>(outcome);
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& one : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

}  // namespace

TEST_CASE("an answer has a status, headers in any case, and a body") {
  SharedText seen;
  const Server server([&](Peer& peer) {
    seen = peer.read_request();
    peer.answer("{\"ok\":1}", "Retry-After: 7\r\nX-Empty:\r\n", "429 Too Many");
  });
  const auto answer = response(send({.url = server.url("/api?x=1"), .headers = {{"Authorization", "token a:b"}}}));
  CHECK(answer.status == 429);
  CHECK(answer.body == "{\"ok\":1}");
  REQUIRE(answer.header("retry-after") != nullptr);
  CHECK(*answer.header("retry-after") == "7");
  CHECK(*answer.header("x-empty") == "");
  CHECK(answer.header("absent") == nullptr);
  CHECK(seen.get().starts_with("GET /api?x=1 HTTP/1.1\r\n"));
  CHECK(seen.get().find("Authorization: token a:b\r\n") != std::string::npos);
}

TEST_CASE("every method sends what it should and nothing of its own") {
  SharedText seen;
  const Server server([&](Peer& peer) {
    seen = peer.read_request();
    peer.answer("");
  });
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE", "GET"}) {
    CAPTURE(method);
    CHECK(response(send({.method = method, .url = server.url(), .body = "a=1"})).status == 200);
    CHECK(seen.get().starts_with(std::string(method) + " / HTTP/1.1\r\n"));
    CHECK(seen.get().ends_with("\r\n\r\na=1"));
    CHECK(seen.get().find("Content-Type") == std::string::npos);
    CHECK(seen.get().find("Expect") == std::string::npos);
  }
  CHECK(response(send({.method = "POST", .url = server.url()})).status == 200);
  CHECK(seen.get().find("Content-Length: 0\r\n") != std::string::npos);
  CHECK(response(send({.method = "HEAD", .url = server.url()})).status == 200);
  CHECK(seen.get().starts_with("HEAD / "));
}

TEST_CASE("a redirect is an answer, and is followed only when asked to") {
  const Server server([&](Peer& peer) {
    for (std::string seen = peer.read_request(); !seen.empty(); seen = peer.read_request()) {
      if (seen.starts_with("GET /old "))
        peer.answer("moved", "Location: /new\r\n", "302 Found");
      else
        peer.answer("new");
    }
  });
  CHECK(response(send({.url = server.url("/old")})).status == 302);
  const auto followed = response(send({.url = server.url("/old"), .max_redirects = 1}));
  CHECK(followed.status == 200);
  CHECK(followed.body == "new");
}

TEST_CASE("a refused connection has reached nobody") {
  const Socket silent(false);
  const auto failed = failure(send({.method = "POST", .url = silent.url(), .body = "x"}));
  CHECK(failed.kind == FailureKind::refused);
  CHECK_FALSE(failed.may_have_reached);
}

TEST_CASE("a name without address has reached nobody") {
  const auto failed = failure(send({.url = "http://" + std::string(80, 'a') + ".invalid/"}));
  CHECK(failed.kind == FailureKind::resolve);
  CHECK_FALSE(failed.may_have_reached);
}

TEST_CASE("a server that never answers is a timeout that may have reached it") {
  const Server server([](Peer& peer) {
    static_cast<void>(peer.read_request());
    peer.wait_for_close();
  });
  const auto failed = failure(send({.method = "POST", .url = server.url(), .body = "x", .timeout = 80ms}));
  CHECK(failed.kind == FailureKind::timeout);
  CHECK(failed.may_have_reached);
}

TEST_CASE("an answer that stalls half-way is a timeout") {
  const Server server([](Peer& peer) {
    static_cast<void>(peer.read_request());
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    peer.wait_for_close();
  });
  CHECK(failure(send({.url = server.url(), .timeout = 80ms})).kind == FailureKind::timeout);
}

TEST_CASE("the step's deadline is shorter than a patient request") {
  const Server server([](Peer& peer) { peer.wait_for_close(); });
  auto host = FakeHost::of<probe::Engine>();
  http::Client client;
  host.time_limit = 80ms;
  const auto began = Steady::now();
  CHECK(failure(send(host, client, {.url = server.url(), .timeout = 1h})).kind == FailureKind::timeout);
  CHECK(Steady::now() - began < 4s);
}

TEST_CASE("a connection closed without an answer may have reached the server") {
  std::atomic<int> requests{0};
  const Server server([&](Peer& peer) {
    static_cast<void>(peer.read_request());
    ++requests;
  });
  const auto failed = failure(send({.method = "POST", .url = server.url(), .body = "x"}));
  CHECK(failed.kind == FailureKind::closed);
  CHECK(failed.may_have_reached);
  CHECK(requests == 1);
}

TEST_CASE("a request that dies on a kept connection is not sent again behind our back") {
  std::atomic<int> requests{0};
  const Server server([&](Peer& peer) {
    while (!peer.read_request().empty()) {
      if (++requests == 2) return;  // swallows the second request of the first connection
      peer.answer("ok");
    }
  });
  auto host = FakeHost::of<probe::Engine>();
  http::Client client;
  const http::Request request{.method = "POST", .url = server.url(), .body = "x"};
  CHECK(response(send(host, client, request)).status == 200);
  const auto failed = failure(send(host, client, request));
  CHECK(failed.kind == FailureKind::closed);
  CHECK(failed.may_have_reached);
  CHECK(requests == 2);
  CHECK(response(send(host, client, request)).status == 200);
}

TEST_CASE("a truncated answer is no answer") {
  SharedText bytes;
  const Server server([&](Peer& peer) {
    static_cast<void>(peer.read_request());
    peer.write(bytes.get());
  });
  bytes = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
  CHECK(failure(send({.url = server.url()})).kind == FailureKind::closed);
  bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n";
  CHECK(failure(send({.url = server.url()})).kind == FailureKind::closed);
  bytes = "HTTP/1.1 200";
  CHECK(std::holds_alternative<http::Failure>(send({.url = server.url()})));
  bytes = "what is this\r\n\r\n";
  CHECK(failure(send({.url = server.url()})).kind == FailureKind::other);
}

TEST_CASE("a reset connection says so") {
  const Server server([](Peer& peer) {
    static_cast<void>(peer.read_request());
    peer.will_reset();
  });
  const auto failed = failure(send({.method = "POST", .url = server.url(), .body = "x"}));
  CHECK(failed.kind == FailureKind::reset);
  CHECK(failed.may_have_reached);
}

TEST_CASE("an answer that is too large is given up") {
  SharedText bytes;
  const Server server([&](Peer& peer) {
    static_cast<void>(peer.read_request());
    peer.write(bytes.get());
  });
  bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + std::string(5000, 'x');
  const auto failed = failure(send({.url = server.url(), .max_response = 4999}));
  CHECK(failed.kind == FailureKind::too_large);
  CHECK(failed.may_have_reached);
  CHECK(response(send({.url = server.url(), .max_response = 5000})).body.size() == 5000);
  bytes = "HTTP/1.1 200 OK\r\n\r\n" + std::string(100000, 'x');  // until the connection closes
  CHECK(failure(send({.url = server.url(), .max_response = 4999})).kind == FailureKind::too_large);
  CHECK(response(send({.url = server.url()})).body.size() == 100000);
}

TEST_CASE("a request in flight says that the step is alive, and cancelling ends it at once") {
  const Server server([](Peer& peer) {
    static_cast<void>(peer.read_request());
    peer.wait_for_close();
  });
  auto host = FakeHost::of<probe::Engine>();
  http::Client client;
  auto cancelled_at = Steady::time_point::max();
  host.on_heartbeat = [&] {
    host.cancel();
    cancelled_at = Steady::now();
  };
  const auto failed = failure(send(host, client, {.method = "POST", .url = server.url(), .body = "x", .timeout = 1h}));
  CHECK(failed.kind == FailureKind::cancelled);
  CHECK(failed.may_have_reached);
  CHECK(Steady::now() - cancelled_at < 700ms);  // woken, not found out a second later
  CHECK(failure(client.send({.url = server.url(), .timeout = 1ms})).kind == FailureKind::timeout);  // still usable
}

TEST_CASE("a cancelled step sends nothing") {
  auto host = FakeHost::of<probe::Engine>();
  http::Client client;
  const Server server([](Peer& peer) { peer.wait_for_close(); });
  http::Outcome outcome = http::Response{};
  static_cast<void>(probe::run(host, [&](Context& c) {
    host.cancel();
    outcome = client.send(c, {.url = server.url()});
    return done();
  }));
  CHECK(failure(outcome).kind == FailureKind::cancelled);
  CHECK_FALSE(failure(outcome).may_have_reached);
  CHECK(server.connections() == 0);
}

TEST_CASE("one client keeps its connection") {
  const Server server([](Peer& peer) {
    while (!peer.read_request().empty()) peer.answer("ok");
  });
  auto host = FakeHost::of<probe::Engine>();
  http::Client client;
  for (int i = 0; i < 5; ++i) CHECK(response(send(host, client, {.url = server.url()})).body == "ok");
  CHECK(server.connections() == 1);
  http::Client unkept({.keep_connections = false});
  for (int i = 0; i < 3; ++i) CHECK(response(send(host, unkept, {.url = server.url()})).body == "ok");
  CHECK(server.connections() == 4);
}

TEST_CASE("many threads share one client") {
  const Server server([](Peer& peer) {
    for (std::string seen = peer.read_request(); !seen.empty(); seen = peer.read_request())
      peer.answer(seen.substr(0, seen.find(" HTTP")));
  });
  http::Client client;
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        const std::string path = "/" + std::to_string(t) + "/" + std::to_string(i);
        const auto outcome = client.send({.url = server.url(path)});
        if (const auto* answer = std::get_if<http::Response>(&outcome); answer && answer->body == "GET " + path)
          ++right;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 200);
  CHECK(server.connections() <= 8);
}

TEST_CASE("TLS towards a server that does not speak it has reached nobody") {
  const Server server([](Peer& peer) {
    peer.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    peer.wait_for_close();
  });
  const auto failed = failure(send({.method = "POST", .url = server.url("/", "https"), .body = "x"}));
  CHECK(failed.kind == FailureKind::tls);
  CHECK_FALSE(failed.may_have_reached);
}

TEST_CASE("a request that could smuggle another is not sent") {
  const Server server([](Peer& peer) { peer.wait_for_close(); });
  const std::string url = server.url();
  CHECK_FALSE(failure(send({.url = url, .headers = {{"X", "a\r\nY: b"}}})).may_have_reached);
  CHECK_FALSE(failure(send({.url = url, .headers = {{"X\r\nY", "b"}}})).may_have_reached);
  CHECK_FALSE(failure(send({.url = url, .headers = {{"", "b"}}})).may_have_reached);
  CHECK_FALSE(failure(send({.method = "GET / HTTP/1.1\r\n", .url = url})).may_have_reached);
  CHECK_FALSE(failure(send({.url = url + "a b"})).may_have_reached);
  CHECK(failure(send({.url = "file:///etc/hostname"})).kind == FailureKind::other);
  CHECK(server.connections() == 0);
}

TEST_CASE("proxies of the environment are not asked") {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  const Server server([](Peer& peer) {
    static_cast<void>(peer.read_request());
    peer.answer("direct");
  });
  CHECK(response(send({.url = server.url()})).body == "direct");
  ::unsetenv("http_proxy");
}

TEST_CASE("a client closes all it opened") {
  const auto exchange = [] {
    const Server server([](Peer& peer) {
      while (!peer.read_request().empty()) peer.answer("ok");
    });
    http::Client client;
    CHECK(response(client.send({.url = server.url()})).body == "ok");
    CHECK(client.send({.url = server.url(), .timeout = 0ms}).index() == 1);
  };
  exchange();  // opens what libraries open once and for all
  const std::size_t before = open_descriptors();
  exchange();
  exchange();
  CHECK(open_descriptors() == before);
}

TEST_CASE("text for URLs is encoded byte by byte") {
  CHECK(http::percent_encode("Sales Invoice/\xC3\xA4?&=~-._") == "Sales%20Invoice%2F%C3%A4%3F%26%3D~-._");
}
