#include "sandbox/http/message.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace tenantry::sandbox {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void write_double(double number, std::string& out) {
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  out += text;
  if (text.find_first_of(".en") == std::string_view::npos) out += ".0";
}

void write(const json::value& value, std::string& out) {
  switch (value.kind()) {
    case json::kind::object: {
      out += '{';
      bool first = true;
      for (const auto& member : value.get_object()) {
        if (!first) out += ',';
        first = false;
        out += json::serialize(json::string_view(member.key()));
        out += ':';
        write(member.value(), out);
      }
      out += '}';
      return;
    }
    case json::kind::array: {
      out += '[';
      bool first = true;
      for (const auto& element : value.get_array()) {
        if (!first) out += ',';
        first = false;
        write(element, out);
      }
      out += ']';
      return;
    }
    case json::kind::double_:
      write_double(value.get_double(), out);
      return;
    case json::kind::null:
    case json::kind::bool_:
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::string:
      out += json::serialize(value);
      return;
  }
}

std::string attribute(std::string_view header, std::string_view name) {
  const auto at = header.find(std::string(name) + "=");
  if (at == std::string_view::npos) return {};
  auto value = header.substr(at + name.size() + 1);
  if (!value.empty() && value.front() == '"') {
    value.remove_prefix(1);
    return std::string(value.substr(0, value.find('"')));
  }
  return std::string(value.substr(0, value.find_first_of(";\r\n")));
}

}  // namespace

std::string_view Request::header(const std::string& lower_name) const {
  const auto found = headers.find(lower_name);
  return found == headers.end() ? std::string_view{} : std::string_view(found->second);
}

std::string Request::cookie(std::string_view name) const {
  std::string_view rest = header("cookie");
  while (!rest.empty()) {
    auto pair = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    while (!pair.empty() && pair.front() == ' ') pair.remove_prefix(1);
    if (pair.size() > name.size() && pair.substr(0, name.size()) == name && pair[name.size()] == '=')
      return std::string(pair.substr(name.size() + 1));
  }
  return {};
}

std::vector<std::string> Request::parts() const {
  std::vector<std::string> result;
  std::string_view rest(target);
  rest = rest.substr(0, rest.find('?'));
  while (!rest.empty()) {
    if (rest.front() == '/') {
      rest.remove_prefix(1);
      continue;
    }
    const auto part = rest.substr(0, rest.find('/'));
    result.push_back(url_decode(part, false));
    rest.remove_prefix(part.size());
  }
  return result;
}

std::string url_decode(std::string_view text, bool plus_is_space) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      result += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      result += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return result;
}

std::map<std::string, std::string> parse_form(std::string_view text) {
  std::map<std::string, std::string> result;
  while (!text.empty()) {
    const auto pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    const auto value = equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
    result[url_decode(pair.substr(0, equals), true)] = url_decode(value, true);
  }
  return result;
}

std::vector<Part> parse_multipart(std::string_view content_type, std::string_view body) {
  std::vector<Part> result;
  const std::string boundary = attribute(content_type, "boundary");
  if (boundary.empty()) return result;
  const std::string mark = "--" + boundary;
  auto at = body.find(mark);
  while (at != std::string_view::npos) {
    const auto begin = at + mark.size();
    const auto next = body.find(mark, begin);
    if (next == std::string_view::npos) break;
    auto text = body.substr(begin, next - begin);
    const auto blank = text.find("\r\n\r\n");
    if (blank != std::string_view::npos) {
      const auto head = text.substr(0, blank);
      auto content = text.substr(blank + 4);
      if (content.size() >= 2) content.remove_suffix(2);  // the line end belongs to the boundary
      // "filename=" holds "name=" too, so a leading blank keeps them apart.
      result.push_back({attribute(head, " name"), attribute(head, "filename"), std::string(content)});
    }
    at = next;
  }
  return result;
}

std::optional<std::string> base64_decode(std::string_view text) {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  unsigned bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    if (c == '=') break;
    const auto digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    held = (held << 6U | static_cast<unsigned>(digit)) & 0xFFFFFFU;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    result += static_cast<char>(held >> bits & 0xFFU);
  }
  return result;
}

std::string to_text(const json::value& value) {
  std::string out;
  write(value, out);
  return out;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "ACCEPTED";
    case 204:
      return "NO CONTENT";
    case 301:
      return "MOVED PERMANENTLY";
    case 302:
      return "FOUND";
    case 303:
      return "SEE OTHER";
    case 400:
      return "BAD REQUEST";
    case 401:
      return "UNAUTHORIZED";
    case 403:
      return "FORBIDDEN";
    case 404:
      return "NOT FOUND";
    case 405:
      return "METHOD NOT ALLOWED";
    case 409:
      return "CONFLICT";
    case 413:
      return "REQUEST ENTITY TOO LARGE";
    case 417:
      return "EXPECTATION FAILED";
    case 429:
      return "TOO MANY REQUESTS";
    case 500:
      return "INTERNAL SERVER ERROR";
    case 502:
      return "BAD GATEWAY";
    case 503:
      return "SERVICE UNAVAILABLE";
    case 504:
      return "GATEWAY TIMEOUT";
    default:
      return "ANSWER";
  }
}

}  // namespace tenantry::sandbox
