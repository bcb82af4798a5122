#include "http/format.hpp"

#include <ctime>

#include "base/log.hpp"

namespace tenantry::http {
namespace {

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    default:
      return status < 400 ? "Done" : status < 500 ? "Refused" : "Failed";
  }
}

const std::string& http_date() {
  static thread_local std::time_t at = 0;
  static thread_local std::string text;
  if (const auto now = std::time(nullptr); now != at) {
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    char buffer[40];
    text.assign(buffer, std::strftime(buffer, sizeof buffer, "%a, %d %b %Y %H:%M:%S GMT", &utc));
    at = now;
  }
  return text;
}

bool is_sendable(const Header& header) {
  const auto breaks = [](const std::string& text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos;
  };
  return !header.name.empty() && header.name.find_first_of(": ") == std::string::npos && !breaks(header.name) &&
         !breaks(header.value);
}

}  // namespace

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

std::string start_of(int status, std::string_view type, const std::vector<Header>& headers,
                     std::string_view request_id) {
  std::string out;
  out.reserve(384);
  out.append("HTTP/1.1 ").append(std::to_string(status)).append(" ").append(reason(status)).append("\r\n");
  append_header(out, "Date", http_date());
  if (!type.empty()) append_header(out, "Content-Type", type);
  append_header(out, "X-Content-Type-Options", "nosniff");
  if (!request_id.empty()) append_header(out, "X-Request-Id", request_id);
  bool cached = false;
  for (const auto& header : headers) {
    if (!is_sendable(header)) {
      base::log::error("header not sent", {{"name", header.name}, {"request_id", request_id}});
      continue;
    }
    cached = cached || equal_name(header.name, "Cache-Control");
    append_header(out, header.name, header.value);
  }
  if (!cached) append_header(out, "Cache-Control", "no-store");
  return out;
}

}  // namespace tenantry::http
