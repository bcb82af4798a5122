#include "engine/manifest_reader.hpp"

#include <algorithm>
#include <random>

#include "base/json.hpp"
#include "engine/contract.hpp"
#include "support/catch.hpp"

namespace tenantry::engine {
namespace {

namespace json = boost::json;

std::string with_steps(const std::string& steps) {
  return R"({"engine":"odoo","version":"1.4.0","title":"Odoo 18","request":{"type":"object","additionalProperties":false,
      "properties":{"tenant":{"type":"string"}}},"steps":[)" +
         steps + "]}";
}

// The pointers of everything that is wrong with these steps, sorted.
std::vector<std::string> faults(const std::string& steps) {
  const auto manifest = read_manifest(with_steps(steps));
  std::vector<std::string> out;
  if (manifest.has_error())
    for (const auto problems = manifest.error().problems; const auto& problem : problems)
      out.push_back(problem.pointer);
  std::sort(out.begin(), out.end());
  return out;
}
using Pointers = std::vector<std::string>;

std::string first_message(const std::string& text) {
  const auto manifest = read_manifest(text);
  return manifest.has_value() ? "none" : manifest.error().problems.front().message;
}

TEST_CASE("a manifest is read completely") {
  const std::string text =
      R"({ "engine":"odoo","version":"1.4.0","title":"Odoo 18","manifest":1,"tenancy":["site"],"future":{"x":1},
    "request":{"type":"object","required":["tenant"],"properties":{"tenant":{"type":"string"},"modules":{"type":"array"}}},
    "settings":{"type":"object","properties":{"db_host":{"type":"string","default":"localhost"}}},
    "steps":[
     {"id":"create_database","title":"Create the database","input":{"request":{"from":"/request","members":["tenant"]},"server":"/server"},
      "output":{"type":"object","required":["name"],"properties":{"name":{"type":"string"}}},"operations":["run","undo","verify","plan"],
      "secrets":["db_admin"],"retry":{"attempts":7,"backoff_ms":1000,"max_backoff_ms":60000,"budget_ms":3600000},
      "timeout_ms":5000,"heartbeat_ms":6000.0,"wait_limit_ms":7000,"expected_ms":8000,"exclusive":"odoo.db","per_tenant":true,"repeatable":true},
     {"id":"install_modules","after":["create_database"],"skippable":true,"optional":true,
      "input":{"request":"/request","db":{"from":"/steps/create_database/output"}}}]})";
  const auto manifest = read_manifest(text);
  if (manifest.has_error()) FAIL(manifest.error().problems.front().pointer + manifest.error().problems.front().message);
  CHECK(manifest->engine.value == "odoo");
  CHECK(manifest->version == "1.4.0");
  CHECK(manifest->title == "Odoo 18");
  CHECK(manifest->text == text);
  CHECK(manifest->tenancy == std::vector<std::string>{"site"});
  CHECK(manifest->settings_schema.is_object());
  REQUIRE(manifest->steps.size() == 2);
  const auto& first = manifest->steps[0];
  CHECK(first.title == "Create the database");
  REQUIRE(first.input.size() == 2);
  CHECK(first.input[0].members == std::vector<std::string>{"tenant"});
  CHECK(first.input[1].from == "/server");
  CHECK((first.has_undo && first.has_verify && first.has_plan));
  CHECK(first.secrets == std::vector<std::string>{"db_admin"});
  CHECK(first.retry.attempts == 7);
  CHECK(first.retry.backoff == base::Millis{1000});
  CHECK(first.retry.max_backoff == base::Millis{60000});
  CHECK(first.retry.budget == base::Millis{3600000});
  CHECK(first.timeout == base::Millis{5000});
  CHECK(first.heartbeat == base::Millis{6000});
  CHECK(first.wait_limit == base::Millis{7000});
  CHECK(first.expected == base::Millis{8000});
  REQUIRE(first.exclusive.has_value());
  CHECK(first.exclusive->name == "odoo.db");
  CHECK(first.exclusive->per_tenant);
  CHECK(first.repeatable);
  CHECK(first.critical);
  const auto& second = manifest->steps[1];
  CHECK(second.title == "install_modules");
  CHECK(second.after == std::vector<std::size_t>{0});
  CHECK(second.skippable);
  CHECK(second.optional);
  CHECK_FALSE(second.critical);
  CHECK_FALSE(second.has_undo);
}

