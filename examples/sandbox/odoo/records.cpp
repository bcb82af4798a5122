#include "sandbox/odoo/records.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <sstream>

#include "sandbox/odoo/domain.hpp"
#include "sandbox/odoo/rules.hpp"

namespace tenantry::sandbox::odoo {

namespace {

constexpr Id kAdministrationGroup = 3;

Raised invalid_field(const Env& env, const Model& model, const std::string& field, bool in_values) {
  const bool new_words = in_values && env.version() >= 19;
  return python("ValueError", "Invalid field '" + field + (new_words ? "' in '" : "' on model '") + model.name + "'");
}

void check_access(const Env& env, const Model& model, const std::string& operation) {
  if (env.sudo || env.is_admin() || operation == "access") return;
  static const std::set<std::string> kForEveryone{"res.users.apikeys.description",
                                                  "res.users.identitycheck",
                                                  "pos.session",
                                                  "pos.order",
                                                  "pos.order.line",
                                                  "pos.payment"};
  if (kForEveryone.contains(model.name)) return;
  throw access_error("You are not allowed to " + operation + " '" + model.label + "' (" + model.name +
                     ") records.\n\nThis operation is allowed for the following groups:\n\t- Administration/Access "
                     "Rights\n\nContact your administrator to request access if necessary.");
}

Raised mandatory(const Model& model, const Field& field) {
  return validation(
      "The operation cannot be completed:\n- Create/update: a mandatory field is not set.\n- Delete: another model "
      "requires the record being "
      "deleted. If possible, archive it instead.\n\nModel: " +
      model.label + " (" + model.name + ")\nField: " + field.label + " (" + field.name + ")\n");
}

Raised still_referenced(const Model& model, const Field& field) {
  std::string table = model.name;
  std::replace(table.begin(), table.end(), '.', '_');
  return constraint("another model requires the record being deleted. If possible, archive it instead.\n\nModel: " +
                    model.label + " (" + model.name + ")\nConstraint: " + table + "_" + field.name + "_fkey\n");
}

// A value as it is stored.
json::value coerced(Env& env, const Model& model, const Field& field, const json::value& value) {
  if (value.is_null()) return nullptr;
  switch (field.type) {
    case Type::kInteger:
      if (value.is_string()) return std::stoll(text_of(value));
      return int_of(value);
    case Type::kFloat:
      if (value.is_string()) return std::stod(text_of(value));
      return float_of(value);
    case Type::kBoolean:
      return truthy(value);
    case Type::kSelection:
      if (!truthy(value)) return nullptr;
      if (std::find(field.choices.begin(), field.choices.end(), text_of(value)) == field.choices.end())
        throw python("ValueError", "Wrong value for " + model.name + "." + field.name + ": " + py_repr(value));
      return value;
    case Type::kMany2one: {
      if (!truthy(value)) return nullptr;
      if (!value.is_int64()) throw python("TypeError", "unhashable type: '" + std::string(python_type(value)) + "'");
      if (!exists(env, field.comodel, value.get_int64())) throw still_referenced(model, field);
      return value;
    }
    case Type::kChar:
    case Type::kDate:
    case Type::kBinary:
      if (!truthy(value)) return nullptr;
      if (value.is_string()) return value;
      return json::value(py_repr(value));
    case Type::kOne2many:
    case Type::kMany2many:
      return value;
  }
  return value;
}

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

void check_unique(Env& env, const Model& model, Id id) {
  const auto& database = env.database();
  for (const auto& unique : model.unique) {
    for (const auto& [other, record] : database.table(model.name)) {
      if (other == id) continue;
      bool alike = true;
      for (const auto& field : unique.fields) {
        const auto& mine = database.get(model.name, id, field);
        const auto& theirs = member(*record, field);
        // Odoo's own checks of journals, taxes and codes take "nothing" for a value, PostgreSQL does not.
        if (unique.fields.size() == 1 && !truthy(mine)) alike = false;
        alike = alike && same(mine, theirs);
      }
      if (alike) throw constraint(unique.message);
    }
  }
}

// Sets what belongs to the record itself and returns what belongs to its _inherits parent.
json::object set_own(Env& env, const Model& model, Id id, const json::object& values) {
  json::object record = *env.database().find(model.name, id);
  json::object of_parent;
  for (const auto& entry : values) {
    const std::string name = entry.key();
    const auto own = model.fields.find(name);
    if (own == model.fields.end() && !model.parent_model.empty()) {
      of_parent[name] = entry.value();
      continue;
    }
    const Field& field = *field_of(env, model, name);
    if (name == "password" && model.name == "res.users")
      env.transaction.set_password(id, text_of(entry.value()));
    else if (field.type == Type::kMany2many && !field.computed)
      record[name] = to_array(apply_commands(env, field, ids_of(member(record, name)), entry.value()));
    else if (!field.computed && name != "id")
      record[name] = coerced(env, model, field, entry.value());
  }
  record["write_uid"] = env.user;
  record["write_date"] = utc_now();
  env.transaction.put(model.name, id, std::move(record));
  return of_parent;
}

void set_children(Env& env, const Model& model, Id id, const json::object& values) {
  for (const auto& entry : values) {
    const Field* field = field_of(env, model, entry.key());
    if (!field || field->type != Type::kOne2many || !model.fields.contains(field->name)) continue;
    for (const auto& command : entry.value().is_array() ? entry.value().get_array() : json::array{}) {
      if (!command.is_array() || command.get_array().empty()) continue;
      const auto kind = int_of(command.at(0));
      if (kind == 0) {
        json::object child = command.at(2).as_object();
        child[field->inverse] = id;
        create(env, field->comodel, child);
      } else if (kind == 1) {
        write(env, field->comodel, {int_of(command.at(1))}, command.at(2).as_object());
      } else if (kind == 2) {
        unlink(env, field->comodel, {int_of(command.at(1))});
      } else if (kind == 4) {
        store(env, field->comodel, int_of(command.at(1)), {{field->inverse, id}});
      } else if (kind == 6) {
        for (const Id child : ids_of(command.at(2))) store(env, field->comodel, child, {{field->inverse, id}});
      }
    }
  }
}

void check_required(Env& env, const Model& model, Id id) {
  for (const auto& [name, field] : model.fields) {
    if (!field.required || field.computed || !field_of(env, model, name)) continue;
    const auto& value = env.database().get(model.name, id, name);
    if (value.is_null()) throw mandatory(model, field);
  }
}

void check_fields(const Env& env, const Model& model, const json::object& values) {
  for (const auto& entry : values)
    if (!field_of(env, model, entry.key())) throw invalid_field(env, model, entry.key(), true);
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

Id Env::company() const {
  const Id own = int_of(database().get("res.users", user, "company_id"));
  return own != 0 ? own : 1;
}

bool Env::is_admin() const {
  if (user <= 2) return true;
  for (const char* field : {"groups_id", "group_ids"})
    for (const Id group : ids_of(database().get("res.users", user, field)))
      if (group == kAdministrationGroup) return true;
  return false;
}

const Model& model_of(const Env& env, const std::string& name) {
  const auto* model = env.schema().find(name);
  if (!model || !env.database().installed(model->module)) throw user_error("Object " + name + " doesn't exist");
  return *model;
}

const Field* field_of(const Env& env, const Model& model, std::string_view name) {
  const Field* own = model.find(name);
  if (own) return env.database().installed(own->module) ? own : nullptr;
  if (model.parent_model.empty()) return nullptr;
  const auto* parent = env.schema().find(model.parent_model);
  return parent ? field_of(env, *parent, name) : nullptr;
}

bool exists(const Env& env, const std::string& model, Id id) { return env.database().find(model, id) != nullptr; }

json::value value_of(Env& env, const Model& model, Id id, const std::string& name) {
  if (name == "id") return id;
  const Field* own = model.find(name);
  if (!own && !model.parent_model.empty()) {
    const Id parent = int_of(env.database().get(model.name, id, model.parent_field));
    return value_of(env, model_of(env, model.parent_model), parent, name);
  }
  if (!own) return nullptr;
  if (name == "display_name") return json::value(display_name(env, model.name, id));
  if (const auto& rules = rules_of(model.name); rules.compute)
    if (auto computed = rules.compute(env, id, name)) return *computed;
  if (own->type == Type::kOne2many) {
    json::array children;
    for (const auto& [child, record] : env.database().table(own->comodel))
      if (int_of(member(*record, own->inverse)) == id && member(*record, "active") != false) children.push_back(child);
    return children;
  }
  const auto* record = env.database().find(model.name, id);
  if (!record) return nullptr;
  // What a module adds later has its default in records that were there before.
  const auto* stored = record->if_contains(name);
  return stored ? *stored : own->fallback;
}

std::string display_name(Env& env, const std::string& name, Id id) {
  if (const auto& rules = rules_of(name); rules.name)
    if (auto text = rules.name(env, id)) return *text;
  const auto* model = env.schema().find(name);
  if (!model || model->rec_name == "id") return name + "," + std::to_string(id);
  return text_of(value_of(env, *model, id, model->rec_name));
}

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

Id create(Env& env, const std::string& name, const json::object& given) {
  const auto& model = model_of(env, name);
  check_access(env, model, "create");
  check_fields(env, model, given);
  const auto& rules = rules_of(name);
  json::object values = given;
  if (rules.before_create) rules.before_create(env, values);
  // Drawn before anything can be refused: a refused record leaves a gap.
  const Id id = env.transaction.next_id(name);
  for (const auto& [field_name, field] : model.fields)
    if (!field.fallback.is_null() && !values.contains(field_name) && field_of(env, model, field_name))
      values[field_name] = field.fallback;
  env.transaction.put(name, id, {{"create_uid", env.user}, {"create_date", utc_now()}});
  env.transaction.note(name, id, "created");
  const json::object of_parent = set_own(env, model, id, values);
  if (!model.parent_model.empty()) {
    const Transaction::Quietly quietly(env.transaction);
    Id parent = int_of(env.database().get(name, id, model.parent_field));
    if (parent == 0) {
      check_required(env, model, id);
      check_unique(env, model, id);
      parent = create(env, model.parent_model, of_parent);
      store(env, name, id, {{model.parent_field, parent}});
    } else if (!of_parent.empty()) {
      write(env, model.parent_model, {parent}, of_parent);
    }
  }
  check_required(env, model, id);
  check_unique(env, model, id);
  set_children(env, model, id, values);
  const Transaction::Quietly quietly(env.transaction);
  if (rules.after_create) rules.after_create(env, id);
  return id;
}

void write(Env& env, const std::string& name, const std::vector<Id>& ids, const json::object& given) {
  const auto& model = model_of(env, name);
  check_access(env, model, "modify");
  check_fields(env, model, given);
  for (const Id id : ids)
    if (!exists(env, name, id)) throw missing(name, id, env.user);
  const auto& rules = rules_of(name);
  json::object values = given;
  if (rules.before_write) rules.before_write(env, ids, values);
  for (const Id id : ids) {
    env.transaction.note(name, id, "updated");
    const json::object of_parent = set_own(env, model, id, values);
    const Transaction::Quietly quietly(env.transaction);
    if (!of_parent.empty())
      write(env, model.parent_model, {int_of(env.database().get(name, id, model.parent_field))}, of_parent);
    check_required(env, model, id);
    check_unique(env, model, id);
    set_children(env, model, id, values);
  }
  const Transaction::Quietly quietly(env.transaction);
  if (rules.after_write) rules.after_write(env, ids, given);
}

void unlink(Env& env, const std::string& name, const std::vector<Id>& ids) {
  const auto& model = model_of(env, name);
  check_access(env, model, "delete");
  for (const Id id : ids)
    if (!exists(env, name, id)) throw missing(name, id, env.user);
  const auto& rules = rules_of(name);
  if (rules.before_unlink) rules.before_unlink(env, ids);
  for (const Id id : ids) {
    env.transaction.note(name, id, "deleted");
    const Transaction::Quietly quietly(env.transaction);
    for (const auto& [other_name, other] : env.schema().models()) {
      for (const auto& [field_name, field] : other.fields) {
        if (field.comodel != name || field.computed || !env.database().installed(other.module)) continue;
        const Table rows = env.database().table(other_name);
        for (const auto& [row, record] : rows) {
          const auto& value = member(*record, field_name);
          if (field.type == Type::kMany2many) {
            auto left = ids_of(value);
            if (std::erase(left, id) > 0) store(env, other_name, row, {{field_name, to_array(left)}});
            continue;
          }
          if (field.type != Type::kMany2one || int_of(value) != id) continue;
          if (other.parent_field == field_name && other.name == "product.product")
            unlink(env, other_name, {row});
          else if (field.required || field.restricts || other.parent_field == field_name)
            throw still_referenced(other, field);
          else
            store(env, other_name, row, {{field_name, nullptr}});
        }
      }
    }
    const Table names = env.database().table("ir.model.data");
    for (const auto& [row, record] : names)
      if (text_of(record->at("model")) == name && int_of(record->at("res_id")) == id)
        env.transaction.erase("ir.model.data", row);
    env.transaction.erase(name, id);
  }
}

void store(Env& env, const std::string& model, Id id, const json::object& values) {
  const auto* before = env.database().find(model, id);
  json::object record = before ? *before : json::object{};
  for (const auto& entry : values) record[entry.key()] = entry.value();
  env.transaction.put(model, id, std::move(record));
}

std::vector<Id> apply_commands(Env& env, const Field& field, std::vector<Id> ids, const json::value& commands) {
  if (!truthy(commands)) return ids;
  if (!commands.is_array()) throw python("ValueError", "Wrong value for " + field.name + ": " + py_repr(commands));
  const auto check = [&](Id id) {
    if (!exists(env, field.comodel, id)) throw missing(field.comodel, id, env.user);
  };
  bool plain = false;
  for (const auto& command : commands.get_array()) {
    if (command.is_int64()) {
      if (!plain) ids.clear();
      plain = true;
      check(command.get_int64());
      ids.push_back(command.get_int64());
      continue;
    }
    if (!command.is_array() || command.get_array().empty())
      throw python("ValueError", "Wrong value for " + field.name + ": " + py_repr(commands));
    const auto kind = int_of(command.at(0));
    const Id id = command.get_array().size() > 1 ? int_of(command.at(1)) : 0;
    if (kind == 0) ids.push_back(create(env, field.comodel, command.at(2).as_object()));
    if (kind == 1) write(env, field.comodel, {id}, command.at(2).as_object());
    if (kind == 2) unlink(env, field.comodel, {id});
    if (kind == 2 || kind == 3) std::erase(ids, id);
    if (kind == 4) {
      check(id);
      if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
    }
    if (kind == 5) ids.clear();
    if (kind == 6) {
      ids = ids_of(command.at(2));
      for (const Id one : ids) check(one);
    }
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

Id record_of(const Env& env, const std::string& model, const std::string& external) {
  const auto dot = external.find('.');
  const std::string module = dot == std::string::npos ? "__import__" : external.substr(0, dot);
  const std::string name = dot == std::string::npos ? external : external.substr(dot + 1);
  for (const auto& [id, record] : env.database().table("ir.model.data"))
    if (text_of(record->at("name")) == name && text_of(record->at("module")) == module &&
        (model.empty() || text_of(record->at("model")) == model))
      return int_of(record->at("res_id"));
  return 0;
}

void name_record(Env& env, const std::string& model, Id id, const std::string& external) {
  const auto dot = external.find('.');
  const Id row = env.transaction.next_id("ir.model.data");
  env.transaction.put("ir.model.data", row,
                      {{"module", dot == std::string::npos ? "__import__" : external.substr(0, dot)},
                       {"name", dot == std::string::npos ? external : external.substr(dot + 1)},
                       {"model", model},
                       {"res_id", id},
                       {"create_date", utc_now()}});
}

}  // namespace tenantry::sandbox::odoo
