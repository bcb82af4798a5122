#include "sandbox/http/wire.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>

namespace tenantry::sandbox {

namespace {

constexpr std::size_t kMaxHead = 64U << 10U;
constexpr std::size_t kMaxBody = 32U << 20U;

bool read_more(int socket, std::string& buffer) {
  std::array<char, 16384> chunk;  // NOLINT: filled by recv
  for (;;) {
    const auto got = ::recv(socket, chunk.data(), chunk.size(), 0);
    if (got > 0) {
      buffer.append(chunk.data(), static_cast<std::size_t>(got));
      return true;
    }
    if (got == 0 || errno != EINTR) return false;
  }
}

bool send_all(int socket, std::string_view text) {
  while (!text.empty()) {
    const auto sent = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool parse_head(std::string_view head, Request& request) {
  const auto line_end = head.find("\r\n");
  const auto line = head.substr(0, line_end);
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || last == first) return false;
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, last - first - 1);
  const auto question = request.target.find('?');
  request.path = url_decode(std::string_view(request.target).substr(0, question), false);
  if (question != std::string::npos) request.query = parse_form(std::string_view(request.target).substr(question + 1));
  auto rest = line_end == std::string_view::npos ? std::string_view{} : head.substr(line_end + 2);
  while (!rest.empty()) {
    const auto end = std::min(rest.find("\r\n"), rest.size());
    const auto field = rest.substr(0, end);
    rest.remove_prefix(std::min(rest.size(), end + 2));
    const auto colon = field.find(':');
    if (colon == std::string_view::npos) continue;
    std::string name(field.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    request.headers[name] = std::string(trim(field.substr(colon + 1)));
  }
  return true;
}

bool read_chunked(int socket, std::string& buffer, std::string& body) {
  for (;;) {
    auto line_end = buffer.find("\r\n");
    while (line_end == std::string::npos) {
      if (!read_more(socket, buffer)) return false;
      line_end = buffer.find("\r\n");
    }
    std::size_t size = 0;
    const auto parsed = std::from_chars(buffer.data(), buffer.data() + line_end, size, 16);
    if (parsed.ec != std::errc{} || body.size() + size > kMaxBody) return false;
    buffer.erase(0, line_end + 2);
    while (buffer.size() < size + 2)
      if (!read_more(socket, buffer)) return false;
    body.append(buffer, 0, size);
    buffer.erase(0, size + 2);
    if (size == 0) return true;
  }
}

}  // namespace

std::optional<Request> read_request(int socket, std::string& buffer) {
  auto head_end = buffer.find("\r\n\r\n");
  while (head_end == std::string::npos) {
    if (buffer.size() > kMaxHead || !read_more(socket, buffer)) return std::nullopt;
    head_end = buffer.find("\r\n\r\n");
  }
  Request request;
  if (!parse_head(std::string_view(buffer).substr(0, head_end), request)) return std::nullopt;
  buffer.erase(0, head_end + 4);
  if (request.header("expect") == "100-continue" && !send_all(socket, "HTTP/1.1 100 Continue\r\n\r\n"))
    return std::nullopt;
  if (request.header("transfer-encoding") == "chunked") {
    if (!read_chunked(socket, buffer, request.body)) return std::nullopt;
    return request;
  }
  const auto length_text = request.header("content-length");
  std::size_t length = 0;
  if (!length_text.empty()) {
    const auto parsed = std::from_chars(length_text.data(), length_text.data() + length_text.size(), length);
    if (parsed.ec != std::errc{} || length > kMaxBody) return std::nullopt;
  }
  while (buffer.size() < length)
    if (!read_more(socket, buffer)) return std::nullopt;
  request.body = buffer.substr(0, length);
  buffer.erase(0, length);
  return request;
}

bool write_response(int socket, const Response& response, bool without_body, bool keep_alive) {
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + " " + std::string(reason_phrase(response.status)) +
                     "\r\nServer: gunicorn\r\nConnection: " + (keep_alive ? "keep-alive" : "close") +
                     "\r\nContent-Type: " + response.content_type +
                     "\r\nContent-Length: " + std::to_string(response.body.size()) + "\r\n";
  for (const auto& [name, value] : response.headers) text += name + ": " + value + "\r\n";
  text += "\r\n";
  if (!without_body) text += response.body;
  return send_all(socket, text);
}

}  // namespace tenantry::sandbox
