// An HTTP/1.1 request and its answer as values, and the few encodings that clients of an ERP use.
#pragma once
#include <boost/json.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenantry::sandbox {

namespace json = boost::json;

struct Request {
  std::string method;
  std::string path;    // decoded, without the query
  std::string target;  // as sent: a "%2F" in a name is still visible here
  std::map<std::string, std::string> query;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  [[nodiscard]] std::string_view header(const std::string& lower_name) const;
  [[nodiscard]] std::string cookie(std::string_view name) const;
  // The path below "/", each part decoded on its own, so that "%2F" stays inside its part.
  [[nodiscard]] std::vector<std::string> parts() const;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool hangs_up = false;  // nothing of all this is sent: the connection is closed
};

[[nodiscard]] std::string url_decode(std::string_view text, bool plus_is_space);
[[nodiscard]] std::map<std::string, std::string> parse_form(std::string_view text);

struct Part {
  std::string name;
  std::string file_name;  // empty: an ordinary field
  std::string content;
};
// The parts of a multipart/form-data body; empty if it is none.
[[nodiscard]] std::vector<Part> parse_multipart(std::string_view content_type, std::string_view body);

// nullopt if the text is not valid base64.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

// JSON as Python writes it: compact, 450.0 rather than 4.5E2.
[[nodiscard]] std::string to_text(const json::value& value);

[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace tenantry::sandbox
