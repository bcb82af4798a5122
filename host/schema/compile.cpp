#include <algorithm>
#include <string_view>
#include <utility>

#include "schema/rules.hpp"
#include "schema/schema.hpp"
#include "schema/text.hpp"

namespace tenantry::schema {
namespace {

constexpr std::string_view kRefPrefix = "#/$defs/";

struct TypeWord {
  std::string_view word;
  std::uint8_t bits;
  std::string_view text;
};
constexpr TypeWord kTypeWords[] = {
    {"null", kNull, "null"},
    {"boolean", kBoolean, "true or false"},
    {"integer", kInteger, "a whole number"},
    {"number", kNumber, "a number"},
    {"string", kString, "text"},
    {"array", kArray, "a list"},
    {"object", kObject, "an object"},
};

// Turns one document into Rules. Every fault is noted and the rest is still read, so that the author sees all at once.
class Compiler {
 public:
  explicit Compiler(const json::value& document) : document_(document) {
    rules_.all.resize(2);
    aliases_.resize(2);
  }

  base::Result<std::shared_ptr<const Rules>> run() {
    if (!document_.is_object()) {
      note("", "a schema is an object");
    } else {
      read_definitions();
      rules_.root = subschema(document_, "", 0);
      follow_references();
      if (problems_.empty()) check_defaults();
    }
    if (problems_.empty()) return std::make_shared<const Rules>(std::move(rules_));
    auto error = base::invalid("schema.invalid", "The schema is not one the host understands.", std::move(problems_));
    error.next_action = "Correct the schema.";
    return error;
  }

 private:
  void note(std::string pointer, std::string message) {
    if (problems_.size() < Schema::kMaxProblems) problems_.push_back({std::move(pointer), std::move(message)});
  }

  static std::string below(const std::string& pointer, std::string_view name) {
    return pointer + '/' + base::escape_pointer(name);
  }

  void read_definitions() {
    const auto* found = document_.get_object().if_contains("$defs");
    if (!found) return;
    if (!found->is_object()) return note("/$defs", "expected an object of schemas");
    // Ids first: a definition may refer to a later one.
    for (const auto& member : found->get_object()) {
      const auto id = new_rule("/$defs");
      if (id == kNothing) return;
      definitions_.emplace(std::string(member.key()), id);
    }
    for (const auto& member : found->get_object())
      read(definitions_.at(std::string(member.key())), member.value(), below("/$defs", member.key()), 1);
  }

  // kNothing when there are too many; that has been noted then.
  RuleId new_rule(const std::string& pointer) {
    if (rules_.all.size() >= kMaxRules) {
      if (!full_) note(pointer, "more than " + std::to_string(kMaxRules) + " schemas in one");
      full_ = true;
      return kNothing;
    }
    rules_.all.emplace_back();
    aliases_.emplace_back();
    return static_cast<RuleId>(rules_.all.size() - 1);
  }

  RuleId subschema(const json::value& value, const std::string& pointer, int depth) {
    if (const auto* flag = value.if_bool()) return *flag ? kAnything : kNothing;
    const auto id = new_rule(pointer);
    if (id != kNothing) read(id, value, pointer, depth);
    return id;
  }

  void read(RuleId id, const json::value& value, const std::string& pointer, int depth) {
    if (depth > kMaxDepth) return note(pointer, "schemas nested deeper than " + std::to_string(kMaxDepth));
    if (const auto* flag = value.if_bool()) {  // a definition that is just true or false
      aliases_[id] = Alias{pointer, *flag ? kAnything : kNothing};
      return;
    }
    const auto* object = value.if_object();
    if (!object) return note(pointer, "expected a schema: an object, true or false");
    if (object->contains("$ref")) return read_reference(id, *object, pointer);
    Rule rule;
    for (const auto& member : *object)
      read_keyword(rule, member.key(), member.value(), below(pointer, member.key()), pointer, depth);
    compare_bounds(rule, pointer);
    rules_.all[id] = std::move(rule);
  }

  void read_reference(RuleId id, const json::object& object, const std::string& pointer) {
    for (const auto& member : object) {
      const auto name = member.key();
      const auto here = below(pointer, name);
      if (name == "$ref" || read_annotation(name, member.value(), here, pointer)) continue;
      note(here, "beside $ref only title, description, examples and default are understood");
    }
    const auto here = below(pointer, "$ref");
    const auto* target = object.at("$ref").if_string();
    if (!target || !target->starts_with(kRefPrefix))
      return note(here, "expected a reference of the form \"#/$defs/<name>\"");
    const auto found = definitions_.find(target->c_str() + kRefPrefix.size());
    if (found == definitions_.end()) return note(here, "there is no such definition in $defs");
    aliases_[id] = Alias{here, found->second};
  }

