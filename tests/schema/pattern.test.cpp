#include "schema/pattern.hpp"

#include <chrono>
#include <random>
#include <regex>
#include <string>

#include "support/catch.hpp"

namespace {

using tenantry::schema::Pattern;
using Verdict = Pattern::Verdict;

bool matches(std::string_view pattern, std::string_view text) {
  auto compiled = Pattern::compile(pattern);
  CAPTURE(pattern, text);
  REQUIRE(compiled.has_value());
  std::uint64_t budget = 10'000'000;
  const auto verdict = compiled->match(text, budget);
  REQUIRE(verdict != Verdict::kTooExpensive);
  return verdict == Verdict::kMatch;
}

std::string refusal(std::string_view pattern) {
  const auto compiled = Pattern::compile(pattern);
  return compiled.has_value() ? "" : compiled.error().message;
}

TEST_CASE("a pattern matches anywhere unless it is anchored") {
  CHECK(matches("b", "abc"));
  CHECK_FALSE(matches("^b", "abc"));
  CHECK_FALSE(matches("b$", "abc"));
  CHECK(matches("^abc$", "abc"));
  CHECK(matches("", ""));
  CHECK(matches("^$", ""));
  CHECK_FALSE(matches("^$", "x"));
  CHECK_FALSE(matches("^a$", "a\n"));
  CHECK(matches("a|^$", ""));
  CHECK(matches("(^a|b)c", "xbc"));
  CHECK_FALSE(matches("(^a|b)c", "xac"));
}

TEST_CASE("quantifiers, groups, classes and escapes mean what they mean in ECMAScript") {
  CHECK(matches("^[a-z][a-z0-9_]{0,63}$", "step_0_engine_check"));
  CHECK_FALSE(matches("^[a-z][a-z0-9_]{0,3}$", "abcde"));
  CHECK(matches("^(ab){2,3}$", "ababab"));
  CHECK_FALSE(matches("^(ab){2,3}$", "abababab"));
  CHECK(matches("^(?:ab|cd)+$", "abcdab"));
  CHECK(matches("^a{2,}$", "aaaa"));
  CHECK_FALSE(matches("^a{2,}$", "a"));
  CHECK(matches("^colou?r$", "color"));
  CHECK(matches("^\\d{4}-\\d\\d$", "2026-11"));
  CHECK_FALSE(matches("^\\D+$", "ab1"));
  CHECK(matches("^[^\\d\\s]+$", "ab_"));
  CHECK_FALSE(matches("^[^\\d\\s]+$", "a b"));
  CHECK(matches("^[\\w.-]+$", "a.b-c_9"));
}

TEST_CASE("a dot and a class take whole code points") {
  CHECK(matches("^.$", "\xC3\xA9"));
  CHECK(matches("^..$", "\xF0\x9F\x9A\x80\xC3\xA9"));
  CHECK_FALSE(matches("^.$", "\n"));
  CHECK(matches("^[\xC3\xA0-\xC3\xBF]+$", "\xC3\xA9\xC3\xA8"));
  CHECK(matches("^\\u00e9$", "\xC3\xA9"));
}

TEST_CASE("what is not supported is refused, and says where") {
  for (const char* pattern :
       {"(a)\\1",  "(?=a)", "(?!a)",   "(?<name>a)", "(?<=a)b", "a*?",   "a+?",     "a??",         "\\ba",
        "a**",     "*a",    "+",       "?",          "{2}",     "a{",    "a{2",     "a{x}",        "a{3,2}",
        "a{1001}", "(a",    "a)",      "[a",         "[]",      "[z-a]", "[a-\\d]", "[[:alpha:]]", "\\",
        "\\q",     "\\u12", "\\ud800", "^*",         "$+",      "a]",    "a}",      "\\c",         "\\p{L}"}) {
    CAPTURE(pattern);
    CHECK(refusal(pattern).find("at byte") != std::string::npos);
  }
}

TEST_CASE("patterns that would explode are refused quickly") {
  const auto start = std::chrono::steady_clock::now();
  CHECK_FALSE(refusal("((a{1000}){1000}){1000}").empty());
  CHECK_FALSE(refusal(std::string(2000, 'a')).empty());
  CHECK_FALSE(refusal(std::string(500, '(') + std::string(500, ')')).empty());
  std::string nothing = "a{0}";
  for (int i = 0; i < 25; ++i) nothing = "(" + nothing + "){1000}";
  CHECK_FALSE(refusal(nothing).empty());
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(2));
}

