#include <cmath>
#include <utility>

#include "schema/rules.hpp"
#include "schema/schema.hpp"
#include "schema/text.hpp"

namespace tenantry::schema {
namespace {

constexpr std::size_t kMaxNameShown = 200;

std::string_view view(json::string_view text) { return {text.data(), text.size()}; }

std::string counted(std::uint64_t count, std::string_view one) {
  return std::to_string(count) + ' ' + std::string(one) + (count == 1 ? "" : "s");
}

// What was found, in words that give nothing away.
std::string kind_words(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "true or false";
    case json::kind::int64:
    case json::kind::uint64:
      return "a whole number";
    case json::kind::double_:
      return is_integral(value) ? "a whole number" : "a number with a fraction";
    case json::kind::string:
      return "text of " + counted(count_code_points(view(value.get_string())), "character");
    case json::kind::array:
      return "a list of " + counted(value.get_array().size(), "item");
    case json::kind::object:
      return "an object";
  }
  return "something else";
}

std::uint8_t type_bits(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return kNull;
    case json::kind::bool_:
      return kBoolean;
    case json::kind::int64:
    case json::kind::uint64:
      return kInteger | kNumber;
    case json::kind::double_:
      return is_integral(value) ? kInteger | kNumber : kNumber;
    case json::kind::string:
      return kString;
    case json::kind::array:
      return kArray;
    case json::kind::object:
      return kObject;
  }
  return 0;
}

std::string_view format_words(Format format) {
  switch (format) {
    case Format::kHostname:
      return "a host name such as erp.example.org";
    case Format::kEmail:
      return "an e-mail address";
    case Format::kUri:
      return "an absolute URI such as https://erp.example.org";
    case Format::kDateTime:
      return "a time such as 2026-01-31T08:00:00Z";
  }
  return "";
}

class Checker {
 public:
  Checker(const Rules& rules, std::uint64_t& budget) : rules_(rules), budget_(budget) {}

  std::vector<base::Problem> run(RuleId rule, const json::value& value) {
    check(rule, value, 0);
    return std::move(problems_);
  }

 private:
  [[nodiscard]] bool full() const { return problems_.size() >= Schema::kMaxProblems; }
  void note(std::string message) {
    if (!full()) problems_.push_back({pointer_, std::move(message)});
  }

  void check(RuleId id, const json::value& value, int depth) {
    if (id == kAnything || full()) return;
    if (id == kNothing) return note("not expected here");
    if (depth > kMaxDepth) return note("nested deeper than " + std::to_string(kMaxDepth));
    const Rule& rule = rules_.all[id];
    if (rule.types != 0 && (rule.types & type_bits(value)) == 0)
      return note("expected " + rule.expected + ", found " + kind_words(value));
    check_choices(rule, value);
    if (value.is_number()) return check_number(rule, value);
    if (const auto* text = value.if_string()) return check_text(rule, view(*text));
    if (const auto* array = value.if_array()) return check_array(rule, *array, depth);
    if (const auto* object = value.if_object()) return check_object(rule, *object, depth);
  }

  void check_choices(const Rule& rule, const json::value& value) {
    if (rule.choices.empty() || rule.choices.contains(equality_key(value))) return;
    const std::string one_of = rule.constant ? "" : "one of ";
    if (rule.choice_words.empty())
      note("expected one of " + counted(rule.choices.size(), "value") + " of the schema, found " + kind_words(value));
    else
      note("expected " + one_of + rule.choice_words + ", found " +
           (value.is_structured() || value.is_null() ? kind_words(value) : "another value"));
  }

  void check_number(const Rule& rule, const json::value& value) {
    if (rule.minimum && to_number(value) < to_number(*rule.minimum))
      note("expected at least " + json::serialize(*rule.minimum) + ", found less");
    if (rule.maximum && to_number(value) > to_number(*rule.maximum))
      note("expected at most " + json::serialize(*rule.maximum) + ", found more");
  }

  void check_text(const Rule& rule, std::string_view text) {
    if (rule.min_length || rule.max_length) {
      const auto length = count_code_points(text);
      if (rule.min_length && length < *rule.min_length)
        note("expected at least " + counted(*rule.min_length, "character") + ", found " + std::to_string(length));
      if (rule.max_length && length > *rule.max_length)
        return note("expected at most " + counted(*rule.max_length, "character") + ", found " + std::to_string(length));
    }
    if (rule.pattern) {
      const auto verdict = rule.pattern->match(text, budget_);
      if (verdict == Pattern::Verdict::kTooExpensive) return note("too long to be matched against its pattern");
      if (verdict == Pattern::Verdict::kNoMatch)
        note("expected text that matches " +
             (rule.pattern_text.empty() ? "the schema's pattern" : "the pattern " + rule.pattern_text));
    }
    if (rule.format && !has_format(text, *rule.format)) note("expected " + std::string(format_words(*rule.format)));
  }

