#include "site.hpp"

#include <cmath>

namespace tenantry::erpnext {

namespace {

std::string path_of(std::string_view doctype) { return "/api/resource/" + http::percent_encode(doctype); }
std::string path_of(std::string_view doctype, std::string_view name) {
  return path_of(doctype) + "/" + http::percent_encode(name);
}

// Python's repr of a float that is whole has ".0"; a client that sent 1 shall find 1.
std::string number_text(double number) {
  const json::value whole = static_cast<std::int64_t>(number);
  const bool is_whole = std::abs(number) < 9e15 && static_cast<double>(whole.get_int64()) == number;
  return is_whole ? json::serialize(whole) : json::serialize(json::value(number));
}

}  // namespace

std::string as_text(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_null()) return {};
  if (value.is_bool()) return value.get_bool() ? "1" : "0";
  if (value.is_double()) return number_text(value.get_double());
  return json::serialize(value);
}

std::string text_of(const json::object& fields, std::string_view name) {
  const json::value* value = fields.if_contains(name);
  return value ? as_text(*value) : std::string();
}

std::vector<json::object> Reply::rows() const {
  std::vector<json::object> all;
  if (!value_.is_array()) return all;
  for (const json::value& row : value_.get_array())
    if (row.is_object()) all.push_back(row.get_object());
  return all;
}

const json::object& Reply::fields() const {
  static const json::object kNone;
  return value_.is_object() ? value_.get_object() : kNone;
}

void Site::use_token(std::string_view key, std::string_view secret) {
  authorization_ = "token " + std::string(key) + ":" + std::string(secret);
}

Reply Site::send(std::string method, const std::string& path, const json::object* body, std::string_view member,
                 Milliseconds timeout) {
  http::Request request;
  request.method = std::move(method);
  request.url = address_.url;
  while (!request.url.empty() && request.url.back() == '/') request.url.pop_back();
  request.url += path;
  request.timeout = timeout;
  request.headers = {{"Accept", "application/json"}};
  if (!address_.site.empty()) {
    request.headers.push_back({"Host", address_.site});
    request.headers.push_back({"X-Frappe-Site-Name", address_.site});
  }
  if (!authorization_.empty())
    request.headers.push_back({"Authorization", authorization_});
  else if (!cookie_.empty())
    request.headers.push_back({"Cookie", cookie_});
  if (const auto trace = context_->traceparent(); !trace.empty())
    request.headers.push_back({"traceparent", std::string(trace)});
  if (body) {
    request.headers.push_back({"Content-Type", "application/json"});
    request.body = json::serialize(*body);
  }
  const http::Outcome outcome = client_->send(*context_, request);
  if (auto fault = classify(outcome)) return std::move(*fault);
  const auto& response = std::get<http::Response>(outcome);
  if (cookie_.empty())
    for (const http::Header& header : response.headers)
      if (header.value.starts_with("sid=") && !header.value.starts_with("sid=Guest"))
        cookie_ = header.value.substr(0, header.value.find(';'));
  json::value answer = json::parse(response.body);
  const json::value* part = answer.get_object().if_contains(member);
  if (part) return json::value(*part);
  // Methods that return nothing answer {}; a document or a list is never left out.
  if (member != "data") return json::value(nullptr);
  return Fault{"transient", "erpnext.bad_answer",    Remedy::retry, std::nullopt, true, response.status,
               {},          "an answer without data"};
}

Reply Site::ping() { return send("GET", "/api/method/ping", nullptr, "message", std::chrono::seconds(10)); }

Reply Site::sign_in(const std::string& user, std::string_view password) {
  cookie_.clear();
  const json::object body{{"usr", user}, {"pwd", password}};
  Reply reply = send("POST", "/api/method/login", &body, "message", std::chrono::seconds(30));
  if (reply.ok() && cookie_.empty())
    return Fault{"transient", "erpnext.bad_answer", Remedy::retry, std::nullopt, false, 200, {}, "no session"};
  return reply;
}

Reply Site::call(std::string_view method, const json::object& body, Milliseconds timeout) {
  return send("POST", "/api/method/" + std::string(method), &body, "message", timeout);
}

Reply Site::ask(std::string_view method, std::string_view query) {
  std::string path = "/api/method/" + std::string(method);
  if (!query.empty()) path += "?" + std::string(query);
  return send("GET", path, nullptr, "message", std::chrono::seconds(30));
}

Reply Site::list(std::string_view doctype, const json::array& filters, const std::vector<std::string>& fields,
                 int limit) {
  json::array names;
  for (const std::string& field : fields) names.emplace_back(field);
  std::string query =
      "?fields=" + http::percent_encode(json::serialize(names)) + "&limit_page_length=" + std::to_string(limit);
  if (!filters.empty()) query += "&filters=" + http::percent_encode(json::serialize(filters));
  Reply reply = send("GET", path_of(doctype) + query, nullptr, "data", std::chrono::seconds(30));
  if (reply.ok() && !reply.value().is_array())
    return Fault{"transient", "erpnext.bad_answer", Remedy::retry, std::nullopt, false, 200, {}, "data is no list"};
  return reply;
}

Reply Site::read(std::string_view doctype, std::string_view name) {
  return send("GET", path_of(doctype, name), nullptr, "data", std::chrono::seconds(30));
}

Reply Site::create(std::string_view doctype, const json::object& fields, Milliseconds timeout) {
  return send("POST", path_of(doctype), &fields, "data", timeout);
}

Reply Site::update(std::string_view doctype, std::string_view name, const json::object& fields) {
  return send("PUT", path_of(doctype, name), &fields, "data", std::chrono::seconds(60));
}

Reply Site::remove(std::string_view doctype, std::string_view name) {
  return send("DELETE", path_of(doctype, name), nullptr, "data", std::chrono::seconds(60));
}

Reply Site::tag(std::string_view doctype, std::string_view name, std::string_view tag) {
  return call("frappe.desk.doctype.tag.tag.add_tag", {{"tag", tag}, {"dt", doctype}, {"dn", name}},
              std::chrono::seconds(30));
}

Holder Mark::holder(std::string_view tags) const {
  const std::string mine = "tenantry:" + tenant + ":";
  Holder found = Holder::nobody;
  while (!tags.empty()) {
    const std::size_t comma = tags.find(',');
    const std::string_view one = tags.substr(0, comma);
    tags = comma == std::string_view::npos ? std::string_view() : tags.substr(comma + 1);
    if (!one.starts_with("tenantry:")) continue;
    if (one == tag()) return Holder::this_run;
    if (one.starts_with(mine))
      found = Holder::this_tenant;
    else if (found == Holder::nobody)
      found = Holder::another_tenant;
  }
  return found;
}

}  // namespace tenantry::erpnext
