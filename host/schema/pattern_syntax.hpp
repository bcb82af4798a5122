// The syntax of patterns. Only for pattern.cpp.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/pattern.hpp"

namespace tenantry::schema {

inline constexpr std::uint32_t kUnbounded = ~0U;

// A node of the syntax tree.
struct Term {
  enum class Kind { kEmpty, kChar, kClass, kBegin, kEnd, kSequence, kEither, kRepeat } kind = Kind::kEmpty;
  std::uint32_t point = 0;  // kChar: the code point; kClass: the index of the class
  bool negated = false;
  std::uint32_t least = 0;
  std::uint32_t most = 0;
  std::vector<Term> parts;
};

struct Syntax {
  Term root;
  std::vector<std::vector<Pattern::Range>> classes;  // sorted, without overlaps
  std::optional<std::string> fault;                  // the first one, with its byte offset
};

[[nodiscard]] Syntax parse_pattern(std::string_view text);

}  // namespace tenantry::schema
