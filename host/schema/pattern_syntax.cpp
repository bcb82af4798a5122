#include "schema/pattern_syntax.hpp"

#include <algorithm>
#include <utility>

#include "schema/text.hpp"

namespace tenantry::schema {
namespace {

using Range = Pattern::Range;
using Class = std::vector<Range>;

constexpr char32_t kLastPoint = 0x10FFFF;
constexpr std::uint32_t kMaxRepeat = 1000;
constexpr int kMaxGroupDepth = 30;

Class digits() { return {{U'0', U'9'}}; }
Class words() { return {{U'0', U'9'}, {U'A', U'Z'}, {U'_', U'_'}, {U'a', U'z'}}; }
Class spaces() { return {{U'\t', U'\r'}, {U' ', U' '}, {0xA0, 0xA0}, {0xFEFF, 0xFEFF}}; }

// Sorted and without overlaps.
Class normal(Class ranges) {
  std::sort(ranges.begin(), ranges.end(), [](Range a, Range b) { return a.first < b.first; });
  Class out;
  for (const auto range : ranges) {
    if (!out.empty() && range.first <= out.back().last + 1)
      out.back().last = std::max(out.back().last, range.last);
    else
      out.push_back(range);
  }
  return out;
}

Class complement(const Class& ranges) {
  Class out;
  char32_t next = 0;
  for (const auto range : normal(ranges)) {
    if (range.first > next) out.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= kLastPoint) out.push_back({next, kLastPoint});
  return out;
}

std::optional<Class> named_class(char32_t letter) {
  switch (letter) {
    case U'd':
      return digits();
    case U'D':
      return complement(digits());
    case U'w':
      return words();
    case U'W':
      return complement(words());
    case U's':
      return spaces();
    case U'S':
      return complement(spaces());
    default:
      return std::nullopt;
  }
}

// Recursive descent; the first fault wins, and everything after it is ignored.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), rest_(text) {}

  Syntax parse() {
    Term root = either(0);
    if (!fault_ && !rest_.empty()) fail(") without (");
    return {std::move(root), std::move(classes_), std::move(fault_)};
  }

