// What Odoo knows of its models: fields, what makes a record the same thing made twice, and reference data such as
// countries and modules. Read once from the data compiled in.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/odoo/values.hpp"

namespace tenantry::sandbox::odoo {

enum class Type {
  kChar,
  kInteger,
  kFloat,
  kBoolean,
  kSelection,
  kDate,
  kBinary,
  kMany2one,
  kOne2many,
  kMany2many,
};

struct Field {
  std::string name;
  std::string label;
  std::string kind;  // as fields_get() calls it
  Type type = Type::kChar;
  std::string comodel;  // of relations
  std::string inverse;  // of one2many
  std::vector<std::string> choices;
  bool required = false;
  bool computed = false;   // by a rule, not stored
  bool restricts = false;  // what it points to cannot be removed
  json::value fallback;
  std::string module;  // that brings it
};

struct Unique {
  std::vector<std::string> fields;
  std::string message;
};

struct Model {
  std::string name;
  std::string label;
  std::string class_name;  // of Python, for the texts of TypeError
  std::string module;      // that brings it
  std::string rec_name;
  std::vector<std::pair<std::string, bool>> order;  // field, descending
  std::string parent_field;                         // _inherits
  std::string parent_model;
  std::map<std::string, Field, std::less<>> fields;
  std::vector<std::string> identity;  // two records alike in these are the same thing made twice
  std::vector<Unique> unique;

  [[nodiscard]] const Field* find(std::string_view field) const;
};

struct Module {
  Id id;
  std::string name;
};
struct Country {
  Id id;
  std::string code;
  std::string name;
  std::string currency;
};
struct Currency {
  Id id;
  std::string code;
  std::string symbol;
  std::string position;
};
struct Chart {
  std::string code;
  std::string label;
  std::string module;  // that brings it; empty: account
};

class Schema {
 public:
  explicit Schema(int version);

  [[nodiscard]] const Model* find(std::string_view model) const;
  [[nodiscard]] const std::map<std::string, Model, std::less<>>& models() const { return models_; }

  int version = 18;
  json::array languages;
  std::vector<Country> countries;
  std::vector<Currency> currencies;
  std::vector<Chart> charts;
  std::vector<Module> modules;
  std::vector<std::string> installed;  // in a new database
  // What session/authenticate and pos.order.sync_from_ui answered, to be filled in.
  json::object session;
  json::object session_with_mail;
  json::object order;

  [[nodiscard]] const Chart* chart(std::string_view code) const;
  // The chart that Odoo takes for a country, by its code in upper case.
  [[nodiscard]] const Chart& chart_of(const std::string& country) const;
  [[nodiscard]] const Country* country(const std::string& code_any_case) const;
  [[nodiscard]] Id currency(std::string_view code) const;

 private:
  std::map<std::string, Model, std::less<>> models_;
};

// 18 or 19; what is newer is like 19.
[[nodiscard]] const Schema& schema(int version);

}  // namespace tenantry::sandbox::odoo
