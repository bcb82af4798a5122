#include "http/problem.hpp"

#include <set>

#include "support/catch.hpp"

using namespace tenantry;
using namespace tenantry::http;
using base::ErrorKind;

TEST_CASE("every kind of error has its status") {
  const auto status = [](ErrorKind kind) { return status_of({kind, "some.code", "", "", {}, {}}); };
  CHECK(status(ErrorKind::kInvalid) == 400);
  CHECK(status(ErrorKind::kUnauthenticated) == 401);
  CHECK(status(ErrorKind::kDenied) == 403);
  CHECK(status(ErrorKind::kNotFound) == 404);
  CHECK(status(ErrorKind::kConflict) == 409);
  CHECK(status(ErrorKind::kGone) == 410);
  CHECK(status(ErrorKind::kBusy) == 429);
  CHECK(status(ErrorKind::kInternal) == 500);
  CHECK(status(ErrorKind::kUnavailable) == 503);
}

TEST_CASE("special codes win over the kind, and each is there once") {
  std::set<std::string_view> seen;
  for (const auto& [code, status] : special_codes()) {
    CHECK(seen.insert(code).second);
    CHECK(status_of(refusal(code, "")) == status);
    CHECK(status >= 400);
  }
}

TEST_CASE("a problem document holds all that the error says") {
  const base::Error error{ErrorKind::kConflict, "run.active",           "A run is active.",
                          "Cancel it.",         {{"/a/0", "is wrong"}}, {"cancel", "pause"}};
  const auto response = problem(error, "/api/runs/r1", "req-1");
  CHECK(response.status == 409);
  CHECK(response.content_type == "application/problem+json");
  CHECK(base::parse_json(response.body).value() == base::parse_json(R"({
    "type": "/docs/problems/run.active", "title": "Not possible in this state", "status": 409,
    "detail": "A run is active.", "instance": "/api/runs/r1", "code": "run.active", "request_id": "req-1",
    "next_action": "Cancel it.", "errors": [{"pointer": "/a/0", "message": "is wrong"}],
    "allowed_verbs": ["cancel", "pause"]})")
                                                       .value());
}

TEST_CASE("a problem tells the client what to do with it") {
  const auto header = [](ErrorKind kind, std::string_view name) -> std::string {
    for (const auto& one : problem({kind, "c", "m", "", {}, {}}, "", "").headers)
      if (one.name == name) return one.value;
    return {};
  };
  CHECK(header(ErrorKind::kUnauthenticated, "WWW-Authenticate") == "Bearer");
  CHECK_FALSE(header(ErrorKind::kBusy, "Retry-After").empty());
  CHECK_FALSE(header(ErrorKind::kUnavailable, "Retry-After").empty());
  CHECK(header(ErrorKind::kNotFound, "Retry-After").empty());
}

TEST_CASE("a problem is valid JSON whatever the error was made of") {
  const auto response =
      problem({ErrorKind::kInvalid, "c", "bad \xff\xfe\"\n", "", {{"/\x80", "\xc3"}}, {}}, "/%ff", "");
  CHECK(base::parse_json(response.body).has_value());
}
