#include "sandbox/http/client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>

namespace tenantry::sandbox {

namespace {

class Socket {
 public:
  Socket() : number_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (number_ >= 0) ::close(number_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

std::optional<Answer> parse(const std::string& text) {
  const auto head_end = text.find("\r\n\r\n");
  if (head_end == std::string::npos || !text.starts_with("HTTP/1.")) return std::nullopt;
  Answer answer;
  answer.status = std::atoi(text.c_str() + 9);
  std::size_t at = text.find("\r\n") + 2;
  while (at < head_end) {
    const auto end = std::min(text.find("\r\n", at), head_end);
    const auto colon = text.find(':', at);
    if (colon < end) {
      std::string name = text.substr(at, colon - at);
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      const auto begin = text.find_first_not_of(' ', colon + 1);
      answer.headers.emplace(name, begin < end ? text.substr(begin, end - begin) : std::string{});
    }
    at = end + 2;
  }
  answer.body = text.substr(head_end + 4);
  return answer;
}

}  // namespace

std::string Answer::header(const std::string& lower_name) const {
  const auto found = headers.find(lower_name);
  return found == headers.end() ? std::string{} : found->second;
}

std::optional<Answer> call(std::uint16_t port, const std::string& method, const std::string& target,
                           const std::map<std::string, std::string>& headers, const std::string& body,
                           std::chrono::milliseconds timeout) {
  const Socket socket;
  if (socket.number() < 0) return std::nullopt;
  timeval limit{};
  limit.tv_sec = static_cast<time_t>(timeout.count() / 1000);
  limit.tv_usec = static_cast<suseconds_t>(timeout.count() % 1000 * 1000);
  ::setsockopt(socket.number(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return std::nullopt;

  std::string text = method + " " + target + " HTTP/1.1\r\nConnection: close\r\n";
  if (!headers.contains("Host")) text += "Host: 127.0.0.1:" + std::to_string(port) + "\r\n";
  for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
  text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  std::size_t sent = 0;
  while (sent < text.size()) {
    const auto count = ::send(socket.number(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return std::nullopt;
    sent += static_cast<std::size_t>(count);
  }
  std::string received;
  std::array<char, 16384> chunk;  // NOLINT: filled by recv
  for (;;) {
    const auto count = ::recv(socket.number(), chunk.data(), chunk.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::nullopt;
    if (count == 0) break;
    received.append(chunk.data(), static_cast<std::size_t>(count));
  }
  return parse(received);
}

}  // namespace tenantry::sandbox
