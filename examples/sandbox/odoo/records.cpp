#include "sandbox/odoo/records.hpp"

#include <set>

#include "sandbox/odoo/access.hpp"
#include "sandbox/odoo/rules.hpp"

namespace tenantry::sandbox::odoo {

namespace {

constexpr Id kAdministrationGroup = 3;

}  // namespace

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

void store(Env& env, const std::string& model, Id id, const json::object& values) {
  const auto* before = env.database().find(model, id);
  json::object record = before ? *before : json::object{};
  for (const auto& entry : values) record[entry.key()] = entry.value();
  env.transaction.put(model, id, std::move(record));
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