TEST_CASE("patterns that make backtracking matchers hang are matched in linear time") {
  const std::string many(100'000, 'a');
  std::uint64_t budget = 20'000'000;
  for (const char* pattern : {"^(a+)+$", "^(a|a)*$", "^(a*)*$", "^((a?)*)*$", "(a+)+$", "^(a|aa)+$"}) {
    CAPTURE(pattern);
    const auto compiled = Pattern::compile(pattern);
    REQUIRE(compiled.has_value());
    std::uint64_t rest = budget;
    CHECK(compiled->match(many + "!", rest) == Verdict::kNoMatch);
    CHECK(budget - rest < 30 * many.size());
  }
}

TEST_CASE("a match stops when its budget is used up") {
  const auto compiled = Pattern::compile("^(a?){500}b$");
  REQUIRE(compiled.has_value());
  std::uint64_t budget = 1'000;
  CHECK(compiled->match(std::string(10'000, 'a'), budget) == Verdict::kTooExpensive);
  CHECK(budget == 0);
}

// An independent opinion: the standard library's ECMAScript, on texts short enough for it.
TEST_CASE("on random patterns and texts the verdict is that of the standard library") {
  std::mt19937 random(20261123);
  const auto pick = [&](auto... options) {
    const std::string all[] = {std::string(options)...};
    return all[random() % sizeof...(options)];
  };
  int compared = 0;
  int matched = 0;
  for (int round = 0; round < 2'000; ++round) {
    std::string pattern = pick("", "^", "");
    int open = 0;
    for (int i = 0, n = 1 + static_cast<int>(random() % 7); i < n; ++i) {
      if (random() % 5 == 0) {
        pattern += "(";
        ++open;
      }
      pattern += pick("a", "b", "c", ".", "[ab]", "[^a]", "\\d", "\\w", "1", "[a-c1]");
      pattern += pick("", "", "", "*", "+", "?", "{2}", "{1,2}", "{0,}");
      if (open > 0 && random() % 3 == 0) {
        pattern += pick(")", ")*", ")+", ")?", "|b)", ")");
        --open;
      } else if (random() % 8 == 0) {
        pattern += "|";
      }
    }
    pattern += std::string(static_cast<std::size_t>(open), ')') + pick("", "$");
    const auto ours = Pattern::compile(pattern);
    CAPTURE(pattern);
    REQUIRE(ours.has_value());
    const std::regex theirs(pattern, std::regex::ECMAScript);
    for (int i = 0; i < 4; ++i) {
      std::string text;
      for (std::size_t n = random() % 8; n > 0; --n) text += "abc1 "[random() % 5];
      std::uint64_t budget = 1'000'000;
      const bool expected = std::regex_search(text, theirs);
      CAPTURE(text);
      CHECK((ours->match(text, budget) == Verdict::kMatch) == expected);
      ++compared;
      matched += expected ? 1 : 0;
    }
  }
  CHECK(compared == 8'000);
  CHECK(matched > 800);
  CHECK(matched < 7'200);
}

TEST_CASE("random bytes as a pattern never crash the compiler") {
  std::mt19937 random(7);
  const std::string alphabet = "ab(){}[]|*+?^$\\.-,0129:dwsu\xC3\xA9";
  int compiled = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string pattern;
    for (std::size_t n = random() % 24; n > 0; --n) pattern += alphabet[random() % alphabet.size()];
    const auto result = Pattern::compile(pattern);
    if (!result.has_value()) continue;
    ++compiled;
    std::uint64_t budget = 100'000;
    static_cast<void>(result->match("ab01 \xC3\xA9\xFF", budget));
  }
  CHECK(compiled > 500);
}

}  // namespace
