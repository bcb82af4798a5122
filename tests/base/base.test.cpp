#include <set>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/mask.hpp"
#include "base/text.hpp"
#include "support/catch.hpp"

using namespace tenantry::base;

TEST_CASE("a time survives being written and read") {
  const auto time = from_millis(1795421700250);
  CHECK(format_time(time) == "2026-11-23T08:15:00.250Z");
  CHECK(parse_time("2026-11-23T08:15:00.250Z") == time);
  CHECK(parse_time("2026-11-23T11:15:00.25+03:00") == time);
  for (const auto* bad : {"", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-23 08:15",
                          "2026-11-23T24:00:00Z", "2026-11-23T08:15:00", "2026-11-23T08:15:00Zx"})
    CHECK_FALSE(parse_time(bad).has_value());
}

TEST_CASE("ids are distinct and carry their kind") {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(new_id("run_"));
  CHECK(seen.size() == 1000);
  CHECK(seen.begin()->rfind("run_", 0) == 0);
  CHECK(seen.begin()->size() == 30);
}

TEST_CASE("hostile JSON is refused with a place") {
  CHECK(parse_json(R"({"a":[1,2,{"b":null}]})").has_value());
  for (const auto* bad :
       {"", "{", "[1,]", "{\"a\":1}x", "\"\\u0000\"", "{\"\\u0000\":1}", "1e999", "nul", "\"\xff\"", "\"\\ud800\""})
    CHECK_FALSE(parse_json(bad).has_value());
  CHECK_FALSE(parse_json(std::string(40, '[') + std::string(40, ']')).has_value());
  CHECK(parse_json("[1,]").error().message.find("byte") != std::string::npos);
  CHECK(parse_json(std::string(100, ' '), 10).error().code == "json.too_large");
}

TEST_CASE("equal documents give equal bytes") {
  const auto one = parse_json(R"({"b":1,"a":{"d":[1,{"z":1,"y":2}],"c":null}})").value();
  const auto two = parse_json(R"({"a":{"c":null,"d":[1,{"y":2,"z":1}]},"b":1})").value();
  CHECK(canonical_json(one) == canonical_json(two));
  CHECK(canonical_json(one) == R"({"a":{"c":null,"d":[1,{"y":2,"z":1}]},"b":1})");
  CHECK(find_pointer(one, "/a/d/1/z") != nullptr);
  CHECK(find_pointer(one, "/a/x") == nullptr);
  CHECK(find_pointer(one, "no slash") == nullptr);
}

TEST_CASE("text is mended and cut between characters") {
  CHECK(is_utf8("grüße"));
  CHECK_FALSE(is_utf8("\xC3("));
  CHECK_FALSE(is_utf8("\xED\xA0\x80"));
  CHECK(to_utf8(std::string_view("a\0\xFF", 3)) == "a\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(shorten("grüße", 100) == "grüße");
  CHECK(is_utf8(shorten("grüßegrüße", 6)));
  CHECK(shorten("grüßegrüße", 6).size() <= 6);
}

TEST_CASE("a secret is masked in every form it may take") {
  Mask mask;
  mask.add("pa\"ss/w0rd");
  CHECK(mask.apply("password is pa\"ss/w0rd!") == "password is ***!");
  CHECK(mask.apply(R"({"p":"pa\"ss/w0rd"})") == R"({"p":"***"})");
  CHECK(mask.apply("pwd=pa%22ss%2Fw0rd&x") == "pwd=***&x");
  CHECK(mask.apply("Basic cGEic3MvdzByZA==").find("cGEic3MvdzBy") == std::string::npos);
  mask.add("abc");
  CHECK(mask.apply("abc") == "abc");
}