  // True if the keyword was one that says nothing about validity.
  bool read_annotation(std::string_view name, const json::value& value, const std::string& here,
                       const std::string& pointer) {
    if (name == "title" || name == "description") {
      if (!value.is_string()) note(here, "expected text");
    } else if (name == "examples") {
      if (!value.is_array()) note(here, "expected a list");
    } else if (name == "$schema" || name == "$id") {
      if (!pointer.empty()) note(here, "allowed at the root only");
      if (!value.is_string()) note(here, "expected text");
    } else if (name == "$defs") {
      if (!pointer.empty()) note(here, "allowed at the root only");
    } else if (name != "default") {
      return false;
    }
    return true;
  }

  void read_keyword(Rule& rule, std::string_view name, const json::value& value, const std::string& here,
                    const std::string& pointer, int depth) {
    if (read_annotation(name, value, here, pointer)) return;
    if (name == "type") return read_type(rule, value, here);
    if (name == "properties") return read_properties(rule, value, here, depth);
    if (name == "required") return read_required(rule, value, here);
    if (name == "additionalProperties") return void(rule.additional = subschema(value, here, depth + 1));
    if (name == "items") return void(rule.items = subschema(value, here, depth + 1));
    if (name == "enum" || name == "const") return read_choices(rule, name, value, here);
    if (name == "minItems") return void(rule.min_items = read_count(value, here));
    if (name == "maxItems") return void(rule.max_items = read_count(value, here));
    if (name == "minLength") return void(rule.min_length = read_count(value, here));
    if (name == "maxLength") return void(rule.max_length = read_count(value, here));
    if (name == "minimum") return read_bound(rule.minimum, value, here);
    if (name == "maximum") return read_bound(rule.maximum, value, here);
    if (name == "pattern") return read_pattern(rule, value, here);
    if (name == "format") return read_format(rule, value, here);
    note(here, "an unknown keyword");
  }

  void read_type(Rule& rule, const json::value& value, const std::string& here) {
    const auto add = [&](const json::value& word, const std::string& where) {
      const auto* text = word.if_string();
      for (const auto& type : kTypeWords) {
        if (!text || *text != type.word) continue;
        if ((rule.types & type.bits) != 0) return note(where, "the same type twice");
        rule.types = static_cast<std::uint8_t>(rule.types | type.bits);
        if (!rule.expected.empty()) rule.expected += " or ";
        rule.expected += type.text;
        return;
      }
      note(where, "expected null, boolean, integer, number, string, array or object");
    };
    const auto* list = value.if_array();
    if (!list) return add(value, here);
    if (list->empty()) note(here, "expected at least one type");
    for (std::size_t i = 0; i < list->size() && i <= std::size(kTypeWords); ++i)
      add((*list)[i], here + '/' + std::to_string(i));
  }

  void read_properties(Rule& rule, const json::value& value, const std::string& here, int depth) {
    if (!value.is_object()) return note(here, "expected an object of schemas");
    for (const auto& member : value.get_object()) {
      const auto where = below(here, member.key());
      const std::string name(member.key());
      rule.properties.emplace(name, subschema(member.value(), where, depth + 1));
      const auto* object = member.value().if_object();
      const auto* fallback = object ? object->if_contains("default") : nullptr;
      if (fallback) rule.defaults.emplace(name, std::pair(*fallback, json::serialize(*fallback).size() + name.size()));
      if (full_) return;
    }
  }

  void read_required(Rule& rule, const json::value& value, const std::string& here) {
    if (!value.is_array()) return note(here, "expected a list of names");
    if (value.get_array().size() > kMaxChoices)
      return note(here, "more than " + std::to_string(kMaxChoices) + " names");
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < value.get_array().size(); ++i) {
      const auto* name = value.get_array()[i].if_string();
      const auto where = here + '/' + std::to_string(i);
      if (!name)
        note(where, "expected a name");
      else if (!seen.insert(std::string_view(name->data(), name->size())).second)
        note(where, "the same name twice");
      else
        rule.required.emplace_back(*name);
    }
  }

  void read_choices(Rule& rule, std::string_view name, const json::value& value, const std::string& here) {
    if (!rule.choices.empty()) return note(here, "enum and const exclude each other");
    if (name == "const") {
      rule.constant = true;
      rule.choices.insert(equality_key(value));
      if (!value.is_structured()) rule.choice_words = json::serialize(value);
    } else {
      const auto* list = value.if_array();
      if (!list || list->empty()) return note(here, "expected a list of at least one value");
      if (list->size() > kMaxChoices) return note(here, "more than " + std::to_string(kMaxChoices) + " values");
      for (std::size_t i = 0; i < list->size(); ++i) {
        if (!rule.choices.insert(equality_key((*list)[i])).second)
          note(here + '/' + std::to_string(i), "the same value twice");
        if (!rule.choice_words.empty()) rule.choice_words += ", ";
        if (rule.choice_words.size() <= 200) rule.choice_words += json::serialize((*list)[i]);
      }
    }
    if (rule.choice_words.size() > 200) rule.choice_words.clear();
  }

