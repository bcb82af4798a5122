#include "http/problem.hpp"

#include <array>

#include "base/json.hpp"
#include "base/text.hpp"

namespace tenantry::http {
namespace {

constexpr std::array<CodeStatus, 15> kSpecial{{{"http.method", 405},
                                               {"http.timeout", 408},
                                               {"http.precondition", 412},
                                               {"http.body_too_large", 413},
                                               {"json.too_large", 413},
                                               {"http.target_too_long", 414},
                                               {"http.media_type", 415},
                                               {"http.expectation", 417},
                                               {"idempotency.mismatch", 422},
                                               {"http.headers_too_large", 431},
                                               {"http.transfer_coding", 501},
                                               {"http.overloaded", 503},
                                               {"http.draining", 503},
                                               {"http.version", 505},
                                               {"http.precondition_required", 428}}};

std::string_view title_of(int status) {
  switch (status) {
    case 400:
      return "The request is not valid";
    case 401:
      return "Who are you?";
    case 403:
      return "Not allowed";
    case 404:
      return "Not found";
    case 405:
      return "Method not allowed";
    case 408:
      return "The request took too long";
    case 409:
      return "Not possible in this state";
    case 410:
      return "Gone";
    case 412:
      return "It has changed meanwhile";
    case 413:
      return "The body is too large";
    case 414:
      return "The address is too long";
    case 415:
      return "The body has the wrong type";
    case 417:
      return "The expectation cannot be met";
    case 422:
      return "The key belongs to another request";
    case 428:
      return "A precondition is required";
    case 429:
      return "Too many requests";
    case 431:
      return "The headers are too large";
    case 501:
      return "Not supported";
    case 503:
      return "Not available now";
    case 505:
      return "The HTTP version is not supported";
    default:
      return "Internal error";
  }
}

base::json::string text(std::string_view from) {
  if (base::is_utf8(from)) return base::json::string(from.data(), from.size());
  const auto clean = base::to_utf8(from);
  return base::json::string(clean.data(), clean.size());
}

}  // namespace

std::span<const CodeStatus> special_codes() { return kSpecial; }

int status_of(const base::Error& error) {
  for (const auto& special : kSpecial)
    if (special.code == error.code) return special.status;
  switch (error.kind) {
    case base::ErrorKind::kInvalid:
      return 400;
    case base::ErrorKind::kUnauthenticated:
      return 401;
    case base::ErrorKind::kDenied:
      return 403;
    case base::ErrorKind::kNotFound:
      return 404;
    case base::ErrorKind::kGone:
      return 410;
    case base::ErrorKind::kConflict:
      return 409;
    case base::ErrorKind::kBusy:
      return 429;
    case base::ErrorKind::kUnavailable:
      return 503;
    case base::ErrorKind::kInternal:
      return 500;
  }
  return 500;
}

Response problem(const base::Error& error, std::string_view instance, std::string_view request_id) {
  const int status = status_of(error);
  base::json::object members;
  members["type"] = text("/docs/problems/" + error.code);
  members["title"] = text(title_of(status));
  members["status"] = status;
  members["detail"] = text(error.message);
  if (!instance.empty()) members["instance"] = text(instance);
  members["code"] = text(error.code);
  if (!request_id.empty()) members["request_id"] = text(request_id);
  if (!error.next_action.empty()) members["next_action"] = text(error.next_action);
  if (!error.problems.empty()) {
    base::json::array errors;
    for (const auto& one : error.problems)
      errors.push_back(base::json::object{{"pointer", text(one.pointer)}, {"message", text(one.message)}});
    members["errors"] = std::move(errors);
  }
  if (!error.allowed_verbs.empty()) {
    base::json::array verbs;
    for (const auto& verb : error.allowed_verbs) verbs.push_back(base::json::value(text(verb)));
    members["allowed_verbs"] = std::move(verbs);
  }
  Response response{status, "application/problem+json", base::json::serialize(members), {}, false};
  if (status == 401) response.headers.push_back({"WWW-Authenticate", "Bearer"});
  if (status == 429 || status == 503) response.headers.push_back({"Retry-After", status == 429 ? "1" : "5"});
  return response;
}

base::Error refusal(std::string_view code, std::string message) {
  return {base::ErrorKind::kInvalid,
          std::string(code),
          std::move(message),
          "Correct the request and send it again.",
          {},
          {}};
}

}  // namespace tenantry::http
