#include "client/client.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <mutex>

#include "base/ids.hpp"
#include "base/text.hpp"

namespace tenantry::client {
namespace {

namespace json = base::json;
using base::Error;
using base::ErrorKind;

constexpr std::size_t kLargestAnswer = 64U << 20U;
constexpr long kConnectMillis = 5'000;
constexpr long kAnswerMillis = 60'000;

ErrorKind kind_of(int status) {
  switch (status) {
    case 401:
      return ErrorKind::kUnauthenticated;
    case 403:
      return ErrorKind::kDenied;
    case 404:
      return ErrorKind::kNotFound;
    case 409:
      return ErrorKind::kConflict;
    case 410:
      return ErrorKind::kGone;
    case 429:
      return ErrorKind::kBusy;
    case 503:
      return ErrorKind::kUnavailable;
    default:
      return status >= 500 ? ErrorKind::kInternal : ErrorKind::kInvalid;
  }
}

std::string text(const json::object& members, std::string_view name) {
  const auto* member = members.if_contains(name);
  const auto* found = member != nullptr ? member->if_string() : nullptr;
  return found != nullptr ? std::string(*found) : std::string();
}

std::size_t take(char* bytes, std::size_t, std::size_t count, void* into) {
  auto& body = *static_cast<std::string*>(into);
  if (body.size() + count > kLargestAnswer) return 0;
  body.append(bytes, count);
  return count;
}

bool is_loopback(std::string_view url) {
  const auto host = url.substr(url.find("://") + 3);
  static constexpr std::array<std::string_view, 3> kNames{"127.", "localhost", "[::1]"};
  return std::any_of(kNames.begin(), kNames.end(), [&](auto name) { return host.substr(0, name.size()) == name; });
}

}  // namespace

base::Result<std::string> clean_url(std::string url) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  for (const std::string_view scheme : {"http://", "https://"})
    if (url.size() > scheme.size() && url.compare(0, scheme.size(), scheme) == 0) return url;
  return base::invalid("cli.url", "\"" + url + "\" is not the address of a host.");
}

Error error_of(int status, std::string_view body) {
  Error error;
  error.kind = kind_of(status);
  error.code = "http." + std::to_string(status);
  error.message = "The host answered with status " + std::to_string(status) + ".";
  const auto parsed = base::parse_json(body);
  const auto* members = parsed.has_value() ? parsed->if_object() : nullptr;
  if (members == nullptr || text(*members, "code").empty()) {
    error.next_action = "Check that the address is a Tenantry host's, and look into its log.";
    return error;
  }
  error.code = text(*members, "code");
  error.message = text(*members, "detail");
  if (error.message.empty()) error.message = text(*members, "title");
  error.next_action = text(*members, "next_action");
  if (const auto* problems = members->if_contains("errors"); problems != nullptr && problems->is_array())
    for (const auto& problem : problems->get_array())
      if (const auto* one = problem.if_object())
        error.problems.push_back({text(*one, "pointer"), text(*one, "message")});
  if (const auto* verbs = members->if_contains("allowed_verbs"); verbs != nullptr && verbs->is_array())
    for (const auto& verb : verbs->get_array())
      if (verb.is_string()) error.allowed_verbs.emplace_back(verb.get_string());
  return error;
}

struct Client::Wire {
  struct Request {
    std::string url;
    std::string body;
    std::vector<std::string> headers;
    const char* method = "GET";
    long limit_millis = kAnswerMillis;
  };
  struct Answer {
    CURLcode code = CURLE_OK;
    long status = 0;
    std::string body;
    std::string reason;
  };