TEST_CASE("the digest is that of the meaning, not of the spelling") {
  const auto a = read_manifest(R"({"engine":"a","version":"1.0.0","request":{},"steps":[{"id":"x"}]})");
  const auto b = read_manifest(R"( {"version":"1.0.0","steps":[{"id":"x"}],  "request":{},"engine":"a"})");
  const auto c = read_manifest(R"({"engine":"a","version":"1.0.1","request":{},"steps":[{"id":"x"}]})");
  REQUIRE(a.has_value());
  REQUIRE(b.has_value());
  CHECK(a->digest.size() == 64);
  CHECK(a->digest == b->digest);
  CHECK(a->digest != c->digest);
}

TEST_CASE("steps come in topological order, and as declared where that leaves a choice") {
  const auto manifest = read_manifest(with_steps(
      R"({"id":"d","after":["b","c"]},{"id":"c","after":["a"]},{"id":"b","after":["a"]},{"id":"e"},{"id":"a"})"));
  REQUIRE(manifest.has_value());
  std::string order;
  for (const auto& step : manifest->steps) order += step.id;
  CHECK(order == "eacbd");
  CHECK(manifest->steps[4].after == std::vector<std::size_t>{2, 3});
}

TEST_CASE("on random graphs every step comes after its predecessors, and cycles are always found") {
  std::mt19937 random(5);
  int cyclic = 0;
  for (int round = 0; round < 400; ++round) {
    const int count = 2 + static_cast<int>(random() % 12);
    const bool forward_only = round % 2 == 0;
    std::string steps;
    for (int i = 0; i < count; ++i) {
      std::string after;
      for (int k = 0; k < count; ++k)
        if (k != i && (!forward_only || k < i) && random() % 5 == 0)
          after += (after.empty() ? "\"s" : ",\"s") + std::to_string(k) + '"';
      steps += (i == 0 ? "" : ",") + ("{\"id\":\"s" + std::to_string(i)) + "\",\"after\":[" + after + "]}";
    }
    const auto manifest = read_manifest(with_steps(steps));
    if (manifest.has_error()) {
      REQUIRE_FALSE(forward_only);
      CHECK(manifest.error().problems.front().message.starts_with("steps that wait for each other: "));
      ++cyclic;
      continue;
    }
    for (std::size_t i = 0; i < manifest->steps.size(); ++i)
      for (const auto before : manifest->steps[i].after) CHECK(before < i);
  }
  CHECK(cyclic > 20);
  CHECK(cyclic < 200);
}

TEST_CASE("what is wrong with the form is reported at once, with pointers") {
  const auto manifest =
      read_manifest(R"({"engine":"Odoo","version":"new","request":[],"steps":[{"id":"a b"},{"title":"x"},
      {"id":"c","operations":["walk"],"retry":{"attempts":0},"timeout_ms":"1s"}],"manifest":2})");
  REQUIRE(manifest.has_error());
  Pointers pointers;
  for (const auto problems = manifest.error().problems; const auto& problem : problems)
    pointers.push_back(problem.pointer);
  std::sort(pointers.begin(), pointers.end());
  CHECK(pointers == Pointers{"/engine", "/manifest", "/request", "/steps/0/id", "/steps/1/id", "/steps/2/operations/0",
                             "/steps/2/retry/attempts", "/steps/2/timeout_ms", "/version"});
}

TEST_CASE("what is wrong with the meaning is reported at once, with pointers") {
  CHECK(faults(R"({"id":"a"},{"id":"a"},{"id":"b","after":["x","b"]},
      {"id":"c","input":{"p":"/steps/y/output","q":"/config","r":{"from":"/steps/a"},"s":"/requests"}},
      {"id":"d","operations":["undo"]},{"id":"e","retry":{"backoff_ms":9,"max_backoff_ms":5}},
      {"id":"f","output":{"oneOf":[]}},{"id":"g","optional":true,"critical":true},{"id":"h","per_tenant":true})") ==
        Pointers{"/steps/1/id", "/steps/2/after/0", "/steps/2/after/1", "/steps/3/input/p", "/steps/3/input/q",
                 "/steps/3/input/r/from", "/steps/3/input/s", "/steps/4/operations", "/steps/5/retry/backoff_ms",
                 "/steps/6/output/oneOf", "/steps/7/critical", "/steps/8/per_tenant"});
}

