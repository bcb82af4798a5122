#include "support/http_client.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>

namespace tenantry::test {
namespace {

bool same(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace

std::string HttpAnswer::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (same(key, name)) return value;
  return {};
}

HttpClient::HttpClient(std::uint16_t port, std::string host, std::chrono::milliseconds timeout)
    : host_(std::move(host)), timeout_(timeout) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host_.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return;
  fd_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ >= 0 && ::connect(fd_, found->ai_addr, found->ai_addrlen) != 0) {
    ::close(fd_);
    fd_ = -1;
  }
  ::freeaddrinfo(found);
  const int on = 1;
  if (fd_ >= 0) ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

HttpClient::HttpClient(HttpClient&& other) noexcept
    : host_(std::move(other.host_)),
      timeout_(other.timeout_),
      fd_(std::exchange(other.fd_, -1)),
      buffer_(std::move(other.buffer_)) {}

HttpClient::~HttpClient() {
  if (fd_ >= 0) ::close(fd_);
}

std::string HttpClient::format(std::string_view method, std::string_view target, std::string_view body,
                               const Headers& headers) const {
  std::string out;
  out.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: ");
  out.append(host_.find(':') == std::string::npos ? host_ : "[" + host_ + "]").append("\r\n");
  for (const auto& [name, value] : headers) out.append(name).append(": ").append(value).append("\r\n");
  if (!body.empty() || method == "POST")
    out.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  out.append("\r\n").append(body);
  return out;
}

HttpAnswer HttpClient::request(std::string_view method, std::string_view target, std::string_view body,
                               const Headers& headers) {
  if (!send_raw(format(method, target, body, headers))) return {};
  return read_answer(method == "HEAD");
}

HttpAnswer HttpClient::post_json(std::string_view target, std::string_view body, Headers headers) {
  headers.emplace_back("Content-Type", "application/json");
  return request("POST", target, body, headers);
}

bool HttpClient::send_raw(std::string_view bytes) {
  while (!bytes.empty() && fd_ >= 0) {
    pollfd ready{fd_, POLLOUT, 0};
    if (::poll(&ready, 1, static_cast<int>(timeout_.count())) <= 0) return false;
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return fd_ >= 0;
}

bool HttpClient::fill() {
  if (fd_ < 0) return false;
  pollfd ready{fd_, POLLIN, 0};
  if (::poll(&ready, 1, static_cast<int>(timeout_.count())) <= 0) return false;
  std::array<char, 16384> chunk{};
  const auto got = ::recv(fd_, chunk.data(), chunk.size(), 0);
  if (got <= 0) return false;
  buffer_.append(chunk.data(), static_cast<std::size_t>(got));
  return true;
}

std::optional<HttpAnswer> HttpClient::read_head() {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
    if (!fill()) return std::nullopt;
  const auto head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  HttpAnswer answer;
  if (!head.starts_with("HTTP/1.1 ")) return std::nullopt;
  answer.status = std::atoi(head.c_str() + 9);
  for (auto at = head.find("\r\n") + 2; at < head.size();) {
    const auto line_end = head.find("\r\n", at);
    const auto line = std::string_view(head).substr(at, line_end - at);
    if (const auto colon = line.find(':'); colon != std::string_view::npos) {
      const auto value = std::min(line.find_first_not_of(' ', colon + 1), line.size());
      answer.headers.emplace_back(line.substr(0, colon), line.substr(value));
    }
    at = line_end + 2;
  }
  return answer;
}

HttpAnswer HttpClient::read_answer(bool head_only) {
  auto answer = read_head();
  while (answer && answer->status == 100) answer = read_head();
  if (!answer) return {};
  if (head_only || answer->status == 204 || answer->status == 304) return *answer;
  const auto length = answer->header("Content-Length");
  if (length.empty()) {
    answer->body = read_rest();
    return *answer;
  }
  const auto wanted = static_cast<std::size_t>(std::atoll(length.c_str()));
  while (buffer_.size() < wanted)
    if (!fill()) return {};
  answer->body = buffer_.substr(0, wanted);
  buffer_.erase(0, wanted);
  return *answer;
}

std::string HttpClient::read_line() {
  std::size_t end = 0;
  while ((end = buffer_.find('\n')) == std::string::npos)
    if (!fill()) return {};
  auto line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

std::optional<std::string> HttpClient::read_event() {
  for (;;) {
    std::size_t end = 0;
    while ((end = buffer_.find("\n\n")) == std::string::npos)
      if (!fill()) return std::nullopt;
    auto event = buffer_.substr(0, end + 1);
    buffer_.erase(0, end + 2);
    if (!event.starts_with(':')) return event;
  }
}

bool HttpClient::closed_by_peer() {
  buffer_.clear();
  if (fd_ < 0) return true;
  const auto end = std::chrono::steady_clock::now() + timeout_;
  std::array<char, 16384> chunk{};
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd ready{fd_, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) return false;
    if (::recv(fd_, chunk.data(), chunk.size(), 0) <= 0) return true;
  }
}

std::string HttpClient::read_rest() {
  while (fill()) {
  }
  return std::exchange(buffer_, {});
}

void HttpClient::shut_write() { ::shutdown(fd_, SHUT_WR); }

void HttpClient::reset() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(std::exchange(fd_, -1));
}

}  // namespace tenantry::test