  std::optional<std::uint64_t> read_count(const json::value& value, const std::string& here) {
    if (value.is_number() && is_integral(value) && to_number(value) >= 0 && to_number(value) <= 1e15L)
      return static_cast<std::uint64_t>(to_number(value));
    note(here, "expected a whole number, 0 or more");
    return std::nullopt;
  }

  void read_bound(std::optional<json::value>& bound, const json::value& value, const std::string& here) {
    if (!value.is_number()) return note(here, "expected a number");
    bound = value;
  }

  void read_pattern(Rule& rule, const json::value& value, const std::string& here) {
    const auto* text = value.if_string();
    if (!text) return note(here, "expected text");
    auto pattern = Pattern::compile({text->data(), text->size()});
    if (!pattern) return note(here, pattern.error().message);
    rule.pattern = std::move(*pattern);
    if (text->size() <= 200) rule.pattern_text = *text;
  }

  void read_format(Rule& rule, const json::value& value, const std::string& here) {
    const auto* text = value.if_string();
    rule.format = text ? format({text->data(), text->size()}) : std::nullopt;
    if (!rule.format) note(here, "expected hostname, email, uri or date-time");
  }

  void compare_bounds(const Rule& rule, const std::string& pointer) {
    if (rule.min_items && rule.max_items && *rule.min_items > *rule.max_items)
      note(below(pointer, "minItems"), "greater than maxItems");
    if (rule.min_length && rule.max_length && *rule.min_length > *rule.max_length)
      note(below(pointer, "minLength"), "greater than maxLength");
    if (rule.minimum && rule.maximum && to_number(*rule.minimum) > to_number(*rule.maximum))
      note(below(pointer, "minimum"), "greater than maximum");
  }

  // Replaces every rule that is only a reference by what it refers to in the end.
  void follow_references() {
    std::vector<RuleId> final_id(aliases_.size());
    std::vector<char> known(aliases_.size(), 0);
    for (RuleId start = 0; start < aliases_.size(); ++start) {
      std::vector<RuleId> path;
      RuleId at = start;
      while (aliases_[at] && known[at] == 0) {
        known[at] = 1;  // 1: on this path, 2: done
        path.push_back(at);
        at = aliases_[at]->target;
      }
      if (known[at] == 1 && std::find(path.begin(), path.end(), at) != path.end()) {
        note(aliases_[at]->pointer, "a reference that leads back to itself");
        at = kNothing;
      } else if (aliases_[at]) {
        at = final_id[at];
      }
      for (const auto id : path) {
        final_id[id] = at;
        known[id] = 2;
      }
      if (!aliases_[start]) final_id[start] = start;
    }
    for (auto& rule : rules_.all) {
      for (auto& [name, id] : rule.properties) id = final_id[id];
      rule.additional = final_id[rule.additional];
      rule.items = final_id[rule.items];
    }
    rules_.root = final_id[rules_.root];
    if (const auto* own = document_.get_object().if_contains("default"); own && problems_.empty())
      check_default(rules_.root, *own, "/default");
    const auto* definitions = document_.get_object().if_contains("$defs");
    if (definitions && problems_.empty())
      for (const auto& member : definitions->get_object()) {
        const auto* object = member.value().if_object();
        const auto* own = object ? object->if_contains("default") : nullptr;
        if (own)
          check_default(final_id[definitions_.at(std::string(member.key()))], *own,
                        below("/$defs", member.key()) + "/default");
      }
  }

  void check_defaults() {
    for (const auto& rule : rules_.all)
      for (const auto& [name, fallback] : rule.defaults)
        check_default(rule.properties.at(name), fallback.first, "the default of \"" + name + "\"");
  }

  void check_default(RuleId rule, const json::value& value, const std::string& where) {
    const auto found = check_against(rules_, rule, value, budget_);
    if (found.empty()) return;
    const auto& first = found.front();
    const std::string text = "its own schema refuses the default" +
                             (first.pointer.empty() ? "" : " at " + first.pointer) + ": " + first.message;
    if (where.starts_with('/'))
      note(where, text);
    else
      note("", where + ": " + text);
  }

  struct Alias {
    std::string pointer;
    RuleId target = kNothing;
  };

  const json::value& document_;
  Rules rules_;
  std::vector<std::optional<Alias>> aliases_;  // parallel to rules_.all
  std::map<std::string, RuleId> definitions_;
  std::vector<base::Problem> problems_;
  std::uint64_t budget_ = kPatternBudget;
  bool full_ = false;
};

}  // namespace

base::Result<Schema> Schema::compile(const json::value& document) {
  auto rules = Compiler(document).run();
  if (!rules) return rules.error();
  return Schema(std::move(*rules));
}

}  // namespace tenantry::schema
