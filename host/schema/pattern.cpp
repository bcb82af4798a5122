#include "schema/pattern.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "schema/pattern_syntax.hpp"
#include "schema/text.hpp"

namespace tenantry::schema {
namespace {

using Code = Pattern::Code;
using Instruction = Pattern::Instruction;
using Range = Pattern::Range;
using Class = std::vector<Range>;

bool contains(const Class& ranges, char32_t point) {
  const auto after = std::upper_bound(ranges.begin(), ranges.end(), point,
                                      [](char32_t value, Range range) { return value < range.first; });
  return after != ranges.begin() && point <= std::prev(after)->last;
}

// Writes the program. Stops growing at its limits, which also bound the time: repeating nothing writes nothing.
class Emitter {
 public:
  std::vector<Instruction> program_;
  [[nodiscard]] bool too_large() const {
    return program_.size() > Pattern::kMaxInstructions || visits_ > 20 * Pattern::kMaxInstructions;
  }

  void emit(const Term& term) {
    ++visits_;
    if (too_large()) return;
    switch (term.kind) {
      case Term::Kind::kEmpty:
        return;
      case Term::Kind::kChar:
        return put({Code::kChar, term.point, 0});
      case Term::Kind::kClass:
        return put({Code::kClass, term.point, term.negated ? 1U : 0U});
      case Term::Kind::kBegin:
        return put({Code::kBegin});
      case Term::Kind::kEnd:
        return put({Code::kEnd});
      case Term::Kind::kSequence:
        for (const auto& part : term.parts) emit(part);
        return;
      case Term::Kind::kEither:
        return emit_either(term);
      case Term::Kind::kRepeat:
        return emit_repeat(term);
    }
  }

 private:
  void put(Instruction instruction) { program_.push_back(instruction); }
  [[nodiscard]] std::uint32_t here() const { return static_cast<std::uint32_t>(program_.size()); }

  void emit_either(const Term& term) {
    std::vector<std::uint32_t> jumps;
    for (std::size_t i = 0; i + 1 < term.parts.size() && !too_large(); ++i) {
      const auto split = here();
      put({Code::kSplit, split + 1, 0});
      emit(term.parts[i]);
      jumps.push_back(here());
      put({Code::kJump});
      program_[split].b = here();
    }
    emit(term.parts.back());
    for (const auto jump : jumps) program_[jump].a = here();
  }

  void emit_repeat(const Term& term) {
    const Term& what = term.parts.front();
    for (std::uint32_t i = 0; i < term.least && !too_large(); ++i) emit(what);
    if (term.most == kUnbounded) {
      const auto split = here();
      put({Code::kSplit, split + 1, 0});
      emit(what);
      put({Code::kJump, split});
      program_[split].b = here();
      return;
    }
    std::vector<std::uint32_t> splits;
    for (std::uint32_t i = term.least; i < term.most && !too_large(); ++i) {
      splits.push_back(here());
      put({Code::kSplit, here() + 1, 0});
      emit(what);
    }
    for (const auto split : splits) program_[split].b = here();
  }

  std::size_t visits_ = 0;
};

// The instructions that are reached at one position of the text. Clearing costs nothing.
class Front {
 public:
  explicit Front(std::size_t size) : where_(size, 0) { list_.reserve(size); }
  bool add(std::uint32_t at) {
    if (where_[at] < list_.size() && list_[where_[at]] == at) return false;
    where_[at] = static_cast<std::uint32_t>(list_.size());
    list_.push_back(at);
    return true;
  }
  void clear() { list_.clear(); }
  [[nodiscard]] const std::vector<std::uint32_t>& list() const { return list_; }

 private:
  std::vector<std::uint32_t> where_;
  std::vector<std::uint32_t> list_;
};

}  // namespace

base::Result<Pattern> Pattern::compile(std::string_view text) {
  const auto refuse = [](const std::string& why) {
    return base::invalid("schema.pattern", "Not a supported pattern: " + why + ".");
  };
  if (text.size() > kMaxText) return refuse("longer than " + std::to_string(kMaxText) + " bytes");
  auto syntax = parse_pattern(text);
  if (syntax.fault) return refuse(*syntax.fault);
  Emitter emitter;
  emitter.emit(syntax.root);
  if (emitter.too_large())
    return refuse("its repetitions expand to more than " + std::to_string(kMaxInstructions) + " instructions");
  emitter.program_.push_back({Code::kMatch});
  Pattern out;
  out.program_ = std::move(emitter.program_);
  out.classes_ = std::move(syntax.classes);
  return out;
}

Pattern::Verdict Pattern::match(std::string_view text, std::uint64_t& budget) const {
  Front now(program_.size());
  Front next(program_.size());
  std::vector<std::uint32_t> todo;
  bool found = false;
  bool begin = true;

  // Follows everything that consumes no character.
  const auto reach = [&](Front& front, std::uint32_t start, bool at_begin, bool at_end) {
    todo.push_back(start);
    while (!todo.empty()) {
      const auto at = todo.back();
      todo.pop_back();
      if (!front.add(at)) continue;
      const auto& instruction = program_[at];
      switch (instruction.code) {
        case Code::kSplit:
          todo.push_back(instruction.b);
          todo.push_back(instruction.a);
          break;
        case Code::kJump:
          todo.push_back(instruction.a);
          break;
        case Code::kBegin:
          if (at_begin) todo.push_back(at + 1);
          break;
        case Code::kEnd:
          if (at_end) todo.push_back(at + 1);
          break;
        case Code::kMatch:
          found = true;
          break;
        case Code::kChar:
        case Code::kClass:
          break;
      }
    }
  };

  reach(now, 0, true, text.empty());
  while (!found && !text.empty()) {
    const auto cost = now.list().size() + 1;
    if (budget < cost) {
      budget = 0;
      return Verdict::kTooExpensive;
    }
    budget -= cost;
    const auto point = next_code_point(text);
    begin = false;
    next.clear();
    for (const auto at : now.list()) {
      const auto& instruction = program_[at];
      const bool passes =
          instruction.code == Code::kChar
              ? instruction.a == point
              : instruction.code == Code::kClass && contains(classes_[instruction.a], point) == (instruction.b == 0);
      if (passes) reach(next, at + 1, begin, text.empty());
    }
    reach(next, 0, begin, text.empty());
    std::swap(now, next);
  }
  return found ? Verdict::kMatch : Verdict::kNoMatch;
}

}  // namespace tenantry::schema
