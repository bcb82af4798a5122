#include "http/request.hpp"

#include "http/problem.hpp"
#include "support/catch.hpp"

using namespace tenantry;
using namespace tenantry::http;

TEST_CASE("a query is decoded, and never means two things") {
  CHECK(parse_query("a=1&b=x%20y+z&c&=d&&").value() == Fields{{"a", "1"}, {"b", "x y z"}, {"c", ""}, {"", "d"}});
  CHECK(parse_query("").value().empty());
  CHECK(parse_query("a=b=c").value() == Fields{{"a", "b=c"}});
  CHECK(parse_query("a=1&a=1").error().code == "http.query");
  CHECK(parse_query("a=1&%61=2").error().code == "http.query");
  for (const auto* bad : {"a=%", "%zz=1", "a=%0", "a=%00", "a=%c3%28", "a=%fe"})
    CHECK(parse_query(bad).error().code == "http.encoding");
}

TEST_CASE("headers are found in any case") {
  Request request;
  request.headers = {{"X-One", "1"}, {"x-one", "2"}, {"Content-TYPE", "a/b"}};
  CHECK(request.header("x-ONE").value() == "1");
  CHECK(request.header("content-type").value() == "a/b");
  CHECK_FALSE(request.header("X-On").has_value());
  CHECK_FALSE(request.header("X-Ones").has_value());
}

TEST_CASE("a JSON body has to say that it is one") {
  const auto read = [](std::string type, std::string text, Body body = Body::kRequired) {
    Request request;
    if (!type.empty()) request.headers = {{"Content-Type", std::move(type)}};
    request.body = std::move(text);
    return json_body(request, body);
  };
  CHECK(read("application/json", "{\"a\":1}").value().at("a") == 1);
  CHECK(read("Application/JSON; charset=utf-8", "[]").has_value());
  CHECK(read("application/merge-patch+json", "{}").has_value());
  CHECK(read("", "", Body::kOptional).value().as_object().empty());
  CHECK(read("", "").error().code == "http.body_missing");
  for (const auto* type : {"", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "json", "+json"})
    CHECK(status_of(read(type, "{}").error()) == 415);
  const auto bad = read("application/json", "{\"a\":}").error();
  CHECK(bad.code == "json.invalid");
  REQUIRE(bad.problems.size() == 1);
  CHECK(bad.problems[0].pointer.empty());
  CHECK(bad.problems[0].message.find("byte 5") != std::string::npos);
}
