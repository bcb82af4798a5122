#include "sandbox/erpnext/documents.hpp"

#include <algorithm>
#include <array>
#include <random>

#include "sandbox/erpnext/rules.hpp"

namespace tenantry::sandbox::erpnext {

namespace {

bool is_meta(std::string_view name) {
  static constexpr std::array<std::string_view, 12> kMeta{"name",        "owner",       "creation",   "modified",
                                                          "modified_by", "docstatus",   "idx",        "doctype",
                                                          "parent",      "parentfield", "parenttype", "__unsaved"};
  return std::find(kMeta.begin(), kMeta.end(), name) != kMeta.end();
}

// As the column would hold it: floats stay floats, checks and integers become integers.
json::value coerce(const json::value& sent, const json::value& fallback) {
  if (fallback.is_double()) return as_number(sent);
  if (fallback.is_int64()) {
    if (sent.is_null()) return fallback;
    return static_cast<std::int64_t>(as_number(sent));
  }
  if (sent.is_bool()) return sent.get_bool() ? 1 : 0;
  return sent;
}

json::array read_rows(const ChildTable& table, const json::value& sent) {
  json::array rows;
  if (!sent.is_array()) return rows;
  const auto* child = schema().find(table.doctype);
  for (const auto& entry : sent.get_array()) {
    if (!entry.is_object()) continue;
    json::object row{{"name", random_name()}};
    for (const auto& member : entry.get_object()) {
      if (is_meta(member.key())) continue;
      const auto* field = child ? child->field(member.key()) : nullptr;
      if (field) row[member.key()] = coerce(member.value(), field->fallback);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

void merge(const Doctype& doctype, const json::object& payload, json::object& document) {
  for (const auto& member : payload) {
    const std::string_view key = member.key();
    if (is_meta(key)) continue;
    if (const auto* table = doctype.table(key))
      document[key] = read_rows(*table, member.value());
    else if (const auto* field = doctype.field(key))
      document[key] = coerce(member.value(), field->fallback);
  }
}

std::int64_t docstatus_of(const json::object& document) {
  const auto* value = document.if_contains("docstatus");
  return value && value->is_int64() ? value->get_int64() : 0;
}

std::string new_name(Transaction& transaction, const Doctype& doctype, const json::object& document,
                     const json::object& payload) {
  if (const auto* sent = payload.if_contains("name"); sent && sent->is_string() && !sent->get_string().empty())
    return as_text(*sent);
  const std::string& naming = doctype.naming;
  if (naming.starts_with("series:")) return transaction.next_in_series(naming.substr(7));
  if (naming.starts_with("field:")) {
    const std::string name = as_text(field_of(doctype, document, naming.substr(6)));
    if (name.empty()) throw validation(doctype.label(naming.substr(6)) + " is required", false);
    return name;
  }
  if (naming == "custom") return rules_for(doctype.name).name(transaction, document);
  if (naming == "prompt") throw validation("Please set the document name", false);
  return random_name();
}

void check_required(const Doctype& doctype, const json::object& document, const std::string& name) {
  Raised raised;
  std::string missing;
  for (const auto& entry : doctype.required) {
    const auto& value = field_of(doctype, document, entry.field);
    const bool empty_rows = doctype.table(entry.field) && (!value.is_array() || value.get_array().empty());
    if (!empty_rows && (value.is_array() || !as_text(value).empty())) continue;
    missing += (missing.empty() ? "" : ", ") + entry.field;
    raised.messages.push_back(
        {(empty_rows ? "Error: Data missing in table: " : "Error: Value missing for " + doctype.name + ": ") +
             entry.label,
         "Message", "", false, false});
  }
  if (missing.empty()) return;
  raised.exc_type = "MandatoryError";
  raised.exception = "frappe.exceptions.MandatoryError: [" + doctype.name + ", " + name + "]: " + missing;
  throw Raised(raised);
}

void check_lengths(const Doctype& doctype, const json::object& document, const std::string& name) {
  for (const auto& entry : doctype.required) {
    const std::string value = as_text(field_of(doctype, document, entry.field));
    if (value.size() <= 140 || doctype.table(entry.field)) continue;
    throw thrown(417, "CharacterLengthExceededError",
                 doctype.name + " " + name + ": '<strong>" + entry.label + "</strong>' (" + value +
                     ") will get truncated, as max characters allowed is 140",
                 false, "Value too big");
  }
}

[[noreturn]] void cannot_edit_cancelled() {
  Raised raised;
  raised.exc_type = "ValidationError";
  raised.exception = "frappe.exceptions.ValidationError: Cannot edit cancelled document";
  throw Raised(raised);
}

std::string docstatus_name(std::int64_t docstatus) {
  return docstatus == 0 ? "0 (Draft)" : docstatus == 1 ? "1 (Submitted)" : "2 (Cancelled)";
}

void check_unchanged(const Doctype& doctype, const json::object& stored, const json::object& document) {
  for (const auto& member : document) {
    const std::string key = member.key();
    if (is_meta(key) || doctype.table(key)) continue;
    const auto& before = field_of(doctype, stored, key);
    if (before == member.value() || as_text(before) == as_text(member.value())) continue;
    throw thrown(417, "UpdateAfterSubmitError",
                 " Not allowed to change <strong>" + doctype.label(key) + "</strong> after submission from <strong>" +
                     as_text(before) + "</strong> to <strong>" + as_text(member.value()) + "</strong>",
                 false, "Cannot Update After Submit");
  }
}

void save(Transaction& transaction, const Doctype& doctype, const std::string& name, json::object document) {
  document["modified"] = transaction.time();
  document["modified_by"] = transaction.user();
  transaction.put(doctype.name, name, std::move(document));
}

}  // namespace

std::string random_name() {
  static constexpr std::string_view kAlphabet = "0123456789abcdefghijklmnopqrstuv";
  thread_local std::mt19937_64 random{std::random_device{}()};
  std::uint64_t bits = random();
  std::string result(10, '0');
  for (auto& c : result) {
    c = kAlphabet[bits % kAlphabet.size()];
    bits /= kAlphabet.size();
  }
  return result;
}

std::set<std::string> tables_in(const Doctype& doctype, const json::object& payload) {
  std::set<std::string> result;
  for (const auto& table : doctype.tables)
    if (payload.contains(table.field)) result.insert(table.field);
  return result;
}

json::object render(Site& site, const Doctype& doctype, const std::string& name, const Rendering& rendering) {
  static const json::object kNothing;
  const auto* stored = site.find(doctype.name, name);
  if (!stored && !doctype.single) throw not_found(doctype.name, name);
  const json::object& document = stored ? *stored : kNothing;
  const auto meta = [&document](std::string_view field, const json::value& fallback) {
    const auto* value = document.if_contains(field);
    return value ? *value : fallback;
  };
  json::object result;
  const json::value modified = meta("modified", "2026-01-01 00:00:00.000000");
  result["name"] = name;
  result["owner"] = meta("owner", "Administrator");
  if (!doctype.single) result["creation"] = document.at("creation");
  result["modified"] = modified;
  result["modified_by"] = meta("modified_by", "Administrator");
  result["docstatus"] = meta("docstatus", 0);
  if (doctype.single)
    result["idx"] = "0";
  else
    result["idx"] = 0;
  const auto [left, right] =
      doctype.tree_parent.empty() ? std::pair<std::int64_t, std::int64_t>{} : site.bounds(doctype.name, name);
  for (const auto& field : doctype.fields) {
    if (!doctype.tree_parent.empty() && field.name == "lft") {
      result["lft"] = left;
    } else if (!doctype.tree_parent.empty() && field.name == "rgt") {
      result["rgt"] = right;
    } else if (!doctype.tree_parent.empty() && field.name == "old_parent") {
      result["old_parent"] = as_text(field_of(doctype, document, doctype.tree_parent));
    } else {
      const auto& value = field_of(doctype, document, field.name);
      if (rendering.with_nulls || !value.is_null()) result[field.name] = value;
    }
  }
  result["doctype"] = doctype.name;
  for (const auto& table : doctype.tables) {
    json::array rows;
    const auto* stored_rows = document.if_contains(table.field);
    const auto* child = schema().find(table.doctype);
    std::int64_t index = 1;
    for (const auto& entry : stored_rows&& child ? stored_rows->as_array() : json::array{}) {
      const auto& row = entry.as_object();
      json::object shown{{"name", row.at("name")},
                         {"owner", result["owner"]},
                         {"creation", doctype.single ? modified : document.at("creation")},
                         {"modified", modified},
                         {"modified_by", result["modified_by"]},
                         {"docstatus", result["docstatus"]},
                         {"idx", index++}};
      for (const auto& field : child->fields) {
        const auto& value = field_of(*child, row, field.name);
        if (rendering.with_nulls || !value.is_null()) shown[field.name] = value;
      }
      shown["parent"] = name;
      shown["parentfield"] = table.field;
      shown["parenttype"] = doctype.name;
      shown["doctype"] = child->name;
      if (rendering.unsaved_tables.contains(table.field) && !row.contains("__made")) shown["__unsaved"] = 1;
      rows.push_back(std::move(shown));
    }
    result[table.field] = std::move(rows);
  }
  return result;
}

std::string insert(Transaction& transaction, const Doctype& doctype, const json::object& payload) {
  Site& site = transaction.site();
  const Rules& rules = rules_for(doctype.name);
  json::object document{{"owner", transaction.user()},
                        {"creation", transaction.time()},
                        {"modified", transaction.time()},
                        {"modified_by", transaction.user()},
                        {"docstatus", 0}};
  merge(doctype, payload, document);
  if (rules.prepare) rules.prepare(transaction, document);
  check_links(site, doctype, document);
  const std::string name = new_name(transaction, doctype, document, payload);
  document["name"] = name;
  const bool submitted = doctype.submittable && docstatus_of(payload) == 1;
  if (submitted) document["docstatus"] = 1;
  if (rules.validate) rules.validate(transaction, document, nullptr);
  check_required(doctype, document, name);
  check_lengths(doctype, document, name);
  if (site.exists(doctype.name, name)) throw duplicate(doctype.name, name);
  transaction.put(doctype.name, name, std::move(document));
  transaction.note(doctype.name, name, submitted ? "created and submitted" : "created");
  if (rules.after_insert) rules.after_insert(transaction, name);
  if (submitted && rules.on_submit) rules.on_submit(transaction, name, true);
  return name;
}

void update(Transaction& transaction, const Doctype& doctype, const std::string& name, const json::object& payload) {
  Site& site = transaction.site();
  const Rules& rules = rules_for(doctype.name);
  const auto* stored = site.find(doctype.name, name);
  if (!stored && !doctype.single) throw not_found(doctype.name, name);
  const Document before = std::make_shared<const json::object>(
      stored ? *stored
             : json::object{
                   {"name", name}, {"owner", "Administrator"}, {"modified", transaction.time()}, {"docstatus", 0}});
  if (const auto* sent = payload.if_contains("modified");
      sent && stored && as_text(*sent) != as_text(stored->at("modified")))
    throw timestamp_mismatch(as_text(stored->at("modified")), transaction.time());
  const std::int64_t old_status = docstatus_of(*before);
  const std::int64_t new_status = payload.contains("docstatus") ? docstatus_of(payload) : old_status;
  if (old_status == 2) cannot_edit_cancelled();
  if (new_status < old_status || new_status > old_status + 1)
    throw thrown(417, "DocstatusTransitionError",
                 "Cannot change docstatus from " + docstatus_name(old_status) + " to " + docstatus_name(new_status));
  json::object document = *before;
  merge(doctype, payload, document);
  if (old_status == 1 && new_status == 1) check_unchanged(doctype, *before, document);
  if (new_status == 2) {
    document["docstatus"] = 2;
    save(transaction, doctype, name, std::move(document));
    if (rules.on_cancel) rules.on_cancel(transaction, name);
    transaction.note(doctype.name, name, "cancelled");
    return;
  }
  document["docstatus"] = new_status;
  check_links(site, doctype, document);
  if (rules.validate) rules.validate(transaction, document, before.get());
  check_required(doctype, document, name);
  check_lengths(doctype, document, name);
  save(transaction, doctype, name, std::move(document));
  if (rules.after_update) rules.after_update(transaction, name);
  if (new_status == 1 && old_status == 0) {
    if (rules.on_submit) rules.on_submit(transaction, name, false);
    transaction.note(doctype.name, name, "submitted");
  } else {
    transaction.note(doctype.name, name, "updated");
  }
}

void remove(Transaction& transaction, const Doctype& doctype, const std::string& name) {
  Site& site = transaction.site();
  const auto* stored = site.find(doctype.name, name);
  if (!stored) {
    Raised raised = not_found(doctype.name, name);
    raised.messages.clear();
    throw Raised(raised);
  }
  if (docstatus_of(*stored) == 1)
    throw validation(doctype.name + " " + name +
                         ": Submitted Record cannot be deleted. You must <a "
                         "href='https://docs.erpnext.com//docs/user/manual/en/setting-up/articles/"
                         "delete-submitted-document' target='_blank'> Cancel </a> it first.",
                     false);
  const Rules& rules = rules_for(doctype.name);
  if (rules.on_trash) rules.on_trash(transaction, name);
  check_not_linked(site, doctype, name);
  transaction.erase(doctype.name, name);
  if (doctype.naming.starts_with("series:")) transaction.give_back(name);
  transaction.note(doctype.name, name, "deleted");
}

void rename(Transaction& transaction, const Doctype& doctype, const std::string& name, const std::string& new_name) {
  const auto* stored = transaction.site().find(doctype.name, name);
  if (!stored) throw not_found(doctype.name, name);
  if (transaction.site().exists(doctype.name, new_name)) throw duplicate(doctype.name, new_name);
  json::object document = *stored;
  document["name"] = new_name;
  if (doctype.naming.starts_with("field:")) document[doctype.naming.substr(6)] = new_name;
  if (doctype.name == "Customer") document["customer_name"] = new_name;
  transaction.erase(doctype.name, name);
  save(transaction, doctype, new_name, std::move(document));
  transaction.messages().push_back(
      {"Document renamed from <strong>" + name + "</strong> to <strong>" + new_name + "</strong>", "Message", "green",
       false, true});
  transaction.note(doctype.name, new_name, "renamed from " + name);
}

void make(Transaction& transaction, const std::string& doctype, const std::string& name, json::object fields) {
  fields["name"] = name;
  fields["owner"] = transaction.user();
  fields["creation"] = transaction.time();
  fields["modified"] = transaction.time();
  fields["modified_by"] = transaction.user();
  if (!fields.contains("docstatus")) fields["docstatus"] = 0;
  transaction.put(doctype, name, std::move(fields));
  transaction.note(doctype, name, "created", false);
}

void change(Transaction& transaction, const std::string& doctype, const std::string& name, const json::object& fields) {
  const auto* stored = transaction.site().find(doctype, name);
  json::object document = stored ? *stored : json::object{{"name", name}, {"owner", "Administrator"}, {"docstatus", 0}};
  for (const auto& member : fields) document[member.key()] = member.value();
  document["modified"] = transaction.time();
  document["modified_by"] = transaction.user();
  transaction.put(doctype, name, std::move(document));
}

}  // namespace tenantry::sandbox::erpnext
