#include "sandbox/erpnext/methods.hpp"

#include <algorithm>
#include <functional>

#include "sandbox/erpnext/rules.hpp"
#include "sandbox/erpnext/wizard.hpp"

namespace tenantry::sandbox::erpnext {

namespace {

struct Method {
  bool writes = false;  // refused with GET
  bool for_guests = false;
  std::function<json::object(Call&)> run;
};

json::object message(json::value value) { return {{"message", std::move(value)}}; }
json::object message(const std::string& text) { return {{"message", text}}; }
json::object message(const char* text) { return {{"message", text}}; }

std::string needed(Call& call, const char* method, const char* name) {
  if (!call.arguments.contains(name))
    throw crash("TypeError",
                "TypeError: " + std::string(method) + "() missing 1 required positional argument: '" + name + "'");
  return argument(call.arguments, name);
}

const Doctype& known_doctype(std::string_view name) {
  const auto* doctype = schema().find(name);
  if (!doctype) throw not_found("DocType", std::string(name));
  return *doctype;
}

std::string text_or_none(const Call& call, const char* name) { return argument(call.arguments, name, "None"); }

// A document in the arguments: an object, or a string that holds one.
json::object document_argument(Call& call, const char* name) {
  const json::value value = json_argument(call.arguments, name);
  return value.is_object() ? value.get_object() : json::object{};
}

json::object with_nulls(Call& call, const Doctype& doctype, const std::string& name, const json::object& sent = {}) {
  return render(call.site(), doctype, name, {true, tables_in(doctype, sent)});
}

json::object versions(Call& call) {
  json::object apps{{"frappe",
                     {{"title", "Frappe Framework"},
                      {"description", "Full stack web framework with Python, Javascript, MariaDB, Redis, Node"},
                      {"branch", ""},
                      {"version", "15.72.4"}}}};
  if (call.site().has_app("erpnext"))
    apps["erpnext"] = {
        {"title", "ERPNext"}, {"description", "ERP made simple"}, {"branch", ""}, {"version", "15.71.1"}};
  return message(apps);
}

json::object login(Call& call) {
  const std::string user = argument(call.arguments, "usr");
  call.identity.sid = log_in(call.site(), user, argument(call.arguments, "pwd"));
  call.identity.user = user;
  return {
      {"message", "Logged In"}, {"home_page", "/app/home"}, {"full_name", call.site().text("User", user, "full_name")}};
}

json::object new_keys(Call& call) {
  if (!is_system_manager(call.site(), call.identity.user)) throw permission_denied(call.identity.user, "User");
  const std::string user = needed(call, "generate_keys", "user");
  const std::string secret = generate_keys(call.transaction, user);
  call.transaction.note("User", user, "keys generated");
  return message({{"api_secret", secret}});
}

json::object get_value(Call& call) {
  const auto& doctype = known_doctype(needed(call, "get_value", "doctype"));
  require(call.site(), call.identity.user, doctype, 'r');
  const std::string asked = argument(call.arguments, "fieldname", "name");
  Query query;
  query.limit = 1;
  const json::value several = asked.starts_with("[") ? parse_like_python(asked) : json::value();
  if (several.is_array())
    for (const auto& field : several.get_array()) query.fields.push_back(as_text(field));
  else
    query.fields = {asked};
  const std::string filters = argument(call.arguments, "filters");
  if (filters.starts_with("{") || filters.starts_with("["))
    query.filters = parse_like_python(filters);
  else
    query.filters = json::object{{"name", filters}};
  const std::string name = query.filters.is_object() && query.filters.get_object().contains("name")
                               ? as_text(query.filters.at("name"))
                               : std::string{};
  // The key is kept beside the documents, so that a listing never shows it.
  if (doctype.name == "User" && asked == "api_key" && call.site().exists("User", name)) {
    const auto keys = call.site().keys.find(name);
    return message({{"api_key", keys == call.site().keys.end() ? json::value() : json::value(keys->second.key)}});
  }
  if (doctype.single) {
    json::object values;
    for (const auto& field : query.fields) values[field] = call.site().single(doctype.name, field);
    return message(values);
  }
  const json::array rows = list(call.site(), doctype, query);
  return message(rows.empty() ? json::value(json::object{}) : rows[0]);
}

json::object get_single_value(Call& call) {
  const auto& doctype = known_doctype(needed(call, "get_single_value", "doctype"));
  const std::string field = needed(call, "get_single_value", "field");
  const auto* document = call.site().find(doctype.name, doctype.name);
  static const json::object kNothing;
  return message(field_of(doctype, document ? *document : kNothing, field));
}

json::object get_list(Call& call) {
  const auto& doctype = known_doctype(needed(call, "get_list", "doctype"));
  require(call.site(), call.identity.user, doctype, 'r');
  return message(list(call.site(), doctype, read_query(call.arguments)));
}

json::object get_count(Call& call) {
  const auto& doctype = known_doctype(needed(call, "get_count", "doctype"));
  require(call.site(), call.identity.user, doctype, 'r');
  return message(count(call.site(), doctype, json_argument(call.arguments, "filters")));
}

json::object get_document(Call& call) {
  const auto& doctype = known_doctype(needed(call, "get", "doctype"));
  require(call.site(), call.identity.user, doctype, 'r');
  return message(with_nulls(call, doctype, text_or_none(call, "name")));
}

std::string insert_one(Call& call, const json::object& document) {
  const auto* type = document.if_contains("doctype");
  const auto& doctype = known_doctype(type ? as_text(*type) : "None");
  require(call.site(), call.identity.user, doctype, 'c');
  return insert(call.transaction, doctype, document);
}

json::object client_insert(Call& call) {
  const json::object document = document_argument(call, "doc");
  const std::string name = insert_one(call, document);
  return message(with_nulls(call, known_doctype(as_text(document.at("doctype"))), name, document));
}

json::object client_insert_many(Call& call) {
  const json::value documents = json_argument(call.arguments, "docs");
  json::array names;
  if (documents.is_array())
    for (const auto& document : documents.get_array())
      if (document.is_object()) names.emplace_back(insert_one(call, document.get_object()));
  return message(names);
}

json::object client_save(Call& call) {
  const json::object document = document_argument(call, "doc");
  const auto* type = document.if_contains("doctype");
  const auto* name = document.if_contains("name");
  const auto& doctype = known_doctype(type ? as_text(*type) : "None");
  require(call.site(), call.identity.user, doctype, 'w');
  update(call.transaction, doctype, name ? as_text(*name) : "None", document);
  return message(with_nulls(call, doctype, as_text(*name), document));
}

json::object set_value(Call& call) {
  const auto& doctype = known_doctype(needed(call, "set_value", "doctype"));
  require(call.site(), call.identity.user, doctype, 'w');
  const std::string name = needed(call, "set_value", "name");
  json::object changes;
  const auto field = call.arguments.find("fieldname");
  if (field != call.arguments.end() && field->second.is_object())
    changes = field->second.get_object();
  else
    changes[argument(call.arguments, "fieldname")] =
        call.arguments.contains("value") ? call.arguments.at("value") : json::value();
  update(call.transaction, doctype, name, changes);
  return message(with_nulls(call, doctype, name, changes));
}

json::object set_docstatus(Call& call, const std::string& type, const std::string& name, int docstatus) {
  const auto& doctype = known_doctype(type);
  require(call.site(), call.identity.user, doctype, 'w');
  update(call.transaction, doctype, name, {{"docstatus", docstatus}});
  return message(with_nulls(call, doctype, name));
}

json::object client_submit(Call& call) {
  const json::object document = document_argument(call, "doc");
  const auto text = [&document](const char* field) {
    const auto* value = document.if_contains(field);
    return value ? as_text(*value) : std::string("None");
  };
  return set_docstatus(call, text("doctype"), text("name"), 1);
}

json::object client_cancel(Call& call) {
  return set_docstatus(call, text_or_none(call, "doctype"), text_or_none(call, "name"), 2);
}

json::object client_delete(Call& call) {
  const auto& doctype = known_doctype(needed(call, "delete", "doctype"));
  const std::string name = text_or_none(call, "name");
  require(call.site(), call.identity.user, doctype, 'd', name);
  remove(call.transaction, doctype, name);
  return {};
}

json::object rename_document(Call& call) {
  const std::string name = argument(call.arguments, "new_name");
  rename(call.transaction, known_doctype(text_or_none(call, "doctype")), text_or_none(call, "old_name"), name);
  return message(name);
}

json::object validate_link(Call& call) {
  const auto& doctype = known_doctype(needed(call, "validate_link", "doctype"));
  const std::string name = text_or_none(call, "docname");
  return message(call.site().exists(doctype.name, name) ? json::object{{"name", name}} : json::object{});
}

json::object add_tag(Call& call) {
  const std::string tag = argument(call.arguments, "tag");
  const std::string doctype = argument(call.arguments, "dt");
  const std::string name = argument(call.arguments, "dn");
  const auto* document = call.site().find(known_doctype(doctype).name, name);
  if (!document) throw not_found(doctype, name);
  const auto* stored = document->if_contains("_user_tags");
  std::string tags = stored ? as_text(*stored) : std::string{};
  if ((tags + ",").find("," + tag + ",") == std::string::npos) tags += "," + tag;
  // A tag does not touch "modified".
  json::object tagged = *document;
  tagged["_user_tags"] = tags;
  call.transaction.put(doctype, name, std::move(tagged));
  call.transaction.note(doctype, name, "tagged " + tag);
  if (!call.site().exists("Tag", tag)) make(call.transaction, "Tag", tag, {});
  return message(tag);
}

json::object remove_tag(Call& call) {
  const std::string tag = argument(call.arguments, "tag");
  const std::string doctype = argument(call.arguments, "dt");
  const std::string name = argument(call.arguments, "dn");
  const auto* document = call.site().find(known_doctype(doctype).name, name);
  if (!document) throw not_found(doctype, name);
  std::string tags = as_text(document->contains("_user_tags") ? document->at("_user_tags") : json::value());
  if (const auto at = (tags + ",").find("," + tag + ","); at != std::string::npos) tags.erase(at, tag.size() + 1);
  json::object tagged = *document;
  tagged["_user_tags"] = tags;
  call.transaction.put(doctype, name, std::move(tagged));
  call.transaction.note(doctype, name, "untagged " + tag);
  return {};
}

json::object upload_file(Call& call) {
  const std::string name = argument(call.arguments, "file_name", "file");
  const std::string content = argument(call.arguments, "file");
  const bool is_private = argument(call.arguments, "is_private") == "1";
  const std::string url = std::string(is_private ? "/private/files/" : "/files/") + name;
  call.site().files[url] = content;
  const auto dot = name.rfind('.');
  std::string type = dot == std::string::npos ? "" : name.substr(dot + 1);
  std::transform(type.begin(), type.end(), type.begin(), [](unsigned char c) { return std::toupper(c); });
  const std::string id = random_name();
  make(call.transaction, "File", id,
       {{"file_name", name},
        {"is_private", is_private ? 1 : 0},
        {"file_type", type},
        {"file_size", content.size()},
        {"file_url", url},
        {"folder", "Home"},
        {"content_hash", random_name()}});
  call.transaction.note("File", id, "created");
  return message(render(call.site(), known_doctype("File"), id));
}

json::object check_opening_entry(Call& call) {
  Query query;
  query.filters = json::object{{"user", argument(call.arguments, "user")}, {"status", "Open"}, {"docstatus", 1}};
  query.fields = {"name", "company", "pos_profile", "period_start_date"};
  query.limit = 0;
  return message(list(call.site(), known_doctype("POS Opening Entry"), query));
}

json::object create_opening_voucher(Call& call) {
  const auto details = call.arguments.find("balance_details");
  if (details == call.arguments.end() || !details->second.is_string())
    throw crash("TypeError", "TypeError: the JSON object must be str, bytes or bytearray, not list", true);
  const std::string name = insert(call.transaction, known_doctype("POS Opening Entry"),
                                  {{"pos_profile", argument(call.arguments, "pos_profile")},
                                   {"company", argument(call.arguments, "company")},
                                   {"user", call.identity.user},
                                   {"period_start_date", call.site().now()},
                                   {"balance_details", parse_like_python(details->second.get_string())}});
  update(call.transaction, known_doctype("POS Opening Entry"), name, {{"docstatus", 1}});
  return message(with_nulls(call, known_doctype("POS Opening Entry"), name));
}

json::object installed_order(Call& call) {
  json::array apps{"frappe"};
  if (call.site().has_app("erpnext")) apps.emplace_back("erpnext");
  return message(apps);
}

json::object get_chart(Call&) { return message(charts().at("standard")); }

json::object charts_of_country(Call& call) {
  const std::string standard = argument(call.arguments, "with_standard", "false");
  return message(charts_for(argument(call.arguments, "country"), standard == "true" || standard == "1"));
}

json::object validate_import(Call& call) {
  const json::object of_company{{"company", argument(call.arguments, "company")}};
  if (count(call.site(), known_doctype("GL Entry"), of_company) > 0) return message(false);
  return {};
}

json::object validate_accounts(Call&) {
  throw crash("AttributeError", "AttributeError: 'str' object has no attribute 'get_full_path'", true);
}

const std::map<std::string, Method>& methods() {
  static const std::string kCharts = "erpnext.accounts.doctype.account.chart_of_accounts.chart_of_accounts.";
  static const std::string kImporter =
      "erpnext.accounts.doctype.chart_of_accounts_importer.chart_of_accounts_importer.";
  static const std::string kTill = "erpnext.selling.page.point_of_sale.point_of_sale.";
  static const std::map<std::string, Method> kMethods{
      {"ping", {false, true, [](Call&) { return message("pong"); }}},
      {"frappe.ping", {false, true, [](Call&) { return message("pong"); }}},
      {"login", {true, true, login}},
      {"logout",
       {false, true,
        [](Call& call) {
          call.site().sessions.erase(call.identity.sid);
          call.identity = {};
          return json::object{};
        }}},
      {"frappe.auth.get_logged_user", {false, false, [](Call& call) { return message(call.identity.user); }}},
      {"frappe.utils.change_log.get_versions", {false, false, versions}},
      {"frappe.core.doctype.user.user.generate_keys", {true, false, new_keys}},
      {"frappe.core.doctype.installed_applications.installed_applications.get_installed_app_order",
       {false, false, installed_order}},
      {"frappe.client.get_value", {false, false, get_value}},
      {"frappe.client.get_single_value", {false, false, get_single_value}},
      {"frappe.client.get_list", {false, false, get_list}},
      {"frappe.client.get_count", {false, false, get_count}},
      {"frappe.client.get", {false, false, get_document}},
      {"frappe.client.insert", {true, false, client_insert}},
      {"frappe.client.insert_many", {true, false, client_insert_many}},
      {"frappe.client.save", {true, false, client_save}},
      {"frappe.client.set_value", {true, false, set_value}},
      {"frappe.client.submit", {true, false, client_submit}},
      {"frappe.client.cancel", {true, false, client_cancel}},
      {"frappe.client.delete", {true, false, client_delete}},
      {"frappe.client.rename_doc", {true, false, rename_document}},
      {"frappe.client.validate_link", {false, false, validate_link}},
      {"frappe.desk.doctype.tag.tag.add_tag", {true, false, add_tag}},
      {"frappe.desk.doctype.tag.tag.remove_tag", {true, false, remove_tag}},
      {"upload_file", {true, false, upload_file}},
      {kCharts + "get_charts_for_country", {false, false, charts_of_country}},
      {kCharts + "get_chart", {false, false, get_chart}},
      {kImporter + "validate_company", {true, false, validate_import}},
      {kImporter + "validate_accounts", {true, false, validate_accounts}},
      {kImporter + "import_coa", {true, false, import_chart}},
      {kTill + "check_opening_entry", {false, false, check_opening_entry}},
      {kTill + "create_opening_voucher", {true, false, create_opening_voucher}}};
  return kMethods;
}

[[noreturn]] void no_such_method(Site& site, const std::string& method) {
  const std::string app = method.substr(0, method.find('.'));
  const std::string failed = "Failed to get method for command " + method + " with ";
  if (!site.has_app(app)) {
    const std::string missing = "App " + app + " is not installed";
    Raised raised = validation(failed + missing, false);
    raised.messages.insert(raised.messages.begin(), red(missing));
    throw Raised(raised);
  }
  const auto dot = method.rfind('.');
  throw validation(failed + "module '" + method.substr(0, dot) + "' has no attribute '" +
                       (dot == std::string::npos ? "" : method.substr(dot + 1)) + "'",
                   false);
}

}  // namespace

json::object call_method(Call& call, const std::string& name) {
  const auto found = methods().find(name);
  const bool erpnext_only = name.starts_with("erpnext.") && !call.site().has_app("erpnext");
  if (found == methods().end() || erpnext_only) no_such_method(call.site(), name);
  const Method& method = found->second;
  if (!method.for_guests && call.identity.user == "Guest") {
    const std::string text =
        "<details><summary>You are not permitted to access this resource. Login to access</summary>Function <strong>" +
        name + "</strong> is not whitelisted.</details>";
    throw thrown(403, "PermissionError", text, false, "Method Not Allowed");
  }
  if (method.writes && call.request.method == "GET") throw thrown(403, "PermissionError", "Not permitted");
  return method.run(call);
}

}  // namespace tenantry::sandbox::erpnext
