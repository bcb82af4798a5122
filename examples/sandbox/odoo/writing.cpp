// Records as they are made, changed and removed.
#include <algorithm>
#include <array>

#include "sandbox/odoo/access.hpp"
#include "sandbox/odoo/rules.hpp"

namespace tenantry::sandbox::odoo {

namespace {

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

}  // namespace

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

}  // namespace tenantry::sandbox::odoo
