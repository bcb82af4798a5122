#include <chrono>
#include <random>
#include <string>

#include "schema/schema.hpp"
#include "support/catch.hpp"

namespace {

namespace json = boost::json;
using tenantry::schema::Schema;

json::value parse(std::string_view text) { return json::parse({text.data(), text.size()}); }

bool refused(const json::value& schema) { return Schema::compile(schema).has_error(); }

json::value nested_value(int depth) {
  json::value out = 1;
  for (int i = 0; i < depth; ++i) out = json::array{std::move(out)};
  return out;
}

class Stopwatch {
 public:
  [[nodiscard]] bool under(int seconds) const {
    return std::chrono::steady_clock::now() - start_ < std::chrono::seconds(seconds);
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

TEST_CASE("what is not an object is no schema") {
  for (const char* text : {"null", "true", "false", "1", "\"x\"", "[]", "[{}]"}) CHECK(refused(parse(text)));
}

TEST_CASE("references that lead back to themselves are refused") {
  CHECK(refused(parse(R"({"$ref":"#"})")));
  CHECK(refused(parse(R"({"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/a"}}})")));
  CHECK(refused(parse(R"({"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/c"},"c":{"$ref":"#/$defs/a"}}})")));
  CHECK(refused(parse(
      R"({"properties":{"x":{"$ref":"#/$defs/a"}},"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}})")));
  CHECK(refused(parse(R"({"$ref":7})")));
  CHECK(refused(parse(R"({"$ref":"#/$defs/"})")));
  CHECK(refused(parse(R"({"$ref":"#/$defs/a/properties/b","$defs":{"a":{"properties":{"b":{}}}}})")));
  CHECK(refused(parse(R"({"$ref":"#/$defs/a","minLength":1,"$defs":{"a":{}}})")));
}

TEST_CASE("a long chain of references is followed without recursion") {
  json::object definitions;
  constexpr int kLength = 9'000;
  for (int i = 0; i < kLength; ++i)
    definitions["d" + std::to_string(i)] = i + 1 == kLength
                                               ? json::value{{"type", "integer"}}
                                               : json::value{{"$ref", "#/$defs/d" + std::to_string(i + 1)}};
  const Stopwatch watch;
  const auto schema = Schema::compile({{"$ref", "#/$defs/d0"}, {"$defs", definitions}});
  REQUIRE(schema.has_value());
  CHECK(schema->check(1).empty());
  CHECK(schema->check("x").size() == 1);
  CHECK(watch.under(5));
}

TEST_CASE("a recursive schema with many ways down is checked in linear time") {
  const auto schema = Schema::compile(parse(R"({"$ref":"#/$defs/a","$defs":{
      "a":{"additionalProperties":{"$ref":"#/$defs/b"},"items":{"$ref":"#/$defs/b"}},
      "b":{"additionalProperties":{"$ref":"#/$defs/a"},"items":{"$ref":"#/$defs/a"}}}})"));
  REQUIRE(schema.has_value());
  const Stopwatch watch;
  CHECK(schema->check(nested_value(30)).empty());
  CHECK(watch.under(1));
}

TEST_CASE("schemas and values that are nested too deeply are refused") {
  json::value schema = json::object{};
  for (int i = 0; i < 2'000; ++i) schema = json::object{{"items", std::move(schema)}};
  CHECK(refused(schema));

  const auto recursive = Schema::compile(parse(R"({"$ref":"#/$defs/a","$defs":{"a":{"items":{"$ref":"#/$defs/a"}}}})"));
  REQUIRE(recursive.has_value());
  const auto problems = recursive->check(nested_value(2'000));
  REQUIRE(problems.size() == 1);
  CHECK(problems.front().message == "nested deeper than 64");
  CHECK(recursive->with_defaults(nested_value(2'000)).has_value());
}

TEST_CASE("enormous schemas are refused") {
  json::array choices;
  for (int i = 0; i < 100'000; ++i) choices.emplace_back(i);
  CHECK(refused({{"enum", choices}}));
  CHECK(refused({{"required", choices}}));
  json::object properties;
  for (int i = 0; i < 20'000; ++i) properties["p" + std::to_string(i)] = json::object{};
  const auto result = Schema::compile({{"properties", properties}});
  REQUIRE(result.has_error());
  CHECK(result.error().problems.size() == 1);
}

TEST_CASE("at most 50 problems are reported, of schemas and of values") {
  json::object properties;
  for (int i = 0; i < 500; ++i) properties["p" + std::to_string(i)] = json::object{{"oneOf", 1}};
  const auto result = Schema::compile({{"properties", properties}});
  REQUIRE(result.has_error());
  CHECK(result.error().problems.size() == Schema::kMaxProblems);

  const auto schema = Schema::compile(parse(R"({"items":{"type":"string"}})"));
  REQUIRE(schema.has_value());
  json::array many(100'000, 1);
  CHECK(schema->check(many).size() == Schema::kMaxProblems);
}

TEST_CASE("patterns cost a bounded amount of work per check, however long the texts are") {
  const auto schema = Schema::compile(parse(R"({"items":{"pattern":"(a?){600}b$"}})"));
  REQUIRE(schema.has_value());
  json::array many;
  for (int i = 0; i < 100; ++i) many.emplace_back(json::string(10'000, 'a'));
  const Stopwatch watch;
  const auto problems = schema->check(many);
  CHECK(watch.under(60));
  REQUIRE_FALSE(problems.empty());
  CHECK(problems.back().message == "too long to be matched against its pattern");
}

TEST_CASE("a long text against a simple pattern is no trouble") {
  const auto schema = Schema::compile(parse(R"({"pattern":"^[a-z]+$"})"));
  REQUIRE(schema.has_value());
  CHECK(schema->check(json::string(1'000'000, 'a')).empty());
  CHECK(schema->check(json::string(1'000'000, 'a') += "1").size() == 1);
}

TEST_CASE("defaults that would multiply a value are refused") {
  const auto schema = Schema::compile({{"items", {{"properties", {{"a", {{"default", std::string(10'000, 'x')}}}}}}}});
  REQUIRE(schema.has_value());
  CHECK(schema->with_defaults(json::array(10, json::object{})).has_value());
  CHECK(schema->with_defaults(json::array(100'000, json::object{})).error().code == "schema.too_large");
}

TEST_CASE("a recursive default is inserted once") {
  const auto schema = Schema::compile(parse(
      R"({"$ref":"#/$defs/a","$defs":{"a":{"type":"object","properties":{"kid":{"$ref":"#/$defs/a","default":{}}}}}})"));
  REQUIRE(schema.has_value());
  CHECK(*schema->with_defaults(json::object{}) == parse(R"({"kid":{}})"));
}

TEST_CASE("texts that are not UTF-8 are checked without reading past their end") {
  const auto schema = Schema::compile(parse(R"({"maxLength":3,"pattern":"^.*$","format":"email"})"));
  REQUIRE(schema.has_value());
  for (const char* text : {"\xF0", "\xF0\x9F", "\xE2\x82", "\xC3", "\x80\xFF", "a\xF0\x9F\x9A"})
    CHECK(schema->check(text).size() == 1);
}

TEST_CASE("a huge member name does not grow the answer") {
  const auto schema = Schema::compile(parse(R"({"additionalProperties":false})"));
  REQUIRE(schema.has_value());
  json::object value;
  for (int i = 0; i < 10; ++i) value[std::string(100'000, static_cast<char>('a' + i))] = 1;
  std::size_t size = 0;
  for (const auto& problem : schema->check(value)) size += problem.pointer.size() + problem.message.size();
  CHECK(size > 0);
  CHECK(size < 10'000);
}

// Random schemas and values made of the words that matter, so that most get past the first look.
class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}

  json::value schema(int depth) {
    if (below(12) == 0) return below(2) == 0;
    json::object out;
    for (unsigned n = below(4); n > 0; --n) keyword(out, depth);
    return out;
  }
  json::value root() {
    auto out = schema(0);
    if (!out.is_object()) out = json::object{};
    json::object definitions;
    for (const char* name : {"a", "b", "c"})
      if (below(2) == 0) definitions[name] = schema(1);
    if (below(2) == 0) out.as_object()["$defs"] = definitions;
    return out;
  }
  json::value value(int depth) {
    switch (below(depth > 4 ? 6 : 8)) {
      case 0:
        return nullptr;
      case 1:
        return below(2) == 0;
      case 2:
        return static_cast<std::int64_t>(below(7)) - 3;
      case 3:
        return static_cast<double>(below(20)) / 4;
      case 4:
      case 5:
        return json::string(text());
      case 6: {
        json::array out;
        for (unsigned n = below(4); n > 0; --n) out.push_back(value(depth + 1));
        return out;
      }
      default: {
        json::object out;
        for (unsigned n = below(4); n > 0; --n) out[name()] = value(depth + 1);
        return out;
      }
    }
  }

 private:
  unsigned below(unsigned n) { return static_cast<unsigned>(random_()) % n; }
  std::string name() { return {static_cast<char>('a' + below(4))}; }
  std::string text() {
    const char* words[] = {"", "a", "ab", "a@b.de", "http://x", "\xC3\xA9", "2026-01-01T00:00:00Z", "zzzz"};
    return words[below(8)];
  }
  void keyword(json::object& out, int depth) {
    static constexpr const char* kTypes[] = {"null",   "boolean", "integer", "number",
                                             "string", "array",   "object",  "objekt"};
    if (below(30) == 0) {  // anything may stand anywhere
      static constexpr const char* kAny[] = {"type", "properties", "items", "enum", "required",
                                             "$ref", "pattern",    "$defs", "not"};
      out[kAny[below(9)]] = value(0);
      return;
    }
    switch (below(depth > 4 ? 11 : 14)) {
      case 0:
      case 1:
        out["type"] = kTypes[below(below(10) == 0 ? 8 : 7)];
        break;
      case 2:
        out["minLength"] = below(3);
        break;
      case 3:
        out["maxLength"] = below(4) + 2;
        break;
      case 4:
        out["minimum"] = value(9).is_number() ? json::value(below(3)) : json::value(0.5);
        break;
      case 5:
        out["enum"] = json::array{value(0), value(0)};
        break;
      case 6:
        out["pattern"] = below(6) == 0 ? "(?=a)" : "^[a-z]*(a|b)?.{0,2}$";
        break;
      case 7:
        out["format"] = below(6) == 0 ? "ipv4" : "email";
        break;
      case 8:
        out["required"] = json::array{json::string(name())};
        break;
      case 9:
        out["default"] = value(2);
        break;
      case 10:
        out.clear();
        out["$ref"] = std::string("#/$defs/") + name();
        break;
      case 11:
        out["items"] = schema(depth + 1);
        break;
      case 12:
        out["additionalProperties"] = schema(depth + 1);
        break;
      default: {
        json::object properties;
        for (unsigned n = below(4); n > 0; --n) properties[name()] = schema(depth + 1);
        out["properties"] = properties;
      }
    }
  }
  std::mt19937 random_;
};

TEST_CASE("random schemas and values are answered, always the same way, with pointers that exist") {
  Maker make(42);
  int compiled = 0;
  int valid = 0;
  int checked = 0;
  for (int round = 0; round < 6'000; ++round) {
    const auto document = make.root();
    const auto schema = Schema::compile(document);
    if (schema.has_error()) {
      CHECK_FALSE(schema.error().problems.empty());
      continue;
    }
    ++compiled;
    for (int i = 0; i < 4; ++i) {
      const auto value = make.value(0);
      const auto problems = schema->check(value);
      CHECK(problems == schema->check(value));
      ++checked;
      valid += problems.empty() ? 1 : 0;
      for (const auto& problem : problems) {
        const bool missing = problem.message == "required, but missing";
        CAPTURE(json::serialize(document), json::serialize(value), problem.pointer);
        CHECK((tenantry::base::find_pointer(value, problem.pointer) != nullptr) != missing);
      }
      const auto filled = schema->with_defaults(value);
      REQUIRE(filled.has_value());
      CHECK(*schema->with_defaults(*filled) == *filled);
    }
  }
  CHECK(compiled > 1'500);
  CHECK(valid > checked / 10);
  CHECK(valid < checked - checked / 10);
}

}  // namespace
