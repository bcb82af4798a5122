#include "sandbox/odoo/domain.hpp"

#include <algorithm>
#include <cctype>

#include "sandbox/faults.hpp"

namespace tenantry::sandbox::odoo {

namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

void refuse_objects(const json::value& value) {
  if (value.is_object()) throw postgres("ProgrammingError", "can't adapt type 'dict'");
  if (value.is_array())
    for (const auto& element : value.get_array()) refuse_objects(element);
}

bool like(const json::value& value, const std::string& op, const json::value& wanted) {
  std::string text = text_of(value);
  std::string pattern = text_of(wanted);
  if (op.find("ilike") != std::string::npos) {
    text = lower(text);
    pattern = lower(pattern);
  }
  if (op[0] != '=') return text.find(pattern) != std::string::npos;
  std::replace(pattern.begin(), pattern.end(), '%', '*');
  return matches(pattern, text);
}

bool compare(const json::value& value, const std::string& op, const json::value& wanted) {
  if (op == "=" || op == "==") return same(value, wanted);
  if (op == "!=" || op == "<>") return !same(value, wanted);
  if (op == "in" || op == "not in") {
    const bool found = wanted.is_array() ? std::any_of(wanted.get_array().begin(), wanted.get_array().end(),
                                                       [&](const json::value& element) { return same(value, element); })
                                         : same(value, wanted);
    return found == (op == "in");
  }
  if (op.find("like") != std::string::npos) return like(value, op, wanted) != op.starts_with("not ");
  if (!truthy(value) && !value.is_number()) return false;
  const auto order = [&] {
    if (value.is_string() || wanted.is_string()) return text_of(value).compare(text_of(wanted));
    return float_of(value) < float_of(wanted) ? -1 : float_of(value) > float_of(wanted) ? 1 : 0;
  }();
  if (op == "<") return order < 0;
  if (op == ">") return order > 0;
  if (op == "<=") return order <= 0;
  return order >= 0;
}

// Of a record to whom the leaf's path leads.
bool matches_leaf(Env& env, const Model& model, Id id, const std::string& path, const std::string& op,
                  const json::value& wanted) {
  const auto dot = path.find('.');
  const std::string name = path.substr(0, dot);
  const Field* field = field_of(env, model, name);
  if (!field) return false;
  const json::value value = name == "id" ? json::value(id) : value_of(env, model, id, name);
  const bool negative = op == "!=" || op == "<>" || op.starts_with("not ");
  if (dot != std::string::npos) {
    const auto& target = model_of(env, field->comodel);
    const auto related = ids_of(value);
    return std::any_of(related.begin(), related.end(),
                       [&](Id one) { return matches_leaf(env, target, one, path.substr(dot + 1), op, wanted); });
  }
  if (field->type < Type::kMany2one) {
    if (op == "child_of" || op == "parent_of") return compare(value, "in", wanted);
    return compare(value, op, wanted);
  }
  const auto related = ids_of(value);
  if (!truthy(wanted) && (op == "=" || op == "!=")) return related.empty() == (op == "=");
  const bool by_name = op.find("like") != std::string::npos || wanted.is_string();
  if (op == "child_of" || op == "parent_of") {
    const auto roots = ids_of(wanted);
    return std::any_of(related.begin(), related.end(),
                       [&](Id one) { return std::find(roots.begin(), roots.end(), one) != roots.end(); });
  }
  const std::string positive = op == "!=" || op == "<>" ? "=" : op.starts_with("not ") ? op.substr(4) : op;
  const auto one_matches = [&](Id one) {
    return compare(by_name ? json::value(display_name(env, field->comodel, one)) : json::value(one), positive, wanted);
  };
  bool any = std::any_of(related.begin(), related.end(), one_matches);
  // ["company_id", "in", [false, 1]] also finds what has none.
  if (related.empty() && wanted.is_array())
    any = std::any_of(wanted.get_array().begin(), wanted.get_array().end(),
                      [](const json::value& element) { return !truthy(element); });
  return any != negative;
}

}  // namespace

Domain::Domain(Env& env, const Model& model, const json::value& domain) : env_(env), model_(model) {
  if (!truthy(domain)) return;
  if (!domain.is_array()) throw python("ValueError", "Domain() invalid item in domain: " + py_repr(domain));
  std::size_t leaves = 0;
  std::size_t binary = 0;
  for (const auto& item : domain.get_array()) {
    if (item.is_string()) {
      const std::string word = text_of(item);
      if (word != "&" && word != "|" && word != "!") throw python("ValueError", "Invalid leaf '" + word + "'");
      if (word != "!") ++binary;
      tokens_.push_back({word[0], {}});
      continue;
    }
    if (!item.is_array() || item.get_array().size() != 3) throw python("ValueError", "Invalid leaf " + py_repr(item));
    Leaf leaf{"", lower(text_of(item.at(1))), item.at(2), same(item.at(0), item.at(2))};
    ++leaves;
    if (item.at(0).is_string()) {
      leaf.field = text_of(item.at(0));
      if (!field_of(env, model, leaf.field.substr(0, leaf.field.find('.'))))
        throw python("ValueError", "Invalid field " + model.name + "." + leaf.field + " in " +
                                       (env.version() < 19 ? "leaf" : "condition") + " ('" + leaf.field + "', '" +
                                       leaf.op + "', " + py_repr(leaf.value) + ")");
    }
    refuse_objects(leaf.value);
    if (leaf.field == "active") names_active_ = true;
    tokens_.push_back({0, std::move(leaf)});
  }
  // What is not connected is meant to hold together.
  if (leaves > 0)
    for (; binary + 1 < leaves; ++binary) tokens_.insert(tokens_.begin(), Token{'&', {}});
}

bool Domain::matches(Id id) const {
  std::size_t at = 0;
  return tokens_.empty() || evaluate(at, id);
}

bool Domain::evaluate(std::size_t& at, Id id) const {
  if (at >= tokens_.size()) throw python("IndexError", "pop from empty list");
  const Token& token = tokens_[at++];
  if (token.connective == '!') return !evaluate(at, id);
  if (token.connective != 0) {
    const bool left = evaluate(at, id);
    const bool right = evaluate(at, id);
    return token.connective == '&' ? left && right : left || right;
  }
  // [1, "=", 1] and [0, "=", 1] are always true and always false.
  if (token.leaf.field.empty()) return token.leaf.always;
  return matches_leaf(env_, model_, id, token.leaf.field, token.leaf.op, token.leaf.value);
}

}  // namespace tenantry::sandbox::odoo
