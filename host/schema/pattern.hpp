// A regular expression that is matched in time linear in the text, without recursion and without backtracking.
//
// The language is a part of ECMAScript's, over code points: literals; . (anything but \n and \r); \d \D \w \W \s \S
// (ASCII); \t \n \r \f \v \uHHHH; escaped punctuation; classes [a-z_\d] and [^...]; groups (...) and (?:...); |; the
// quantifiers * + ? {m} {m,} {m,n}; the anchors ^ and $ (start and end of the whole text). Everything else (back
// references, look-around, lazy quantifiers, \b, flags) is refused when the pattern is compiled, so no pattern means
// less than its author thinks. As in JSON Schema a pattern may match anywhere unless it is anchored.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tenantry::schema {

// Immutable; safe to use from many threads.
class Pattern {
 public:
  static constexpr std::size_t kMaxText = 1024;
  static constexpr std::size_t kMaxInstructions = 2000;

  // Error "schema.pattern": the message says what is wrong and at which byte.
  [[nodiscard]] static base::Result<Pattern> compile(std::string_view text);

  enum class Verdict { kNoMatch, kMatch, kTooExpensive };

  // Costs at most `budget` instructions, which are taken off it; kTooExpensive when they did not suffice. A budget that
  // is shared by many matches bounds them together.
  [[nodiscard]] Verdict match(std::string_view text, std::uint64_t& budget) const;

  struct Range {
    char32_t first;
    char32_t last;
  };
  enum class Code : std::uint8_t { kChar, kClass, kSplit, kJump, kBegin, kEnd, kMatch };
  // kChar: a is the code point. kClass: a is the index of the class, b is 1 if it is negated. kSplit, kJump: targets.
  struct Instruction {
    Code code;
    std::uint32_t a = 0;
    std::uint32_t b = 0;
  };

 private:
  Pattern() = default;

  std::vector<Instruction> program_;
  std::vector<std::vector<Range>> classes_;
};

}  // namespace tenantry::schema
