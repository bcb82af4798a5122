#include "wire.hpp"

namespace tenantry::odoo {

http::Request Wire::request(const std::string& path, const std::string& database, Milliseconds timeout) const {
  http::Request all;
  all.method = "POST";
  all.url = address_.url;
  while (!all.url.empty() && all.url.back() == '/') all.url.pop_back();
  all.url += path;
  all.timeout = timeout;
  if (!address_.host.empty() && !database.empty()) {
    std::string host = address_.host;
    if (const auto at = host.find("{database}"); at != std::string::npos) host.replace(at, 10, database);
    all.headers.push_back({"Host", host});
  }
  if (const auto trace = context_->traceparent(); !trace.empty())
    all.headers.push_back({"traceparent", std::string(trace)});
  return all;
}

Reply Wire::rpc(std::string_view service, std::string_view method, json::array args, Milliseconds timeout) {
  http::Request all = request("/jsonrpc", "", timeout);
  all.headers.push_back({"Content-Type", "application/json"});
  all.body = json::serialize(
      json::object{{"jsonrpc", "2.0"},
                   {"id", 1},
                   {"method", "call"},
                   {"params", json::object{{"service", service}, {"method", method}, {"args", std::move(args)}}}});
  return read_jsonrpc(client_->send(*context_, all));
}

Reply Wire::web(const std::string& path, json::object params, const std::string& database, Milliseconds timeout) {
  http::Request all = request(path, database, timeout);
  all.headers.push_back({"Content-Type", "application/json"});
  if (!cookie_.empty()) all.headers.push_back({"Cookie", cookie_});
  all.body =
      json::serialize(json::object{{"jsonrpc", "2.0"}, {"id", 1}, {"method", "call"}, {"params", std::move(params)}});
  const http::Outcome outcome = client_->send(*context_, all);
  // The session's id changes with its rights, so the newest is kept.
  if (const auto* response = std::get_if<http::Response>(&outcome))
    for (const http::Header& header : response->headers)
      if (header.value.starts_with("session_id=")) cookie_ = header.value.substr(0, header.value.find(';'));
  return read_jsonrpc(outcome);
}

Reply Wire::json2(const std::string& database, std::string_view key, const std::string& model,
                  const std::string& method, const json::object& body, Milliseconds timeout) {
  http::Request all = request("/json/2/" + model + "/" + method, database, timeout);
  all.headers.push_back({"Content-Type", "application/json"});
  all.headers.push_back({"Authorization", "bearer " + std::string(key)});
  all.headers.push_back({"X-Odoo-Database", database});
  all.body = json::serialize(body);
  return read_json2(client_->send(*context_, all));
}

Reply Wire::form(const std::string& path, const std::vector<std::pair<std::string, std::string>>& fields,
                 Milliseconds timeout) {
  http::Request all = request(path, "", timeout);
  all.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
  for (const auto& [name, value] : fields)
    all.body += (all.body.empty() ? "" : "&") + http::percent_encode(name) + "=" + http::percent_encode(value);
  return read_form(client_->send(*context_, all));
}

}  // namespace tenantry::odoo
