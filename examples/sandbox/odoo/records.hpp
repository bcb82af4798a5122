// What Odoo's ORM does with records of any model: search, read, create, write, unlink. What single models add is in
// rules.hpp. Everything here runs inside one Transaction and throws Raised.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sandbox/odoo/database.hpp"
#include "sandbox/odoo/raised.hpp"

namespace tenantry::sandbox::odoo {

// Who calls, on what. Lives as long as the call.
struct Env {
  Transaction& transaction;
  Id user;
  json::object context;
  bool sudo = false;  // no access rights are asked for

  [[nodiscard]] Database& database() const { return transaction.database(); }
  [[nodiscard]] const Schema& schema() const { return transaction.database().schema; }
  [[nodiscard]] int version() const { return schema().version; }
  [[nodiscard]] Id company() const;  // the user's
  [[nodiscard]] bool is_admin() const;
};

// Throws as Odoo does if the model is not there, or not yet: its module may be missing.
[[nodiscard]] const Model& model_of(const Env& env, const std::string& name);
// nullptr if there is no such field, or its module is missing. Fields of _inherits parents count.
[[nodiscard]] const Field* field_of(const Env& env, const Model& model, std::string_view name);

// A field with its default and its rules applied: relations as ids, nothing as null.
[[nodiscard]] json::value value_of(Env& env, const Model& model, Id id, const std::string& field);
[[nodiscard]] std::string display_name(Env& env, const std::string& model, Id id);

struct SearchOptions {
  std::int64_t offset = 0;
  std::int64_t limit = 0;  // 0: none
  std::string order;       // "": the model's
};
[[nodiscard]] std::vector<Id> search(Env& env, const Model& model, const json::value& domain,
                                     const SearchOptions& options = {});
[[nodiscard]] json::array read(Env& env, const Model& model, const std::vector<Id>& ids,
                               const std::vector<std::string>& fields);
Id create(Env& env, const std::string& model, const json::object& values);
void write(Env& env, const std::string& model, const std::vector<Id>& ids, const json::object& values);
void unlink(Env& env, const std::string& model, const std::vector<Id>& ids);

// Sets stored fields past rights, rules and checks, as the server's own code does.
void store(Env& env, const std::string& model, Id id, const json::object& values);
// The ids that commands such as [[6, 0, [1, 2]]] leave of what was there.
[[nodiscard]] std::vector<Id> apply_commands(Env& env, const Field& field, std::vector<Id> before,
                                             const json::value& commands);
[[nodiscard]] bool exists(const Env& env, const std::string& model, Id id);
// The record of an external identifier "module.name", of this model if one is given; 0: there is none.
[[nodiscard]] Id record_of(const Env& env, const std::string& model, const std::string& external);
void name_record(Env& env, const std::string& model, Id id, const std::string& external);

}  // namespace tenantry::sandbox::odoo
