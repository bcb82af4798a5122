#include "http/request.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace tenantry::http {
namespace {

constexpr std::array<std::string_view, 8> kMethods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER"};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_json(std::string_view content_type) {
  const auto type = base::lower(content_type.substr(0, content_type.find_first_of("; \t")));
  return type == "application/json" || (type.starts_with("application/") && type.ends_with("+json"));
}

const std::string* find(const Fields& fields, std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const auto& field) { return field.first == name; });
  return found == fields.end() ? nullptr : &found->second;
}

}  // namespace

std::string_view to_text(Method method) { return kMethods[static_cast<std::size_t>(method)]; }

Method parse_method(std::string_view text) {
  const auto* const found = std::find(kMethods.begin(), kMethods.end() - 1, text);
  return static_cast<Method>(found - kMethods.begin());
}

bool equal_name(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return to_lower(a) == to_lower(b); });
}

std::optional<std::string_view> Request::header(std::string_view name) const {
  for (const auto& header : headers)
    if (equal_name(header.name, name)) return header.value;
  return std::nullopt;
}

std::string_view Request::param(std::string_view name) const {
  const auto* value = find(params, name);
  return value != nullptr ? std::string_view(*value) : std::string_view();
}

std::optional<std::string_view> Request::query_value(std::string_view name) const {
  if (const auto* value = find(query, name)) return *value;
  return std::nullopt;
}

base::Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  const auto refuse = [](const char* why) { return base::invalid("http.encoding", why); };
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[at] != '%') {
      out += text[at];
    } else {
      const int high = at + 2 < text.size() ? hex_digit(text[at + 1]) : -1;
      const int low = at + 2 < text.size() ? hex_digit(text[at + 2]) : -1;
      if (high < 0 || low < 0) return refuse("The address has a '%' that two hexadecimal digits do not follow.");
      if (high == 0 && low == 0) return refuse("The address has a NUL character.");
      out += static_cast<char>(high * 16 + low);
      at += 2;
    }
  }
  if (!base::is_utf8(out)) return refuse("The address is not UTF-8.");
  return out;
}

base::Result<Fields> parse_query(std::string_view text) {
  Fields fields;
  while (!text.empty()) {
    const auto part = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    if (part.empty()) continue;
    const auto equals = part.find('=');
    auto name = percent_decode(part.substr(0, equals), true);
    if (!name) return name.error();
    auto value = percent_decode(equals == std::string_view::npos ? "" : part.substr(equals + 1), true);
    if (!value) return value.error();
    if (find(fields, *name) != nullptr)
      return base::invalid("http.query", "The query has the parameter '" + base::shorten(*name, 100) + "' twice.");
    fields.emplace_back(std::move(*name), std::move(*value));
  }
  return fields;
}

base::Result<base::json::value> json_body(const Request& request, Body body) {
  if (request.body.empty()) {
    if (body == Body::kOptional) return base::json::value(base::json::object());
    return base::invalid("http.body_missing", "This request needs a JSON body.", {{"", "is missing"}});
  }
  if (!is_json(request.header("Content-Type").value_or("")))
    return base::invalid("http.media_type", "The body has to be sent as Content-Type: application/json.");
  auto value = base::parse_json(request.body, request.body.size());
  if (!value) return base::invalid(value.error().code, value.error().message, {{"", value.error().message}});
  return value;
}

}  // namespace tenantry::http
