// What [[6, 0, [1, 2]]] and its like do to the records of a relation.
#include <algorithm>

#include "sandbox/odoo/access.hpp"

namespace tenantry::sandbox::odoo {

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

}  // namespace tenantry::sandbox::odoo
