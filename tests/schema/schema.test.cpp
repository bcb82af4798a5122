#include "schema/schema.hpp"

#include <algorithm>
#include <string>

#include "support/catch.hpp"

namespace {

namespace json = boost::json;
using tenantry::base::Problem;
using tenantry::schema::Schema;

json::value parse(std::string_view text) { return json::parse({text.data(), text.size()}); }

Schema compile(std::string_view text) {
  auto schema = Schema::compile(parse(text));
  CAPTURE(text);
  REQUIRE(schema.has_value());
  return *schema;
}

std::vector<Problem> faults(std::string_view schema) {
  const auto compiled = Schema::compile(parse(schema));
  return compiled.has_value() ? std::vector<Problem>{} : compiled.error().problems;
}

std::vector<Problem> check(std::string_view schema, std::string_view value) {
  return compile(schema).check(parse(value));
}

bool accepts(std::string_view schema, std::string_view value) { return check(schema, value).empty(); }

// "<pointer>: <message>" of the only problem.
std::string only(const std::vector<Problem>& problems) {
  REQUIRE(problems.size() == 1);
  return problems.front().pointer + ": " + problems.front().message;
}

TEST_CASE("a type admits its values only, and a number without a fraction is an integer") {
  CHECK(accepts(R"({"type":"integer"})", "5"));
  CHECK(accepts(R"({"type":"integer"})", "5.0"));
  CHECK(accepts(R"({"type":"integer"})", "18446744073709551615"));
  CHECK_FALSE(accepts(R"({"type":"integer"})", "5.5"));
  CHECK(accepts(R"({"type":"number"})", "5"));
  CHECK(accepts(R"({"type":["string","null"]})", "null"));
  CHECK_FALSE(accepts(R"({"type":"object"})", "[]"));
  CHECK(only(check(R"({"type":["string","null"]})", "[1,2]")) == ": expected text or null, found a list of 2 items");
  CHECK(only(check(R"({"type":"integer"})", "1.5")) == ": expected a whole number, found a number with a fraction");
}

TEST_CASE("a keyword says nothing about values of other types") {
  CHECK(accepts(R"({"minLength":3,"minimum":3,"minItems":3,"required":["a"]})", "true"));
  CHECK(accepts(R"({"minLength":3})", "1"));
}

TEST_CASE("lengths count code points") {
  const char* schema = R"({"minLength":2,"maxLength":2})";
  CHECK(accepts(schema, "\"\xC3\xA9\xF0\x9F\x9A\x80\""));
  CHECK(only(check(schema, "\"\xC3\xA9\"")) == ": expected at least 2 characters, found 1");
  CHECK(only(check(schema, "\"abc\"")) == ": expected at most 2 characters, found 3");
}

TEST_CASE("bounds are inclusive and exact, also for the largest integers") {
  CHECK(accepts(R"({"minimum":1,"maximum":3})", "3"));
  CHECK(only(check(R"({"minimum":1})", "0")) == ": expected at least 1, found less");
  CHECK(only(check(R"({"maximum":1.5})", "2")) == ": expected at most 1.5E0, found more");
  CHECK(accepts(R"({"maximum":9007199254740993})", "9007199254740993"));
  CHECK_FALSE(accepts(R"({"maximum":9007199254740992})", "9007199254740993"));
  CHECK_FALSE(accepts(R"({"maximum":18446744073709551614})", "18446744073709551615"));
}

TEST_CASE("enum and const compare by value") {
  CHECK(accepts(R"({"enum":[1,"a",null,{"x":1,"y":[2]}]})", "1.0"));
  CHECK(accepts(R"({"enum":[1,"a",null,{"x":1,"y":[2]}]})", R"({"y":[2.0],"x":1})"));
  CHECK_FALSE(accepts(R"({"enum":["1"]})", "1"));
  CHECK_FALSE(accepts(R"({"const":[1,2]})", "[2,1]"));
  CHECK(only(check(R"({"enum":["a","b"]})", "\"c\"")) == R"(: expected one of "a", "b", found another value)");
  CHECK(only(check(R"({"const":1})", "2")) == ": expected 1, found another value");
}

TEST_CASE("lists are checked item by item") {
  const char* schema = R"({"type":"array","minItems":1,"maxItems":3,"items":{"type":"integer"}})";
  CHECK(accepts(schema, "[1,2,3]"));
  CHECK(only(check(schema, "[]")) == ": expected at least 1 item, found 0");
  CHECK(only(check(schema, "[1,2,3,4]")) == ": expected at most 3 items, found 4");
  CHECK(check(schema, R"(["a",1,"b"])").size() == 2);
  CHECK(check(schema, R"(["a",1,"b"])").back().pointer == "/2");
}

TEST_CASE("all problems of an object are reported at once, each with its pointer") {
  const auto problems = check(
      R"({"type":"object","required":["name","port","gone"],"additionalProperties":false,
          "properties":{"name":{"type":"string","minLength":3},"port":{"type":"integer"},"a/b~c":{"type":"null"},"gone":true}})",
      R"({"name":"x","port":"80","a/b~c":1,"extra":1})");
  std::vector<std::string> pointers;
  for (const auto& problem : problems) pointers.push_back(problem.pointer);
  std::sort(pointers.begin(), pointers.end());
  CHECK(pointers == std::vector<std::string>{"/a~1b~0c", "/extra", "/gone", "/name", "/port"});
}

