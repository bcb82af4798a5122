#include "kit/fixture.hpp"

#include <cstdlib>
#include <fstream>

#include "base/json.hpp"
#include "kit/kit.hpp"
#include "schema/builtin.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

namespace tenantry::kit {
namespace {

using model::Outcome;

Fixture parse(const std::string& text) {
  auto fixture = Fixture::parse(text);
  INFO((fixture.has_error() ? fixture.error().message : ""));
  REQUIRE(fixture.has_value());
  return *fixture;
}

std::string first_pointer(const std::string& text) {
  const auto fixture = Fixture::parse(text);
  REQUIRE(fixture.has_error());
  CHECK(fixture.error().code == "fixture.invalid");
  return fixture.error().problems.empty() ? "" : fixture.error().problems.front().pointer;
}

TEST_CASE("a fixture is filled in for each tenant and each check") {
  ::setenv("KIT_TEST_URL", "http://127.0.0.1:1", 1);
  const auto fixture = parse(R"({"settings": {"directory": "${folder}/x", "url": "${KIT_TEST_URL}"},
      "environment": {"ROOT": "${folder}"}, "request": {"names": ["${tenant}", "a ${tenant} b ${tenant}"], "n": 7},
      "secrets": {"server.key": "${KIT_TEST_URL}!"}})");
  const auto settings = fixture.settings("/f");
  REQUIRE(settings.has_value());
  CHECK(*settings == json::value{{"directory", "/f/x"}, {"url", "http://127.0.0.1:1"}});
  CHECK(fixture.environment("/f")->at("ROOT") == "/f");
  const auto scene = fixture.scene("/f", "t1");
  REQUIRE(scene.has_value());
  CHECK(scene->documents.request == json::value{{"names", {"t1", "a t1 b t1"}}, {"n", 7}});
  CHECK(scene->documents.tenant.at("id") == "t1");
  CHECK(scene->secrets.at("server.key") == "http://127.0.0.1:1!");
  ::unsetenv("KIT_TEST_URL");
  const auto gone = fixture.scene("/f", "t1");
  REQUIRE(gone.has_error());
  REQUIRE(gone.error().problems.size() == 1);
  CHECK(gone.error().problems[0].pointer == "/secrets/server.key");
}

TEST_CASE("the folder is looked at by default, and of a result only what is the tenant's") {
  const auto plain = *parse(R"({"request": {}})").scene("/f", "t1");
  REQUIRE(plain.snapshot.size() == 1);
  CHECK(plain.snapshot[0].at == "/f");
  REQUIRE(plain.result.size() == 1);
  CHECK(plain.result[0].only == "t1");
  const auto remote = *parse(R"({"request": {}, "snapshot": [{"at": "http://a/b"}]})").scene("/f", "t1");
  CHECK(remote.result.empty());
}

TEST_CASE("what is known about steps is read, and the rest is as usual") {
  const auto scene =
      *parse(R"({"request": {}, "steps": {"a": {"run": {"outcome": ["done", "skipped"], "output": {"x": 1}},
      "takes_over": true}}})")
           .scene("/f", "t1");
  const auto& step = scene.steps.at("a");
  CHECK(step.run.allows(Outcome::kSkipped));
  CHECK_FALSE(step.run.allows(Outcome::kAlreadyDone));
  CHECK(step.again.allows(Outcome::kFailed));
  CHECK(step.takes_over);
  CHECK(contains(json::value{{"x", 1}, {"y", {{"z", {1, 2}}}}}, json::value{{"y", {{"z", {1, 2}}}}}));
  CHECK_FALSE(contains(json::value{{"x", 1}}, json::value{{"x", 2}}));
  CHECK_FALSE(contains(json::parse("[1,2]"), json::parse("[1]")));
}

TEST_CASE("what a fixture does not know is refused with a pointer") {
  CHECK(first_pointer(R"({"request": {}, "requests": []})") == "/requests");
  CHECK(first_pointer(R"({})") == "/request");
  CHECK(first_pointer(R"({"request": {}, "steps": {"a": {"runs": {}}}})") == "/steps/a/runs");
  CHECK(first_pointer(R"({"request": {}, "steps": {"a": {"run": {"outcome": ["fine"]}}}})") ==
        "/steps/a/run/outcome/0");
  CHECK(first_pointer(R"({"request": {}, "snapshot": [{"at": "relative"}]})") == "/snapshot/0/at");
  CHECK(first_pointer("nonsense").empty());
  CHECK(parse(R"({"request": {}, "settings": {"a": "${tenant}"}})").settings("/f").error().problems[0].pointer ==
        "/settings/a");
}

TEST_CASE("a request is made up from defaults, enums and small examples") {
  const auto made = example_of(json::parse(R"({"type": "object", "required": ["name", "kind", "n", "when", "list"],
      "properties": {"name": {"type": "string", "pattern": "^[a-z]+$", "minLength": 3},
        "kind": {"enum": ["b", "a"]}, "n": {"type": "integer", "minimum": 5},
        "when": {"type": "string", "format": "date-time"}, "color": {"type": "string"},
        "list": {"type": "array", "minItems": 2, "items": {"$ref": "#/$defs/x"}}},
      "$defs": {"x": {"type": "string", "default": "d"}}})"));
  REQUIRE(made.has_value());
  CHECK(*made ==
        json::value{
            {"name", "example"}, {"kind", "b"}, {"n", 5}, {"when", "2026-01-01T00:00:00Z"}, {"list", {"d", "d"}}});
  CHECK_FALSE(example_of(json::parse(R"({"type": "object", "required": ["x"],
      "properties": {"x": {"type": "string", "pattern": "^q{7}$"}}})"))
                  .has_value());
}

TEST_CASE("the report has the form of its schema, whatever was found") {
  for (const char* file : {"mutant.so", "no_entry.so"}) {
    Options options;
    options.file = std::string(TEST_PLUGINS) + "/" + file;
    const auto report = check_engine(options);
    REQUIRE(report.has_value());
    const auto document = json::parse(json::serialize(to_json(*report)));
    for (const auto& problem : schema::builtin("engine_check").check(document))
      FAIL_CHECK(problem.pointer << ": " << problem.message);
    CHECK(report->checks.size() == 24);
  }
}

TEST_CASE("the engines that are examples conform") {
  for (const std::string name : {"hello", "plain_c"}) {
    Options options;
    options.file = std::string(TEST_ENGINES) + "/" + name + ".so";
    options.fixture = std::string(TENANTRY_ROOT) + "/examples/" + name + "_engine/fixture.json";
    const auto report = check_engine(options);
    REQUIRE(report.has_value());
    INFO(to_text(*report));
    CHECK(report->conforming());
  }
}

TEST_CASE("an unreadable file, an unknown check and a foreign fixture are refused before anything runs") {
  Options options;
  options.file = "/nowhere/absent.so";
  CHECK(check_engine(options).error().code == "engine.refused");
  options.file = std::string(TEST_PLUGINS) + "/mutant.so";
  options.only = {"7", "nothing"};
  CHECK(check_engine(options).error().code == "check.unknown");
  options.only.clear();
  options.fixture = std::string(TENANTRY_ROOT) + "/examples/hello_engine/fixture.json";
  CHECK(check_engine(options).error().code == "fixture.invalid");
}

}  // namespace
}  // namespace tenantry::kit