  Wire() {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    curl = curl_easy_init();
    if (curl == nullptr) throw std::bad_alloc();
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  ~Wire() { curl_easy_cleanup(curl); }

  Answer send(const Request& request) {
    Answer answer;
    std::array<char, CURL_ERROR_SIZE> reason{};
    curl_slist* headers = nullptr;
    for (const auto& header : request.headers) headers = curl_slist_append(headers, header.c_str());
    curl_easy_reset(curl);  // keeps the connection
    curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer.body);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason.data());
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, kConnectMillis);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, request.limit_millis);
    if (is_loopback(request.url)) curl_easy_setopt(curl, CURLOPT_PROXY, "");
    if (request.method != std::string_view("GET")) {
      curl_easy_setopt(curl, CURLOPT_POST, 1L);
      curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.c_str());
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method);
    }
    answer.code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    answer.reason = reason[0] != '\0' ? reason.data() : curl_easy_strerror(answer.code);
    curl_slist_free_all(headers);
    return answer;
  }

  base::Result<json::value> ask(const std::string& host, const Request& request, int tries) {
    Answer answer = send(request);
    while (answer.code != CURLE_OK && answer.code != CURLE_COULDNT_CONNECT && --tries > 0) answer = send(request);
    if (trace.is_open())
      trace << request.method << " " << request.url.substr(host.size()) << " " << answer.status << std::endl;
    if (answer.code != CURLE_OK)
      return Error{ErrorKind::kUnavailable,
                   "cli.unreachable",
                   "No answer from " + host + ": " + answer.reason + ".",
                   "Start the host with `tenantry serve`, or name its address with --url or TENANTRY_URL.",
                   {},
                   {}};
    if (answer.status >= 400) return error_of(static_cast<int>(answer.status), answer.body);
    if (answer.status < 200 || answer.status >= 300)
      return Error{ErrorKind::kUnavailable,
                   "cli.answer",
                   host + " answered with status " + std::to_string(answer.status) + ".",
                   "Check that the address is the host's own.",
                   {},
                   {}};
    if (answer.body.empty()) return json::value(nullptr);
    auto body = base::parse_json(answer.body, kLargestAnswer);
    if (body.has_error())
      return Error{ErrorKind::kUnavailable,
                   "cli.answer",
                   host + " did not answer with JSON.",
                   "Check that the address is a Tenantry host's.",
                   {},
                   {}};
    return body;
  }

  CURL* curl = nullptr;
  std::ofstream trace;
};

Client::Client(std::string url, std::string token, const std::string& trace)
    : url_(std::move(url)), token_(std::move(token)), wire_(std::make_unique<Wire>()) {
  if (!trace.empty()) wire_->trace.open(trace, std::ios::app);
}
Client::Client(Client&&) noexcept = default;
Client::~Client() = default;

base::Result<json::value> Client::get(const std::string& path) {
  Wire::Request request{url_ + path, {}, {"Accept: application/json"}, "GET"};
  if (!token_.empty()) request.headers.push_back("Authorization: Bearer " + token_);
  return wire_->ask(url_, request, 2);
}

base::Result<json::value> Client::post(const std::string& path, const json::value& body) {
  return change("POST", path, body);
}

base::Result<json::value> Client::remove(const std::string& path, const json::value& body) {
  return change("DELETE", path, body);
}

base::Result<json::value> Client::change(const char* method, const std::string& path, const json::value& body) {
  Wire::Request request{url_ + path, json::serialize(body), {"Accept: application/json"}, method};
  request.headers.emplace_back("Content-Type: application/json");
  request.headers.emplace_back("Expect:");  // no round trip before the body
  request.headers.push_back("Idempotency-Key: " + base::new_id("cli_"));
  if (!token_.empty()) request.headers.push_back("Authorization: Bearer " + token_);
  return wire_->ask(url_, request, 2);
}

base::Result<int> reach(const std::string& url, std::chrono::milliseconds limit) {
  Client::Wire wire;
  const auto answer = wire.send({url, {}, {}, "GET", static_cast<long>(limit.count())});
  // An answer too long for the time, or too large, is one all the same.
  if (answer.status > 0) return static_cast<int>(answer.status);
  return Error{ErrorKind::kUnavailable,
               "cli.unreachable",
               url + " does not answer: " + answer.reason + ".",
               "Check the address, and that the program behind it runs.",
               {},
               {}};
}

std::string encode_segment(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
                       byte == '-' || byte == '.' || byte == '_' || byte == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    }
  }
  return out;
}

}  // namespace tenantry::client