TEST_CASE("additionalProperties may be a schema, and true and false are schemas") {
  CHECK(accepts(R"({"additionalProperties":{"type":"string"}})", R"({"a":"x"})"));
  CHECK(only(check(R"({"additionalProperties":{"type":"string"}})", R"({"a":1})")) ==
        "/a: expected text, found a whole number");
  CHECK(only(check(R"({"properties":{"a":false}})", R"({"a":1})")) == "/a: not expected here");
  CHECK(accepts(R"({"items":true})", "[1]"));
}

TEST_CASE("formats are checked") {
  const auto fits = [](const std::string& format, const std::string& text) {
    return accepts(R"({"format":")" + format + "\"}", json::serialize(json::string(text)));
  };
  CHECK(fits("hostname", "erp-1.example.org"));
  CHECK(fits("hostname", std::string(63, 'a') + ".de"));
  CHECK_FALSE(fits("hostname", std::string(64, 'a') + ".de"));
  for (const char* bad : {"", "-a.de", "a-.de", "a..de", "a_b", "a b", "\xC3\xA9.de", "a."})
    CHECK_FALSE(fits("hostname", bad));
  CHECK(fits("email", "jo.doe+erp@example.org"));
  for (const char* bad : {"", "@a.de", "a@", "a", "a@@b.de", ".a@b.de", "a b@c.de", "a@b_c"})
    CHECK_FALSE(fits("email", bad));
  CHECK(fits("uri", "https://erp.example.org:8080/a?b=c%20d#e"));
  CHECK(fits("uri", "urn:isbn:123"));
  for (const char* bad :
       {"", "erp.example.org/a", "/a", ":a", "1a:b", "a:", "http://a b", "http://a/%zz", "http://a/%2"})
    CHECK_FALSE(fits("uri", bad));
  CHECK(fits("date-time", "2026-11-23T08:15:00Z"));
  CHECK_FALSE(fits("date-time", "2026-11-23"));
}

TEST_CASE("a reference means what it refers to, also through others and in trees") {
  const char* tree = R"({"$ref":"#/$defs/alias","$defs":{"alias":{"$ref":"#/$defs/node"},
      "node":{"type":"object","required":["v"],"additionalProperties":false,
              "properties":{"v":{"type":"integer"},"kids":{"type":"array","items":{"$ref":"#/$defs/alias"}}}}}})";
  CHECK(accepts(tree, R"({"v":1,"kids":[{"v":2},{"v":3,"kids":[{"v":4}]}]})"));
  CHECK(only(check(tree, R"({"v":1,"kids":[{"v":2},{"v":3,"kids":[{"v":"4"}]}]})")) ==
        "/kids/1/kids/0/v: expected a whole number, found text of 1 character");
}