 private:
  void fail(const std::string& what) {
    if (!fault_) fault_ = what + " at byte " + std::to_string(text_.size() - rest_.size());
  }
  [[nodiscard]] bool at(char c) const { return !fault_ && !rest_.empty() && rest_.front() == c; }
  bool take(char c) {
    if (!at(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  Term either(int depth) {
    if (depth > kMaxGroupDepth) {
      fail("groups nested deeper than " + std::to_string(kMaxGroupDepth));
      return {};
    }
    Term first = sequence(depth);
    if (!at('|')) return first;
    Term out;
    out.kind = Term::Kind::kEither;
    out.parts.push_back(std::move(first));
    while (take('|')) out.parts.push_back(sequence(depth));
    return out;
  }

  Term sequence(int depth) {
    Term out;
    out.kind = Term::Kind::kSequence;
    while (!fault_ && !rest_.empty() && !at('|') && !at(')')) out.parts.push_back(quantified(depth));
    return out;
  }

  Term quantified(int depth) {
    Term what = atom(depth);
    std::uint32_t least = 0;
    std::uint32_t most = kUnbounded;
    if (at('{'))
      bounds(least, most);
    else if (take('+'))
      least = 1;
    else if (take('?'))
      most = 1;
    else if (!take('*'))
      return what;
    if (what.kind == Term::Kind::kBegin || what.kind == Term::Kind::kEnd) fail("an anchor cannot be repeated");
    if (at('?')) fail("lazy quantifiers are not supported");
    if (at('*') || at('+') || at('{')) fail("two quantifiers in a row");
    Term out;
    out.kind = Term::Kind::kRepeat;
    out.least = least;
    out.most = most;
    out.parts.push_back(std::move(what));
    return out;
  }

  std::optional<std::uint32_t> number() {
    std::optional<std::uint32_t> out;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      out = std::min(out.value_or(0) * 10 + static_cast<std::uint32_t>(rest_.front() - '0'), kMaxRepeat + 1);
      rest_.remove_prefix(1);
    }
    return out;
  }

  void bounds(std::uint32_t& least, std::uint32_t& most) {
    take('{');
    const auto low = number();
    auto high = low;
    if (take(',')) {
      high = number();
      if (!high && at('}')) high = kUnbounded;
    }
    if (!low || !high || !take('}')) return fail("expected {m}, {m,} or {m,n}");
    if (*low > kMaxRepeat || (*high != kUnbounded && *high > kMaxRepeat))
      return fail("more than " + std::to_string(kMaxRepeat) + " repetitions");
    if (*low > *high) return fail("{m,n} with m greater than n");
    least = *low;
    most = *high;
  }

  Term char_term(char32_t point) {
    Term out;
    out.kind = Term::Kind::kChar;
    out.point = point;
    return out;
  }
  Term class_term(Class ranges, bool negated) {
    Term out;
    out.kind = Term::Kind::kClass;
    out.point = static_cast<std::uint32_t>(classes_.size());
    out.negated = negated;
    classes_.push_back(normal(std::move(ranges)));
    return out;
  }

  Term atom(int depth) {
    Term out;
    if (take('^')) {
      out.kind = Term::Kind::kBegin;
      return out;
    }
    if (take('$')) {
      out.kind = Term::Kind::kEnd;
      return out;
    }
    if (take('.')) return class_term({{U'\n', U'\n'}, {U'\r', U'\r'}}, true);
    if (take('(')) {
      if (take('?') && !take(':')) fail("of the groups with (? only (?: is supported");
      out = either(depth + 1);
      if (!fault_ && !take(')')) fail("( without )");
      return out;
    }
    if (take('[')) return character_class();
    if (take('\\')) {
      if (!rest_.empty()) {
        if (auto ranges = named_class(static_cast<char32_t>(static_cast<unsigned char>(rest_.front())))) {
          rest_.remove_prefix(1);
          return class_term(std::move(*ranges), false);
        }
      }
      return char_term(escape());
    }
    if (std::string_view("*+?{}]").find(rest_.front()) != std::string_view::npos)
      fail(std::string("unexpected ") + rest_.front() + " (write \\" + rest_.front() + " for the character itself)");
    return fault_ ? out : char_term(next_code_point(rest_));
  }

  // What follows a backslash, where it stands for one character.
  char32_t escape() {
    if (rest_.empty()) {
      fail("a backslash at the end");
      return 0;
    }
    const char c = rest_.front();
    if (c == 'u') return unicode();
    static constexpr std::string_view kLetters = "tnrfv";
    static constexpr std::string_view kMeanings = "\t\n\r\f\v";
    if (const auto i = kLetters.find(c); i != std::string_view::npos) {
      rest_.remove_prefix(1);
      return static_cast<unsigned char>(kMeanings[i]);
    }
    const auto byte = static_cast<unsigned char>(c);
    const bool punctuation = byte > 0x20 && byte < 0x7F && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') &&
                             !(c >= 'A' && c <= 'Z') && c != '_';
    if (!punctuation) {
      fail("unsupported escape");
      return 0;
    }
    rest_.remove_prefix(1);
    return byte;
  }

  char32_t unicode() {
    char32_t point = 0;
    if (rest_.size() < 5) {
      fail("expected \\uHHHH");
      return 0;
    }
    for (std::size_t i = 1; i < 5; ++i) {
      const auto digit = std::string_view("0123456789abcdef0123456789ABCDEF").find(rest_[i]);
      if (digit == std::string_view::npos) {
        fail("expected \\uHHHH");
        return 0;
      }
      point = point * 16 + static_cast<char32_t>(digit % 16);
    }
    if (point >= 0xD800 && point <= 0xDFFF) fail("half a surrogate pair");
    rest_.remove_prefix(5);
    return point;
  }

  Term character_class() {
    const bool negated = take('^');
    Class ranges;
    if (at(']')) fail("an empty class");
    while (!fault_ && !at(']')) {
      if (rest_.empty()) {
        fail("[ without ]");
        break;
      }
      const auto low = class_member(ranges);
      if (!low) continue;
      if (rest_.size() < 2 || rest_[0] != '-' || rest_[1] == ']') {
        ranges.push_back({*low, *low});
        continue;
      }
      take('-');
      Class none;
      const auto high = class_member(none);
      if (!high || *high < *low) {
        fail("a range that ends before it begins");
        break;
      }
      ranges.push_back({*low, *high});
    }
    take(']');
    return class_term(std::move(ranges), negated);
  }

  // One character, or nothing after a whole class such as \d was added to `ranges`.
  std::optional<char32_t> class_member(Class& ranges) {
    if (!take('\\')) {
      if (at('[')) fail("[ inside a class (write \\[)");
      return fault_ ? std::nullopt : std::optional(next_code_point(rest_));
    }
    if (!rest_.empty()) {
      if (const auto named = named_class(static_cast<char32_t>(static_cast<unsigned char>(rest_.front())))) {
        rest_.remove_prefix(1);
        ranges.insert(ranges.end(), named->begin(), named->end());
        return std::nullopt;
      }
    }
    return escape();
  }

  std::string_view text_;
  std::string_view rest_;
  std::vector<Class> classes_;
  std::optional<std::string> fault_;
};

}  // namespace

Syntax parse_pattern(std::string_view text) { return Parser(text).parse(); }

}  // namespace tenantry::schema