  void check_array(const Rule& rule, const json::array& array, int depth) {
    if (rule.min_items && array.size() < *rule.min_items)
      note("expected at least " + counted(*rule.min_items, "item") + ", found " + std::to_string(array.size()));
    if (rule.max_items && array.size() > *rule.max_items)
      return note("expected at most " + counted(*rule.max_items, "item") + ", found " + std::to_string(array.size()));
    if (rule.items == kAnything) return;
    const auto length = pointer_.size();
    for (std::size_t i = 0; i < array.size() && !full(); ++i) {
      pointer_ += '/';
      pointer_ += std::to_string(i);
      check(rule.items, array[i], depth + 1);
      pointer_.resize(length);
    }
  }

  void check_object(const Rule& rule, const json::object& object, int depth) {
    for (const auto& name : rule.required)
      if (!object.contains(name)) at(name, [&] { note("required, but missing"); });
    for (const auto& member : object) {
      if (full()) return;
      const auto name = view(member.key());
      const auto declared = rule.properties.find(name);
      const auto id = declared == rule.properties.end() ? rule.additional : declared->second;
      if (id == kAnything) continue;
      if (name.size() > kMaxNameShown && declared == rule.properties.end() && id == kNothing)
        note("a member is not expected here; its name has " + counted(name.size(), "byte"));
      else if (declared == rule.properties.end() && id == kNothing)
        at(name, [&] { note("there is no such member"); });
      else
        at(name, [&] { check(id, member.value(), depth + 1); });
    }
  }

  template <class Action>
  void at(std::string_view name, Action action) {
    const auto length = pointer_.size();
    pointer_ += '/';
    pointer_ += base::escape_pointer(name);
    action();
    pointer_.resize(length);
  }

  const Rules& rules_;
  std::uint64_t& budget_;
  std::string pointer_;
  std::vector<base::Problem> problems_;
};

class Filler {
 public:
  explicit Filler(const Rules& rules) : rules_(rules) {}

  // False when the defaults became too much.
  bool fill(RuleId id, json::value& value, int depth) {
    if (id == kAnything || id == kNothing || depth > kMaxDepth) return true;
    const Rule& rule = rules_.all[id];
    if (auto* array = value.if_array()) {
      if (rule.items == kAnything) return true;
      for (auto& item : *array)
        if (!fill(rule.items, item, depth + 1)) return false;
      return true;
    }
    auto* object = value.if_object();
    if (!object) return true;
    for (auto& member : *object) {
      const auto declared = rule.properties.find(view(member.key()));
      const auto next = declared == rule.properties.end() ? rule.additional : declared->second;
      if (!fill(next, member.value(), depth + 1)) return false;
    }
    for (const auto& [name, fallback] : rule.defaults) {
      if (object->contains(name)) continue;
      inserted_ += fallback.second;
      if (inserted_ > kMaxInserted) return false;
      object->emplace(name, fallback.first);
    }
    return true;
  }

 private:
  const Rules& rules_;
  std::size_t inserted_ = 0;
};

void write_key(const json::value& value, std::string& out, int depth) {
  if (depth > kMaxDepth) {
    out += "...";
    return;
  }
  if (const auto* object = value.if_object()) {
    std::map<std::string_view, const json::value*> members;
    for (const auto& member : *object) members.emplace(view(member.key()), &member.value());
    out += '{';
    for (const auto& [name, member] : members) {
      out += json::serialize(json::string_view(name.data(), name.size()));
      out += ':';
      write_key(*member, out, depth + 1);
      out += ',';
    }
    out += '}';
  } else if (const auto* array = value.if_array()) {
    out += '[';
    for (const auto& item : *array) {
      write_key(item, out, depth + 1);
      out += ',';
    }
    out += ']';
  } else if (value.is_double() && is_integral(value) && std::fabs(value.get_double()) < 0x1p63) {
    out += std::to_string(static_cast<std::int64_t>(value.get_double()));
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

std::string equality_key(const json::value& value) {
  std::string out;
  write_key(value, out, 0);
  return out;
}

bool is_integral(const json::value& number) {
  return !number.is_double() ||
         (std::isfinite(number.get_double()) && std::trunc(number.get_double()) == number.get_double());
}

long double to_number(const json::value& number) {
  if (const auto* whole = number.if_int64()) return static_cast<long double>(*whole);
  if (const auto* whole = number.if_uint64()) return static_cast<long double>(*whole);
  return static_cast<long double>(number.get_double());
}

std::vector<base::Problem> check_against(const Rules& rules, RuleId rule, const json::value& value,
                                         std::uint64_t& budget) {
  return Checker(rules, budget).run(rule, value);
}

std::vector<base::Problem> Schema::check(const json::value& value) const {
  std::uint64_t budget = kPatternBudget;
  return check_against(*rules_, rules_->root, value, budget);
}

base::Result<json::value> Schema::with_defaults(json::value value) const {
  if (Filler(*rules_).fill(rules_->root, value, 0)) return value;
  return base::invalid("schema.too_large", "With the schema's defaults the document would be larger than " +
                                               std::to_string(kMaxInserted) + " bytes.");
}

}  // namespace tenantry::schema