TEST_CASE("every fault of a schema is reported at once, with its pointer") {
  const auto found = faults(R"x({"type":"objekt","oneOf":[],"properties":{"a":{"minLength":-1,"pattern":"(?=a)"},
      "b":{"$ref":"http://example.org/x"},"c":{"$ref":"#/$defs/none"},"d":7,"e":{"minimum":2,"maximum":1},
      "f":{"format":"ipv4"},"g":{"required":["x","x"]},"h":{"enum":[]},"i":{"$schema":"x"},"j/k":{"not":{}}}})x");
  std::vector<std::string> pointers;
  for (const auto& problem : found) pointers.push_back(problem.pointer);
  CHECK(pointers == std::vector<std::string>{"/type", "/oneOf", "/properties/a/minLength", "/properties/a/pattern",
                                             "/properties/b/$ref", "/properties/c/$ref", "/properties/d",
                                             "/properties/e/minimum", "/properties/f/format",
                                             "/properties/g/required/1", "/properties/h/enum", "/properties/i/$schema",
                                             "/properties/j~1k/not"});
}

TEST_CASE("annotations are accepted and must be of their kind") {
  CHECK(faults(R"({"$schema":"x","$id":"y","title":"t","description":"d","examples":[1],"default":{}})").empty());
  CHECK(faults(R"({"title":1,"description":2,"examples":3})").size() == 3);
  CHECK(faults(R"({"properties":{"a":{"$defs":{}}}})").size() == 1);
}

TEST_CASE("a default that its own schema refuses is a fault") {
  CHECK(faults(R"({"properties":{"a":{"type":"string","default":"x"}}})").empty());
  CHECK(faults(R"({"properties":{"a":{"type":"string","default":1}}})").size() == 1);
  CHECK(faults(R"({"properties":{"a":{"$ref":"#/$defs/s","default":1}},"$defs":{"s":{"type":"string"}}})").size() == 1);
}

TEST_CASE("defaults fill what is absent, at every level, and nothing else") {
  const auto schema =
      compile(R"({"properties":{"a":{"default":1},"b":{"default":{"x":1}},"c":{"items":{"$ref":"#/$defs/i"}}},
      "additionalProperties":{"properties":{"y":{"default":true}}},"$defs":{"i":{"properties":{"d":{"default":"z"}}}}})");
  const auto filled = schema.with_defaults(parse(R"({"a":null,"c":[{},{"d":"k"},7],"other":{}})"));
  REQUIRE(filled.has_value());
  CHECK(*filled == parse(R"({"a":null,"c":[{"d":"z"},{"d":"k"},7],"other":{"y":true},"b":{"x":1}})"));
  CHECK(*schema.with_defaults(parse("[1]")) == parse("[1]"));
}

TEST_CASE("no message repeats what the value contains") {
  const char* schema = R"({"additionalProperties":false,"properties":{
      "a":{"type":"integer"},"b":{"enum":["x","y"]},"c":{"const":"x"},"d":{"maxLength":3},"e":{"minLength":99},
      "f":{"pattern":"^x$"},"g":{"format":"email"},"h":{"maximum":5},"i":{"minimum":987654321},"j":{"type":"array"}}})";
  const auto problems = check(schema, R"({"a":"s3cr3t","b":"s3cr3t","c":"s3cr3t","d":"s3cr3t","e":"s3cr3t","f":"s3cr3t",
      "g":"s3cr3t","h":31337,"i":31337,"j":{"k":"s3cr3t"}})");
  CHECK(problems.size() == 10);
  for (const auto& problem : problems) {
    CAPTURE(problem.message);
    CHECK(problem.message.find("s3cr3t") == std::string::npos);
    CHECK(problem.message.find("31337") == std::string::npos);
  }
}

TEST_CASE("a schema can be used from a copy after the original is gone") {
  auto* original = new Schema(compile(R"({"type":"integer"})"));
  const Schema copy = *original;
  delete original;
  CHECK(copy.check(1).empty());
  CHECK(copy.check("1").size() == 1);
}

}  // namespace
