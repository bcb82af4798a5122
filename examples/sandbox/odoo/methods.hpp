// The methods that can be called from outside, by both codecs: positional arguments of execute_kw and named ones of
// /json/2 end up as the same Call.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "sandbox/odoo/records.hpp"

namespace tenantry::sandbox::odoo {

struct Call {
  std::string model;
  std::string method;
  std::vector<Id> ids;
  json::object arguments;  // by name
  json::object context;
};

struct Parameter {
  std::string name;
  bool required = false;
};

struct Method {
  bool on_records = false;  // takes ids first
  std::vector<Parameter> parameters;
  std::function<json::value(Env&, const Model&, Call&)> run;
};

// Throws as Odoo does for what is private or not there; `model` was looked up in the database already.
[[nodiscard]] const Method& method_of(const Model& model, const std::string& method, bool named);
[[nodiscard]] Call bind_positional(const Model& model, const std::string& name, const Method& method,
                                   const json::value& arguments, const json::value& named);
[[nodiscard]] Call bind_named(const Model& model, const std::string& name, const Method& method,
                              const json::value& body);

// BaseModel.load(): rows of text, upserted by external identifier.
json::value load_rows(Env& env, const Model& model, const json::value& fields, const json::value& rows);

// Methods of single models.
void add_methods(std::map<std::string, std::map<std::string, Method>>& methods);

}  // namespace tenantry::sandbox::odoo
