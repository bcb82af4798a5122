// Documents as Frappe keeps them: insert, update, submit, cancel, delete and how they look in an answer. What is
// special about single doctypes is in rules.hpp. Everything here throws Raised.
#pragma once
#include <set>
#include <string>

#include "sandbox/erpnext/raised.hpp"
#include "sandbox/erpnext/site.hpp"

namespace tenantry::sandbox::erpnext {

struct Rendering {
  bool with_nulls = false;               // frappe.client.* shows them, /api/resource does not
  std::set<std::string> unsaved_tables;  // rows that came with this request carry __unsaved
};

// One document as an answer shows it. It has to exist, unless it is a single.
[[nodiscard]] json::object render(Site& site, const Doctype& doctype, const std::string& name,
                                  const Rendering& rendering = {});

// Inserts what a client sent and returns the name. `payload` may hold "docstatus": 1 (see the rules for the traps).
std::string insert(Transaction& transaction, const Doctype& doctype, const json::object& payload);
// Merges top-level fields, replaces child tables; "docstatus" submits or cancels.
void update(Transaction& transaction, const Doctype& doctype, const std::string& name, const json::object& payload);
void remove(Transaction& transaction, const Doctype& doctype, const std::string& name);
void rename(Transaction& transaction, const Doctype& doctype, const std::string& name, const std::string& new_name);

// Makes a document past all checks: what ERPNext makes by itself. Counted along with the request's main effect.
void make(Transaction& transaction, const std::string& doctype, const std::string& name, json::object fields);
// Changes fields of a document past all checks.
void change(Transaction& transaction, const std::string& doctype, const std::string& name, const json::object& fields);

// Throws what Frappe says if a link of the document leads nowhere.
void check_links(Site& site, const Doctype& doctype, const json::object& document);

// Throws LinkExistsError if a document links to this one.
void check_not_linked(Site& site, const Doctype& doctype, const std::string& name);

// Ten characters, as Frappe names rows and hash documents.
[[nodiscard]] std::string random_name();

// The tables of a payload, for Rendering::unsaved_tables.
[[nodiscard]] std::set<std::string> tables_in(const Doctype& doctype, const json::object& payload);

}  // namespace tenantry::sandbox::erpnext
