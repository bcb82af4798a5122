#include "sandbox/odoo/schema.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>

#include "sandbox_data.hpp"

namespace tenantry::sandbox::odoo {

namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  std::string part;
  while (std::getline(stream, part, separator))
    if (!part.empty()) parts.push_back(part);
  return parts;
}

std::string label_from(const std::string& name) {
  std::string text = name.ends_with("_ids")  ? name.substr(0, name.size() - 4)
                     : name.ends_with("_id") ? name.substr(0, name.size() - 3)
                                             : name;
  bool start = true;
  for (char& c : text) {
    if (c == '_') c = ' ';
    if (start) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    start = c == ' ';
  }
  return text;
}

Type type_from(const std::string& kind) {
  static const std::map<std::string, Type> kTypes{
      {"char", Type::kChar},         {"text", Type::kChar},         {"integer", Type::kInteger},
      {"float", Type::kFloat},       {"boolean", Type::kBoolean},   {"selection", Type::kSelection},
      {"date", Type::kDate},         {"datetime", Type::kDate},     {"binary", Type::kBinary},
      {"many2one", Type::kMany2one}, {"one2many", Type::kOne2many}, {"many2many", Type::kMany2many}};
  return kTypes.at(kind);
}

// "many2one! res.country =1 |Country": type (! required, ~ computed, ^ restricts removal), what belongs to the type,
// default, label.
Field field_from(const std::string& name, std::string text, const std::string& module,
                 const std::vector<Chart>& charts) {
  Field field;
  field.name = name;
  field.module = module;
  field.label = label_from(name);
  if (const auto bar = text.find(" |"); bar != std::string::npos) {
    field.label = text.substr(bar + 2);
    text.resize(bar);
  }
  if (const auto equals = text.find(" ="); equals != std::string::npos) {
    field.fallback = json::parse(text.substr(equals + 2));
    text.resize(equals);
  }
  auto words = split(text, ' ');
  std::string& kind = words.at(0);
  if (kind == "selection_chart") {
    kind = "selection";
    for (const auto& chart : charts) field.choices.push_back(chart.code);
  }
  for (; !std::isalnum(static_cast<unsigned char>(kind.back())); kind.pop_back()) {
    if (kind.back() == '!') field.required = true;
    if (kind.back() == '~') field.computed = true;
    if (kind.back() == '^') field.restricts = true;
  }
  field.kind = kind;
  field.type = type_from(kind);
  if (words.size() > 1 && field.type == Type::kSelection) field.choices = split(words[1], ',');
  if (words.size() > 1 && field.type >= Type::kMany2one) field.comodel = words[1];
  if (words.size() > 2) field.inverse = words[2];
  if (field.type == Type::kOne2many) field.computed = true;
  return field;
}

void add_fields(Model& model, const json::object& fields, const std::string& module, int version,
                const std::vector<Chart>& charts) {
  for (const auto& entry : fields) {
    std::string name = entry.key();
    if (const auto at = name.find('@'); at != std::string::npos) {
      const bool old = name.substr(at + 1) == "18";
      if (old != (version < 19)) continue;
      name.resize(at);
    }
    model.fields[name] = field_from(name, text_of(entry.value()), module, charts);
  }
}

