#include <algorithm>

#include "sandbox/erpnext/methods.hpp"
#include "sandbox/erpnext/rules.hpp"

namespace tenantry::sandbox::erpnext {

namespace {

Answered run_method(Call& call, const Doctype& doctype, const std::string& name, const std::string& method) {
  if (doctype.name == "Transaction Deletion Record" && method == "start_deletion_tasks") {
    delete_transactions(call.transaction, name);
    return {};
  }
  throw crash("AttributeError", "AttributeError: '" + doctype.name + "' object has no attribute '" + method + "'");
}

std::string snake(const std::string& doctype) {
  std::string result;
  for (const char c : doctype)
    result += c == ' ' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

}  // namespace

void read_arguments(Call& call) {
  for (const auto& [name, value] : call.request.query) call.arguments[name] = value;
  const std::string type(call.request.header("content-type"));
  const std::string& body = call.request.body;
  if (type.starts_with("application/x-www-form-urlencoded")) {
    for (const auto& [name, value] : parse_form(body)) {
      call.arguments[name] = value;
      call.body[name] = value;
    }
  } else if (type.starts_with("multipart/form-data")) {
    for (const auto& part : parse_multipart(type, body)) {
      if (!part.file_name.empty()) call.arguments["file_name"] = part.file_name;
      call.arguments[part.name] = part.content;
    }
  } else if (!body.empty()) {
    const json::value parsed = parse_like_python(body);
    if (!parsed.is_object()) return;
    call.body = parsed.get_object();
    for (const auto& member : call.body) call.arguments[member.key()] = member.value();
  }
}

Answered call_resource(Call& call, const std::string& doctype_name, const std::string& name) {
  Transaction& transaction = call.transaction;
  Site& site = call.site();
  const std::string& user = call.identity.user;
  const bool writes = call.request.method == "POST" || call.request.method == "PUT";
  const auto* doctype = schema().find(doctype_name);
  if (!doctype || (doctype->child && name.empty() && writes)) {
    if (writes && name.empty())
      throw crash("ImportError", "Error: No module named 'frappe.core.doctype." + snake(doctype_name) + "'");
    throw not_found("DocType", doctype_name);
  }
  const auto shown = [&](const std::string& document) {
    return render(site, *doctype, document, {false, tables_in(*doctype, call.body)});
  };
  if (call.request.method == "GET" || call.request.method == "HEAD") {
    require(site, user, *doctype, 'r', name);
    if (!name.empty()) return {200, {{"data", render(site, *doctype, name)}}};
    return {200, {{"data", list(site, *doctype, read_query(call.arguments))}}};
  }
  if (call.request.method == "POST" && !name.empty()) {
    require(site, user, *doctype, 'w', name);
    return run_method(call, *doctype, name, argument(call.arguments, "run_method"));
  }
  if (call.request.method == "POST") {
    require(site, user, *doctype, 'c');
    return {200, {{"data", shown(insert(transaction, *doctype, call.body))}}};
  }
  if (call.request.method == "PUT" && !name.empty()) {
    require(site, user, *doctype, 'w', name);
    update(transaction, *doctype, name, call.body);
    return {200, {{"data", shown(name)}}};
  }
  if (call.request.method == "DELETE" && !name.empty()) {
    require(site, user, *doctype, 'd', name);
    remove(transaction, *doctype, name);
    return {202, {{"data", "ok"}}};
  }
  Raised raised;
  raised.status = 405;
  raised.exc_type = "MethodNotAllowed";
  raised.traceback = false;
  throw Raised(raised);
}

}  // namespace tenantry::sandbox::erpnext
