// What a schema looks like once it is compiled. Only for the files of this room.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "schema/format.hpp"
#include "schema/pattern.hpp"

namespace tenantry::schema {

namespace json = boost::json;

inline constexpr int kMaxDepth = 64;
inline constexpr std::size_t kMaxRules = 10'000;
inline constexpr std::size_t kMaxChoices = 1'000;
inline constexpr std::uint64_t kPatternBudget = 20'000'000;  // instructions per check: about a tenth of a second
inline constexpr std::size_t kMaxInserted = 8U << 20U;       // bytes of defaults in one value

enum Type : std::uint8_t {
  kNull = 1,
  kBoolean = 2,
  kInteger = 4,
  kNumber = 8,
  kString = 16,
  kArray = 32,
  kObject = 64,
};

using RuleId = std::uint32_t;
inline constexpr RuleId kAnything = 0;  // the schema `true`
inline constexpr RuleId kNothing = 1;   // the schema `false`

// One schema object. Subschemas are named by their place in Rules; a $ref has already been followed, so no rule leads
// to another without going down into the value.
struct Rule {
  std::uint8_t types = 0;         // of Type; 0: any
  std::string expected;           // the types in words
  std::set<std::string> choices;  // enum and const, as equality keys; empty: no such keyword
  bool constant = false;
  std::string choice_words;  // for the message; empty if too many or too long
  std::map<std::string, RuleId, std::less<>> properties;
  std::vector<std::string> required;
  RuleId additional = kAnything;
  RuleId items = kAnything;
  std::optional<std::uint64_t> min_items;
  std::optional<std::uint64_t> max_items;
  std::optional<std::uint64_t> min_length;
  std::optional<std::uint64_t> max_length;
  std::optional<json::value> minimum;
  std::optional<json::value> maximum;
  std::optional<Pattern> pattern;
  std::string pattern_text;
  std::optional<Format> format;
  std::map<std::string, std::pair<json::value, std::size_t>, std::less<>> defaults;  // of properties; with their size
};

struct Rules {
  std::vector<Rule> all;
  RuleId root = kAnything;
};

// Equal for values that are equal in the sense of JSON Schema: 1 and 1.0, objects in any order.
[[nodiscard]] std::string equality_key(const json::value& value);

[[nodiscard]] bool is_integral(const json::value& number);
[[nodiscard]] long double to_number(const json::value& number);

// `budget` is for all patterns together.
[[nodiscard]] std::vector<base::Problem> check_against(const Rules& rules, RuleId rule, const json::value& value,
                                                       std::uint64_t& budget);

}  // namespace tenantry::schema
