// What single models do beyond what any model does. Each rule is optional.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "sandbox/odoo/records.hpp"

namespace tenantry::sandbox::odoo {

struct Rules {
  // Completes or refuses the values of a new record.
  std::function<void(Env&, json::object& values)> before_create;
  std::function<void(Env&, Id)> after_create;
  std::function<void(Env&, const std::vector<Id>&, json::object& values)> before_write;
  std::function<void(Env&, const std::vector<Id>&, const json::object& values)> after_write;
  std::function<void(Env&, const std::vector<Id>&)> before_unlink;
  // A computed field; nullopt: this rule does not know it.
  std::function<std::optional<json::value>(Env&, Id, const std::string& field)> compute;
  std::function<std::optional<std::string>(Env&, Id)> name;
};

// The rules of a model; empty ones if it has none.
[[nodiscard]] const Rules& rules_of(const std::string& model);

void add_base_rules(std::map<std::string, Rules>& rules);
void add_account_rules(std::map<std::string, Rules>& rules);
void add_product_rules(std::map<std::string, Rules>& rules);
void add_stock_rules(std::map<std::string, Rules>& rules);
void add_pos_rules(std::map<std::string, Rules>& rules);

// What installing modules and loading charts does. `names` and what they pull along; false: all were there already.
bool install(Env& env, const std::vector<std::string>& names);
// Throws KeyError if there is no such chart. The same chart again changes nothing.
void load_chart(Env& env, const std::string& code, Id company);
// The field of a user that holds the groups; its name depends on the version.
[[nodiscard]] const char* groups_field(const Env& env);
[[nodiscard]] bool has_group(const Env& env, Id user, Id group);
// Gives a group to every user, or takes it from all.
void set_group(Env& env, Id group, bool on);
// New groups: name and external identifier.
void add_groups(Env& env, const std::vector<std::pair<const char*, const char*>>& groups);
void set_up_stock(Env& env);
void set_up_pos(Env& env);
// The records of a database that was just created; nothing of the country if it is not known.
struct FirstUser {
  std::string login = "admin";
  std::string password = "admin";
  std::string country;
  std::string phone;
  std::string language = "en_US";
};
void fill_new_database(Env& env);
// What create_database does last and may fail at: with an unknown country it throws and changes nothing.
void hand_over(Env& env, const FirstUser& user);

}  // namespace tenantry::sandbox::odoo