TEST_CASE("what is read must be there: members, outputs, schemas") {
  CHECK(faults(R"({"id":"a","input":{"r":{"from":"/request","members":["tenant","tenat"]}}})") ==
        Pointers{"/steps/0/input/r/members/1"});
  CHECK(faults(R"({"id":"a"},{"id":"b","input":{"x":"/steps/a/output"}})") == Pointers{"/steps/1/input/x"});
  CHECK(faults(R"({"id":"a","output":{}},{"id":"b","input":{"x":{"from":"/steps/a/output","members":["any"]}}})")
            .empty());
  CHECK(first_message(R"({"engine":"a","version":"1.0.0","request":{"minLength":"x"},"steps":[{"id":"a"}]})") ==
        "expected a whole number, 0 or more");
}

TEST_CASE("a cycle is shown step by step") {
  CHECK(first_message(with_steps(
            R"({"id":"x"},{"id":"a","after":["c"]},{"id":"b","after":["a","x"]},{"id":"c","after":["b"]})")) ==
        "steps that wait for each other: a -> b -> c -> a");
}

TEST_CASE("a manifest is limited in steps and size, and never crashes the reader") {
  std::string steps = R"({"id":"s0"})";
  for (int i = 1; i < 256; ++i)
    steps += ",{\"id\":\"s" + std::to_string(i) + "\",\"after\":[\"s" + std::to_string(i - 1) + "\"]}";
  CHECK(read_manifest(with_steps(steps)).has_value());
  CHECK(faults(steps + R"(,{"id":"last"})") == Pointers{"/steps"});
  CHECK(read_manifest(with_steps(R"({"id":"a","title":")" + std::string(1U << 20U, 'x') + "\"}")).has_error());
  for (const char* text : {"", "null", "[]", "{}", "{", "\"x\"", R"({"error":1})", R"({"steps":{}})",
                           R"({"engine":{},"version":[],"request":1,"steps":[1,null,[]]})"}) {
    CAPTURE(text);
    CHECK(read_manifest(text).has_error());
  }
  const auto whole = with_steps(R"({"id":"a","input":{"r":"/request"}},{"id":"b","after":["a"]})");
  std::mt19937 random(3);
  for (int round = 0; round < 3'000; ++round) {
    auto damaged = whole;
    for (unsigned n = 1 + static_cast<unsigned>(random()) % 3; n > 0; --n)
      damaged[random() % damaged.size()] = "{}[]\",:0ax/"[random() % 11];
    static_cast<void>(read_manifest(damaged));
  }
}

TEST_CASE("a contract completes requests and settings, or says everything that is wrong with them") {
  auto manifest = read_manifest(R"({"engine":"a","version":"1.0.0","request":{"type":"object","required":["t"],
      "properties":{"t":{"type":"string"},"n":{"type":"integer","default":2}}},"steps":[{"id":"x","output":{"type":"object"}},{"id":"y"}]})");
  REQUIRE(manifest.has_value());
  const Contract contract(std::make_shared<const model::Manifest>(std::move(*manifest)));
  CHECK(*contract.complete_request(json::object{{"t", "a"}}) == json::value({{"t", "a"}, {"n", 2}}));
  const auto refused = contract.complete_request(json::object{{"n", "x"}});
  CHECK(refused.error().code == "request.invalid");
  CHECK(refused.error().problems.size() == 2);
  CHECK(contract.complete_settings(json::object{{"anything", 1}}).has_value());
  CHECK(contract.complete_settings(json::array{}).error().code == "settings.invalid");
  CHECK_FALSE(contract.check_output(0, "{}").has_value());
  CHECK(contract.check_output(0, "[]")->code == "host.bad_output");
  CHECK(contract.check_output(0, "[")->code == "host.bad_output");
  CHECK_FALSE(contract.check_output(1, "[]").has_value());
}

}  // namespace
}  // namespace tenantry::engine
