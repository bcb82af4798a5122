#include "client/client.hpp"

#include "client/answering.hpp"

using namespace tenantry;
using namespace tenantry::client;
using base::ErrorKind;

TEST_CASE("an address loses its slash and has to be one") {
  CHECK(*clean_url("http://h:4000//") == "http://h:4000");
  CHECK(*clean_url("https://h/x") == "https://h/x");
  CHECK(clean_url("h:4000").has_error());
  CHECK(clean_url("ftp://h").has_error());
  CHECK(clean_url("http://").has_error());
}

TEST_CASE("a problem document becomes the error it stands for") {
  const auto error = error_of(409, R"({"code":"run.active","detail":"Busy.","next_action":"Wait.",
    "errors":[{"pointer":"/a","message":"bad"}],"allowed_verbs":["cancel"],"status":409})");
  CHECK(error.kind == ErrorKind::kConflict);
  CHECK(error.code == "run.active");
  CHECK(error.message == "Busy.");
  CHECK(error.next_action == "Wait.");
  REQUIRE(error.problems.size() == 1);
  CHECK(error.problems[0] == base::Problem{"/a", "bad"});
  CHECK(error.allowed_verbs == std::vector<std::string>{"cancel"});
}

TEST_CASE("an answer that is no problem document still says what to look at") {
  for (const char* body : {"<html>", "", "[1]", R"({"detail":1})", R"({"code":3,"errors":4})"}) {
    const auto error = error_of(502, body);
    CAPTURE(body);
    CHECK(error.kind == ErrorKind::kInternal);
    CHECK(error.code == "http.502");
    CHECK_FALSE(error.message.empty());
    CHECK_FALSE(error.next_action.empty());
  }
}

TEST_CASE("requests carry the token, and each post a key of its own") {
  Answering host;
  host.on("GET /api/engines", "[]");
  host.on("POST /api/iam/tenants", R"({"tenant":{"id":"ten_1"}})", 201);
  Client client(host.url(), "secret-token");
  CHECK(client.get("/api/engines").has_value());
  const auto made = client.post("/api/iam/tenants", base::json::object{{"name", "A"}});
  REQUIRE(made.has_value());
  CHECK(made->at("tenant").at("id") == "ten_1");
  CHECK(client.post("/api/iam/tenants", base::json::object{}).has_value());
  const auto asked = host.asked();
  REQUIRE(asked.size() == 3);
  for (const auto& request : asked) CHECK(request.authorization == "Bearer secret-token");
  CHECK(asked[0].idempotency_key.empty());
  CHECK(asked[1].body == R"({"name":"A"})");
  CHECK_FALSE(asked[1].idempotency_key.empty());
  CHECK(asked[1].idempotency_key != asked[2].idempotency_key);
}

TEST_CASE("a redirect is not followed, so the token stays with its host") {
  Answering host;
  Answering elsewhere;
  elsewhere.on("GET /x", "{}");
  host.on("GET /x", http::Response{302, "application/json", "{}", {{"Location", elsewhere.url() + "/x"}}, false});
  Client client(host.url(), "secret-token");
  const auto answer = client.get("/x");
  REQUIRE(answer.has_error());
  CHECK(answer.error().code == "cli.answer");
  CHECK(elsewhere.asked().empty());
}

TEST_CASE("an answer that is not JSON is an error, and an empty one is null") {
  Answering host;
  host.on("GET /html", http::Response{200, "text/html", "<html>", {}, false});
  host.on("GET /nothing", http::Response{204, {}, {}, {}, false});
  Client client(host.url(), "");
  const auto html = client.get("/html");
  REQUIRE(html.has_error());
  CHECK(html.error().code == "cli.answer");
  CHECK(client.get("/nothing")->is_null());
}

TEST_CASE("a host that is not there is named, with what to do") {
  std::string url;
  {
    Answering host;
    url = host.url();
  }
  Client client(url, "");
  const auto answer = client.get("/livez");
  REQUIRE(answer.has_error());
  CHECK(answer.error().code == "cli.unreachable");
  CHECK(answer.error().kind == ErrorKind::kUnavailable);
  CHECK(answer.error().message.find(url) != std::string::npos);
  CHECK(answer.error().next_action.find("tenantry serve") != std::string::npos);
}

TEST_CASE("names in an address are percent-encoded") {
  CHECK(encode_segment("A b/\xC3\xA9?&~-") == "A%20b%2F%C3%A9%3F%26~-");
}
