// Links between documents: that they lead somewhere, and that nothing is deleted while something links to it.
#include <algorithm>
#include <array>

#include "sandbox/erpnext/documents.hpp"

namespace tenantry::sandbox::erpnext {

namespace {

void check_user_links(Site& site, const Doctype& doctype, const json::object& document, const std::string& prefix,
                      std::string& missing) {
  for (const auto& link : doctype.links) {
    const auto* value = document.if_contains(link.field);
    if (!value || !value->is_string() || value->get_string().empty()) continue;
    if (site.exists(link.target, value->get_string())) continue;
    missing += (missing.empty() ? "" : ", ") + prefix + link.label + ": " + as_text(*value);
  }
}

std::string anchor(const std::string& doctype, const std::string& name) {
  return doctype + " <a href=\"/app/Form/" + doctype + "/" + name + "\">" + name + "</a>";
}

std::string single_anchor(const std::string& doctype) {
  return " <a href=\"/app/Form/" + doctype + "/" + doctype + "\">" + doctype + "</a>";
}

bool can_be_disabled(const Doctype& doctype) {
  return doctype.name != "Company" && (doctype.field("disabled") || doctype.field("enabled"));
}

struct Linker {
  std::string doctype;
  std::string name;
};

bool row_links(const json::object& row, const std::string& field, const std::string& name) {
  const auto* value = row.if_contains(field);
  return value && value->is_string() && value->get_string() == name;
}

// The first document that links to this one, in the order in which the recorded server looked.
std::optional<Linker> find_linker(Site& site, const Doctype& doctype, const std::string& name) {
  static constexpr std::array<std::string_view, 6> kFirst{"Sales Invoice",     "POS Invoice", "POS Opening Entry",
                                                          "POS Closing Entry", "POS Profile", "Cost Center"};
  std::vector<Linker> found;
  for (const auto& [linker, link] : schema().links_to(doctype.name)) {
    // A default of an item never keeps anything from being deleted.
    if (linker->name == "Item Default" || (linker->name == doctype.name && linker->tree_parent != link->field))
      continue;
    if (linker->single && site.single(linker->name, link->field) == name) found.push_back({linker->name, ""});
    if (linker->single) continue;
    if (linker->child) {
      for (const auto& [parent, table] : schema().parents_of(linker->name)) {
        if (parent->name == doctype.name) continue;
        for (const auto& [key, row] : site.table(parent->name)) {
          const auto* rows = row.document->if_contains(table->field);
          if (!rows || !rows->is_array()) continue;
          for (const auto& child : rows->get_array())
            if (row_links(child.as_object(), link->field, name)) found.push_back({parent->name, key});
        }
      }
      continue;
    }
    for (const auto& [key, row] : site.table(linker->name))
      if (row_links(*row.document, link->field, name)) found.push_back({linker->name, key});
  }
  if (doctype.submittable)
    for (const auto& [key, row] : site.table("GL Entry"))
      if (row_links(*row.document, "voucher_no", name)) found.push_back({"GL Entry", key});
  if (found.empty()) return std::nullopt;
  const auto rank = [](const Linker& linker) {
    return std::find(kFirst.begin(), kFirst.end(), linker.doctype) - kFirst.begin();
  };
  return *std::min_element(found.begin(), found.end(),
                           [&](const Linker& a, const Linker& b) { return rank(a) < rank(b); });
}

}  // namespace

void check_not_linked(Site& site, const Doctype& doctype, const std::string& name) {
  const auto linker = find_linker(site, doctype, name);
  if (!linker) return;
  const std::string text =
      "Cannot delete or cancel because " + anchor(doctype.name, name) + " is linked with " +
      (linker->name.empty() ? single_anchor(linker->doctype) : anchor(linker->doctype, linker->name)) + " ";
  Raised raised = thrown(417, "LinkExistsError", text);
  if (can_be_disabled(doctype)) {
    const std::string advice = "You can disable this " + doctype.name + " instead of deleting it.";
    raised.exception = "frappe.exceptions.LinkExistsError: " + advice;
    raised.messages.push_back(red(advice));
  }
  throw Raised(raised);
}

void check_links(Site& site, const Doctype& doctype, const json::object& document) {
  std::string missing;
  check_user_links(site, doctype, document, "", missing);
  for (const auto& table : doctype.tables) {
    const auto* rows = document.if_contains(table.field);
    const auto* child = schema().find(table.doctype);
    if (!rows || !rows->is_array() || !child) continue;
    int index = 1;
    for (const auto& row : rows->get_array())
      check_user_links(site, *child, row.as_object(), "Row #" + std::to_string(index++) + ": ", missing);
  }
  if (!missing.empty()) throw thrown(417, "LinkValidationError", "Could not find " + missing);
}

}  // namespace tenantry::sandbox::erpnext
