#include "sandbox/erpnext/schema.hpp"

#include <cctype>

#include "sandbox_data.hpp"

namespace tenantry::sandbox::erpnext {

namespace {

std::string text(const json::value& value) { return std::string(value.as_string()); }

std::vector<Link> read_links(const json::object& entry) {
  std::vector<Link> links;
  if (const auto* found = entry.if_contains("links"))
    for (const auto& member : found->as_object())
      links.push_back({member.key(), text(member.value().at(0)), text(member.value().at(1))});
  return links;
}

}  // namespace

const Field* Doctype::field(std::string_view field_name) const {
  const auto found = index_.find(std::string(field_name));
  return found == index_.end() ? nullptr : &fields[found->second];
}

const ChildTable* Doctype::table(std::string_view field_name) const {
  for (const auto& entry : tables)
    if (entry.field == field_name) return &entry;
  return nullptr;
}

std::string Doctype::label(std::string_view field_name) const {
  for (const auto& entry : required)
    if (entry.field == field_name) return entry.label;
  for (const auto& entry : links)
    if (entry.field == field_name) return entry.label;
  std::string result(field_name);
  bool start = true;
  for (auto& c : result) {
    if (c == '_') c = ' ';
    if (start) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    start = c == ' ';
  }
  return result;
}

Schema::Schema() {
  const json::value data = json::parse(data::kDoctypes);
  for (const auto& member : data.as_object()) {
    const auto& entry = member.value().as_object();
    Doctype doctype;
    doctype.name = member.key();
    doctype.naming = text(entry.at("naming"));
    for (const auto& field : entry.at("fields").as_object()) {
      doctype.index_[field.key()] = doctype.fields.size();
      doctype.fields.push_back({field.key(), field.value()});
    }
    if (const auto* tables = entry.if_contains("tables"))
      for (const auto& table : tables->as_object()) doctype.tables.push_back({table.key(), text(table.value())});
    doctype.links = read_links(entry);
    if (const auto* required = entry.if_contains("required"))
      for (const auto& field : required->as_object()) doctype.required.push_back({field.key(), text(field.value())});
    if (const auto* identity = entry.if_contains("identity"))
      for (const auto& field : identity->as_array()) doctype.identity.push_back(text(field));
    if (const auto* tree = entry.if_contains("tree")) doctype.tree_parent = text(*tree);
    doctype.single = entry.contains("single");
    doctype.child = entry.contains("child");
    doctype.submittable = entry.contains("submit");
    doctype.creation_order = entry.contains("order");
    doctypes_.emplace(doctype.name, std::move(doctype));
  }
  for (const auto& [name, doctype] : doctypes_) {
    for (const auto& link : doctype.links) links_to_[link.target].emplace_back(&doctype, &link);
    for (const auto& table : doctype.tables)
      if (!table.doctype.empty()) parents_of_[table.doctype].emplace_back(&doctype, &table);
  }
}

const Doctype* Schema::find(std::string_view name) const {
  const auto found = doctypes_.find(name);
  return found == doctypes_.end() ? nullptr : &found->second;
}

const std::vector<std::pair<const Doctype*, const Link*>>& Schema::links_to(const std::string& target) const {
  static const std::vector<std::pair<const Doctype*, const Link*>> kNone;
  const auto found = links_to_.find(target);
  return found == links_to_.end() ? kNone : found->second;
}

const std::vector<std::pair<const Doctype*, const ChildTable*>>& Schema::parents_of(const std::string& child) const {
  static const std::vector<std::pair<const Doctype*, const ChildTable*>> kNone;
  const auto found = parents_of_.find(child);
  return found == parents_of_.end() ? kNone : found->second;
}

const Schema& schema() {
  static const Schema kSchema;
  return kSchema;
}

const json::object& presets() {
  static const json::value kPresets = json::parse(data::kPresets);
  return kPresets.get_object();
}

const json::object& charts() {
  static const json::value kCharts = json::parse(data::kCharts);
  return kCharts.get_object();
}

}  // namespace tenantry::sandbox::erpnext
