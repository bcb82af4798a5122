// What reading and writing records both refuse.
#pragma once
#include "sandbox/odoo/records.hpp"

namespace tenantry::sandbox::odoo {

// Throws if the caller's groups do not allow it: "access", "create", "modify", "delete".
void check_access(const Env& env, const Model& model, const std::string& operation);
[[nodiscard]] Raised invalid_field(const Env& env, const Model& model, const std::string& field, bool in_values);
// The fields of the record itself that are one2many: commands for the records on the other side.
void set_children(Env& env, const Model& model, Id id, const json::object& values);

}  // namespace tenantry::sandbox::odoo
