// Many clients of live streams on one thread: each connects, reads, is cut off at random, and comes back with the last
// id it has seen.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace tenantry::rest::test {

class StreamClient {
 public:
  StreamClient(std::uint16_t port, std::string path, std::string token)
      : port_(port), path_(std::move(path)), token_(std::move(token)) {}
  StreamClient(const StreamClient&) = delete;
  StreamClient& operator=(const StreamClient&) = delete;
  StreamClient(StreamClient&& other) noexcept
      : seen(std::move(other.seen)),
        port_(other.port_),
        path_(std::move(other.path_)),
        token_(std::move(other.token_)),
        fd_(std::exchange(other.fd_, -1)) {}
  StreamClient& operator=(StreamClient&&) = delete;
  ~StreamClient() { leave(); }

  void join() {
    leave();
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port_);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
    const auto last = seen.empty() ? std::string("0") : std::to_string(seen.back());
    const auto request = "GET " + path_ +
                         " HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nLast-Event-ID: " + last +
                         "\r\nAuthorization: Bearer " + token_ + "\r\n\r\n";
    REQUIRE(::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size()));
  }
  // As a lost connection: what was not read yet is gone.
  void leave() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
    bytes_.clear();
    in_body_ = false;
  }
  // Reads what there is; at most `most` bytes. false: the stream has ended.
  bool read(std::size_t most = 1U << 16U) {
    char buffer[1U << 16U];
    const auto got = ::recv(fd_, buffer, std::min(most, sizeof buffer), MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN)) return false;
    if (got > 0) bytes_.append(buffer, static_cast<std::size_t>(got));
    parse();
    return true;
  }
  [[nodiscard]] int fd() const { return fd_; }

  std::vector<std::int64_t> seen;
  int refused = 0;

 private:
  void parse() {
    if (!in_body_) {
      const auto end = bytes_.find("\r\n\r\n");
      if (end == std::string::npos) return;
      if (bytes_.compare(9, 3, "200") != 0) ++refused;
      bytes_.erase(0, end + 4);
      in_body_ = true;
    }
    std::size_t at = 0;
    for (auto end = bytes_.find("\n\n"); end != std::string::npos; end = bytes_.find("\n\n", at)) {
      const auto block = bytes_.substr(at, end - at);
      at = end + 2;
      if (block.rfind("id: ", 0) == 0 && block.find("\ndata: ") != std::string::npos)
        seen.push_back(std::atoll(block.c_str() + 4));
    }
    bytes_.erase(0, at);
  }

  const std::uint16_t port_;
  const std::string path_;
  const std::string token_;
  int fd_ = -1;
  bool in_body_ = false;
  std::string bytes_;
};

}  // namespace tenantry::rest::test