Model model_from(const std::string& name, const json::object& text, int version, const std::vector<Chart>& charts) {
  Model model;
  model.name = name;
  model.label = text_of(text.at("label"));
  model.class_name = text_of(text.at("class"));
  model.module = text.contains("module") ? text_of(text.at("module")) : "base";
  add_fields(model, text.at("fields").as_object(), model.module, version, charts);
  if (const auto* extensions = text.if_contains("extend"))
    for (const auto& entry : extensions->get_object())
      add_fields(model, entry.value().as_object(), entry.key(), version, charts);
  model.rec_name = text.contains("rec_name") ? text_of(text.at("rec_name")) : "name";
  for (const auto& part : split(text.contains("order") ? text_of(text.at("order")) : "id", ',')) {
    const auto words = split(part, ' ');
    model.order.emplace_back(words.at(0), words.size() > 1 && words[1] == "desc");
  }
  if (const auto* parent = text.if_contains("inherits")) {
    model.parent_field = text_of(parent->at("field"));
    model.parent_model = text_of(parent->at("model"));
  }
  if (const auto* identity = text.if_contains("identity"))
    for (const auto& field : identity->get_array()) model.identity.push_back(text_of(field));
  if (const auto* unique = text.if_contains("unique"))
    for (const auto& entry : unique->get_array()) {
      Unique rule{{}, text_of(entry.at("message"))};
      for (const auto& field : entry.at("fields").as_array()) rule.fields.push_back(text_of(field));
      model.unique.push_back(std::move(rule));
    }
  static constexpr std::array<std::pair<const char*, const char*>, 6> kAlways{
      {{"id", "integer |ID"},
       {"display_name", "char~ |Display Name"},
       {"create_uid", "many2one res.users |Created by"},
       {"create_date", "datetime |Created on"},
       {"write_uid", "many2one res.users |Last Updated by"},
       {"write_date", "datetime |Last Updated on"}}};
  for (const auto& [field, spec] : kAlways) model.fields[field] = field_from(field, spec, model.module, charts);
  return model;
}

}  // namespace

const Field* Model::find(std::string_view field) const {
  const auto found = fields.find(field);
  return found == fields.end() ? nullptr : &found->second;
}

Schema::Schema(int wanted) : version(wanted) {
  const json::value reference = json::parse(data::kReference);
  const std::string key = version < 19 ? "18" : "19";
  languages = reference.at("languages").as_array();
  for (const auto& row : reference.at("countries").as_array())
    countries.push_back({int_of(row.at(0)), text_of(row.at(1)), text_of(row.at(2)), text_of(row.at(3))});
  for (const auto& row : reference.at("currencies").as_array())
    currencies.push_back({int_of(row.at(0)), text_of(row.at(1)), text_of(row.at(2)), text_of(row.at(3))});
  if (version >= 19)
    for (auto& currency : currencies)
      if (currency.code == "KES") currency.id = int_of(reference.at("kes_19"));
  for (const auto& row : reference.at("charts").as_array())
    charts.push_back({text_of(row.at(0)), text_of(row.at(1)), text_of(row.at(2))});
  for (const auto& row : reference.at("modules").at(key).as_array())
    modules.push_back({int_of(row.at(0)), text_of(row.at(1))});
  for (const auto& name : reference.at("installed").at(key).as_array()) installed.push_back(text_of(name));
  session = reference.at("sessions").at(key).as_object();
  session_with_mail = reference.at("sessions").at(version < 19 ? "18_mail" : "19").as_object();
  order = reference.at("orders").at(key).as_object();
  const json::value models = json::parse(data::kModels);
  for (const auto& entry : models.as_object())
    models_.emplace(entry.key(), model_from(entry.key(), entry.value().as_object(), version, charts));
}

const Model* Schema::find(std::string_view model) const {
  const auto found = models_.find(model);
  return found == models_.end() ? nullptr : &found->second;
}

const Chart* Schema::chart(std::string_view code) const {
  const auto found = std::find_if(charts.begin(), charts.end(), [&](const Chart& chart) { return chart.code == code; });
  return found == charts.end() ? nullptr : &*found;
}

const Chart& Schema::chart_of(const std::string& code) const {
  std::string lower = code == "GB" ? "uk" : code;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (const auto* exact = chart(lower)) return *exact;
  for (const auto& candidate : charts)
    if (!lower.empty() && candidate.code.starts_with(lower + "_")) return candidate;
  return charts.front();
}

const Country* Schema::country(const std::string& code) const {
  std::string upper = code;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const auto found =
      std::find_if(countries.begin(), countries.end(), [&](const Country& country) { return country.code == upper; });
  return found == countries.end() ? nullptr : &*found;
}

Id Schema::currency(std::string_view code) const {
  for (const auto& currency : currencies)
    if (currency.code == code) return currency.id;
  return 0;
}

const Schema& schema(int version) {
  static const Schema kOld(18);
  static const Schema kNew(19);
  return version < 19 ? kOld : kNew;
}

}  // namespace tenantry::sandbox::odoo
