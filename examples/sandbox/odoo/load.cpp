#include <algorithm>
#include <sstream>

#include "sandbox/odoo/methods.hpp"

namespace tenantry::sandbox::odoo {

namespace {

// Why a row cannot be taken.
struct Refusal {
  std::string field;
  std::string label;
  std::string text;
  std::string model;  // whose records are possible; empty: none are to be chosen
};

json::object message(const Refusal& refusal, std::size_t row) {
  json::object result{{"rows", {{"from", row}, {"to", row}}},
                      {"type", "error"},
                      {"record", row},
                      {"field", refusal.field},
                      {"message", refusal.text}};
  if (!refusal.model.empty()) {
    result["moreinfo"] = {{"name", "Possible Values"},
                          {"type", "ir.actions.act_window"},
                          {"target", "new"},
                          {"view_mode", "list,form"},
                          {"views", json::array{json::array{false, "list"}, json::array{false, "form"}}},
                          {"context", {{"create", false}}},
                          {"help", "See all possible values"},
                          {"res_model", refusal.model}};
    result["field_name"] = refusal.label;
  }
  return result;
}

std::vector<std::string> parts_of(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

std::string cell_text(const json::value& cell) {
  return cell.is_string() ? text_of(cell) : truthy(cell) ? py_repr(cell) : "";
}

// One record that a cell names: by external identifier, database id, or name.
Id named_record(Env& env, const Field& field, const std::string& how, const std::string& text) {
  if (how == ".id") {
    const Id id = std::atoll(text.c_str());
    if (exists(env, field.comodel, id)) return id;
    throw Refusal{field.name, field.label,
                  "No matching record found for database id '" + text + "' in field '" + field.label + "'",
                  field.comodel};
  }
  if (how == "id") {
    if (const Id id = record_of(env, field.comodel, text); id != 0) return id;
    throw Refusal{field.name, field.label,
                  "No matching record found for external id '" + text + "' in field '" + field.label + "'",
                  field.comodel};
  }
  for (const auto& [id, record] : env.database().table(field.comodel))
    if (member(*record, "active") != false && display_name(env, field.comodel, id) == text) return id;
  throw Refusal{field.name, field.label,
                "No matching record found for name '" + text + "' in field '" + field.label + "'", field.comodel};
}

json::value converted(Env& env, const Field& field, const std::string& how, const json::value& cell) {
  const std::string text = cell_text(cell);
  const auto refuse = [&](const std::string& what) {
    return Refusal{field.name, field.label,
                   "'" + text + "' does not seem to be " + what + " for field '" + field.label + "'", ""};
  };
  switch (field.type) {
    case Type::kBoolean: {
      if (cell.is_bool()) return cell;
      std::string lower = text;
      for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
      return lower == "1" || lower == "true" || lower == "yes";
    }
    case Type::kInteger:
    case Type::kFloat: {
      if (cell.is_number()) return cell;
      if (text.empty()) return false;
      char* end = nullptr;
      const double number = std::strtod(text.c_str(), &end);
      if (*end != '\0') throw refuse(field.type == Type::kInteger ? "an integer" : "a number");
      if (field.type == Type::kInteger) return static_cast<std::int64_t>(number);
      return number;
    }
    case Type::kSelection:
      if (text.empty()) return false;
      if (std::find(field.choices.begin(), field.choices.end(), text) == field.choices.end())
        throw Refusal{field.name, field.label,
                      "Value '" + text + "' not found in selection field '" + field.label + "'", ""};
      return json::value(text);
    case Type::kMany2one:
      if (text.empty()) return false;
      return named_record(env, field, how, text);
    case Type::kMany2many:
    case Type::kOne2many: {
      json::array ids;
      for (const auto& part : parts_of(text)) ids.push_back(named_record(env, field, how, part));
      return json::array{json::array{6, 0, std::move(ids)}};
    }
    case Type::kChar:
    case Type::kDate:
    case Type::kBinary:
      if (text.empty()) return false;
      return json::value(text);
  }
  return cell;
}

Id load_row(Env& env, const Model& model, const std::vector<std::string>& columns, const json::value& row) {
  std::string external;
  Id known = 0;
  json::object values;
  if (!row.is_array()) throw python("TypeError", "'" + std::string(python_type(row)) + "' object is not iterable");
  const auto& cells = row.get_array();
  for (std::size_t i = 0; i < columns.size() && i < cells.size(); ++i) {
    const auto slash = columns[i].find('/');
    const std::string name = columns[i].substr(0, slash);
    const std::string how = slash == std::string::npos ? "" : columns[i].substr(slash + 1);
    if (name == "id") {
      external = cell_text(cells[i]);
    } else if (name == ".id") {
      known = std::atoll(cell_text(cells[i]).c_str());
    } else {
      const Field* field = field_of(env, model, name);
      if (!field) throw python("ValueError", "Invalid field '" + name + "' on model '" + model.name + "'");
      values[name] = converted(env, *field, how, cells[i]);
    }
  }
  if (!external.empty()) {
    if (const Id named = record_of(env, "", external); named != 0 && exists(env, model.name, named)) known = named;
  }
  if (known != 0) {
    write(env, model.name, {known}, values);
    return known;
  }
  for (const auto& [name, field] : model.fields)
    if (field.required && !field.computed && field.fallback.is_null() && !truthy(member(values, name)) &&
        field.type == Type::kChar && name != "code")
      throw Refusal{name, field.label, "Missing required value for the field '" + field.label + "' (" + name + ")", ""};
  const Id id = create(env, model.name, values);
  if (!external.empty()) name_record(env, model.name, id, external);
  return id;
}

}  // namespace

json::value load_rows(Env& env, const Model& model, const json::value& fields, const json::value& rows) {
  std::vector<std::string> columns;
  for (const auto& field : fields.is_array() ? fields.get_array() : json::array{}) columns.push_back(text_of(field));
  json::array ids;
  json::array messages;
  std::size_t at = 0;
  for (const auto& row : rows.is_array() ? rows.get_array() : json::array{}) {
    try {
      ids.push_back(load_row(env, model, columns, row));
    } catch (const Refusal& refusal) {
      messages.push_back(message(refusal, at));
    } catch (const Raised& raised) {
      if (!raised.name.starts_with("odoo.exceptions.") || raised.name.ends_with("AccessError")) throw;
      messages.push_back({{"rows", {{"from", at}, {"to", at}}},
                          {"type", "error"},
                          {"record", at},
                          {"field", nullptr},
                          {"message", raised.message}});
    }
    ++at;
  }
  // One bad row takes all of them back, and that is an answer and no error.
  if (!messages.empty()) return {{"ids", false}, {"messages", std::move(messages)}, {"nextrow", 0}};
  return {{"ids", std::move(ids)}, {"messages", json::array{}}, {"nextrow", 0}};
}

}  // namespace tenantry::sandbox::odoo
