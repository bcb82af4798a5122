// Records as they are found and shown.
#include <algorithm>
#include <cctype>
#include <sstream>

#include "sandbox/odoo/access.hpp"
#include "sandbox/odoo/domain.hpp"
#include "sandbox/odoo/rules.hpp"

namespace tenantry::sandbox::odoo {

namespace {

json::value to_wire(Env& env, const Field& field, const json::value& value) {
  switch (field.type) {
    case Type::kInteger:
      return int_of(value);
    case Type::kFloat:
      return float_of(value);
    case Type::kBoolean:
      return truthy(value);
    case Type::kMany2one:
      if (!truthy(value) || !exists(env, field.comodel, int_of(value))) return false;
      return json::array{value, display_name(env, field.comodel, int_of(value))};
    case Type::kOne2many:
    case Type::kMany2many:
      return value.is_array() ? value : json::value(json::array{});
    case Type::kChar:
    case Type::kSelection:
    case Type::kDate:
    case Type::kBinary:
      return truthy(value) || (value.is_string() && field.type == Type::kChar) ? value : json::value(false);
  }
  return value;
}

bool before(Env& env, const Model& model, const std::vector<std::pair<std::string, bool>>& order, Id left, Id right) {
  for (const auto& [name, descending] : order) {
    const Field* field = field_of(env, model, name);
    if (!field || name == "id") {
      if (left != right) return descending ? left > right : left < right;
      continue;
    }
    const auto a = value_of(env, model, left, name);
    const auto b = value_of(env, model, right, name);
    int difference = 0;
    if (field->type == Type::kChar || field->type == Type::kSelection || field->type == Type::kDate) {
      // NULLs are the largest in PostgreSQL.
      difference = !truthy(a) || !truthy(b) ? static_cast<int>(!truthy(a)) - static_cast<int>(!truthy(b))
                                            : text_of(a).compare(text_of(b));
    } else {
      difference = float_of(a) < float_of(b) ? -1 : float_of(a) > float_of(b) ? 1 : 0;
    }
    if (difference != 0) return descending ? difference > 0 : difference < 0;
  }
  return left < right;
}

}  // namespace

std::vector<Id> search(Env& env, const Model& model, const json::value& wanted, const SearchOptions& options) {
  check_access(env, model, "access");
  const Domain domain(env, model, wanted);
  const bool all =
      member(env.context, "active_test") == false || domain.names_active() || field_of(env, model, "active") == nullptr;
  std::vector<Id> found;
  for (const auto& [id, record] : env.database().table(model.name)) {
    if (!all && value_of(env, model, id, "active") == false) continue;
    if (domain.matches(id)) found.push_back(id);
  }
  auto order = model.order;
  if (!options.order.empty()) {
    order.clear();
    std::istringstream parts(options.order);
    for (std::string part; std::getline(parts, part, ',');) {
      std::istringstream words(part);
      std::string field;
      std::string direction;
      words >> field >> direction;
      for (char& c : direction) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      if (!field_of(env, model, field)) throw invalid_field(env, model, field, false);
      order.emplace_back(field, direction == "desc");
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [&](Id left, Id right) { return before(env, model, order, left, right); });
  const auto first = std::min<std::size_t>(found.size(), static_cast<std::size_t>(options.offset));
  found.erase(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(first));
  if (options.limit > 0 && found.size() > static_cast<std::size_t>(options.limit))
    found.resize(static_cast<std::size_t>(options.limit));
  return found;
}

json::array read(Env& env, const Model& model, const std::vector<Id>& ids, const std::vector<std::string>& wanted) {
  check_access(env, model, "access");
  std::vector<std::string> names = wanted;
  if (names.empty()) {
    for (const auto* each = &model; each;
         each = each->parent_model.empty() ? nullptr : env.schema().find(each->parent_model))
      for (const auto& [name, field] : each->fields)
        if (field_of(env, model, name) && field.type != Type::kBinary && name != "password") names.push_back(name);
  }
  for (const auto& name : names)
    if (!field_of(env, model, name)) throw invalid_field(env, model, name, false);
  json::array result;
  for (const Id id : ids) {
    if (!exists(env, model.name, id)) continue;
    json::object row{{"id", id}};
    for (const auto& name : names)
      if (name == "password")
        row[name] = "";
      else if (name != "id")
        row[name] = to_wire(env, *field_of(env, model, name), value_of(env, model, id, name));
    result.push_back(std::move(row));
  }
  return result;
}

}  // namespace tenantry::sandbox::odoo
