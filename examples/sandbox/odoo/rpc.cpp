// /jsonrpc with its three services, and /json/2.
#include <algorithm>
#include <array>

#include "sandbox/odoo/odoo.hpp"
#include "sandbox/odoo/pages.hpp"

namespace tenantry::sandbox::odoo {

namespace {

const json::value& at(const json::array& arguments, std::size_t index) {
  static const json::value kNull;
  return index < arguments.size() ? arguments[index] : kNull;
}

void need(const json::array& arguments, std::size_t count, const std::string& method) {
  if (arguments.size() >= count) return;
  throw python("TypeError", "exp_" + method + "() missing " + std::to_string(count - arguments.size()) +
                                " required positional arguments");
}

bool is_json(const Request& request) { return request.header("content-type").starts_with("application/json"); }

}  // namespace

Response Odoo::answer_rpc(const Request& request, const Exchange& exchange) {
  if (request.method != "POST" || !is_json(request)) return wrong_type("/jsonrpc", version_);
  const json::value body = parsed(request.body);
  if (!body.is_object()) return html_page(400, "Invalid JSON data");
  return jsonrpc_result(member(body, "id"), call_service(member(body, "params"), exchange));
}

json::value Odoo::call_service(const json::value& parameters, const Exchange& exchange) {
  const std::string service = text_of(member(parameters, "service"));
  const std::string method = text_of(member(parameters, "method"));
  const auto& list = member(parameters, "args");
  const json::array arguments = list.is_array() ? list.get_array() : json::array{};
  if (service == "common") return call_common(method, arguments, exchange);
  if (service == "db" && version_ < 20) return call_db(method, arguments, exchange);
  if (service == "object") return call_object(method, arguments, exchange);
  throw python("KeyError", service);
}

json::value Odoo::call_common(const std::string& method, const json::array& arguments, const Exchange& exchange) {
  if (method == "login" || method == "authenticate") {
    need(arguments, method == "login" ? 3 : 4, method);
    return caller_.sign_in(text_of(arguments[0]), text_of(arguments[1]), text_of(arguments[2]), exchange);
  }
  exchange.wait(exchange.decision.latency);
  if (method == "version") return version_info(version_);
  if (method == "about") return "See http://openerp.com";
  throw python("Exception", "Method not found: " + method);
}

json::value Odoo::call_db(const std::string& method, const json::array& arguments, const Exchange& exchange) {
  // What takes long has the fault's waiting inside of it.
  const bool takes_long =
      method == "create_database" || method == "duplicate_database" || method == "rename" || method == "drop";
  if (!takes_long) exchange.wait(exchange.decision.latency + settings_.get().time_of("db." + method));
  if (method == "server_version") return version_info(version_).at("server_version");
  if (method == "db_exist") {
    need(arguments, 1, method);
    return administration_.exists(text_of(arguments[0]));
  }
  if (method == "list_lang") return schema(version_).languages;
  if (method == "list") {
    if (!settings_.get().list_db) throw access_denied();
    json::array names;
    for (const auto& name : databases_.names()) names.emplace_back(name);
    return names;
  }
  // All the others want the master password first.
  static constexpr std::array<std::string_view, 7> kGuarded{
      "create_database", "duplicate_database", "rename", "drop", "dump", "change_admin_password", "list_countries"};
  if (std::find(kGuarded.begin(), kGuarded.end(), method) == kGuarded.end())
    throw python("KeyError", "Method not found: " + method);
  administration_.check_master(text_of(at(arguments, 0)), exchange);
  if (method == "create_database") {
    need(arguments, 4, method);
    FirstUser user;
    user.language = text_of(arguments[3]);
    if (arguments.size() > 4) user.password = text_of(arguments[4]);
    if (arguments.size() > 5) user.login = text_of(arguments[5]);
    user.country = text_of(at(arguments, 6));
    user.phone = text_of(at(arguments, 7));
    administration_.create(text_of(arguments[1]), user, exchange);
    return true;
  }
  if (method == "duplicate_database") {
    need(arguments, 3, method);
    administration_.duplicate(text_of(arguments[1]), text_of(arguments[2]), truthy(at(arguments, 3)), exchange);
    return true;
  }
  if (method == "rename") {
    need(arguments, 3, method);
    administration_.rename(text_of(arguments[1]), text_of(arguments[2]), exchange);
    return true;
  }
  if (method == "drop") {
    need(arguments, 2, method);
    return administration_.drop(text_of(arguments[1]), exchange);
  }
  if (method == "change_admin_password") {
    need(arguments, 2, method);
    settings_.set_master_password(text_of(arguments[1]));
    return true;
  }
  if (method == "list_countries") {
    json::array countries;
    for (const auto& country : schema(version_).countries) {
      std::string code = country.code;
      for (char& c : code) c = static_cast<char>(c | 0x20);
      countries.push_back(json::array{code, country.name});
    }
    std::sort(countries.begin(), countries.end(), [](const json::value& left, const json::value& right) {
      return text_of(left.at(1)) < text_of(right.at(1));
    });
    return countries;
  }
  need(arguments, 3, method);
  (void)caller_.database(text_of(arguments[1]));
  return "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==";  // dump: a zip file with nothing in it
}

json::value Odoo::call_object(const std::string& method, const json::array& arguments, const Exchange& exchange) {
  if (method != "execute" && method != "execute_kw") throw python("NameError", "Method not available " + method);
  need(arguments, 5, method);
  Wanted wanted{text_of(arguments[3]), text_of(arguments[4]), {}, json::object{}};
  if (method == "execute_kw") {
    wanted.positional = at(arguments, 5).is_null() ? json::array{} : arguments[5];
    if (at(arguments, 6).is_object()) wanted.named = arguments[6];
  } else {
    wanted.positional = json::array(arguments.begin() + 5, arguments.end());
  }
  return caller_.run_as(text_of(arguments[0]), int_of(arguments[1]), text_of(arguments[2]), wanted, exchange);
}

Response Odoo::answer_json2(const Request& request, const Exchange& exchange) {
  if (version_ < 19) return no_such_page();
  const std::string name = selected(request);
  const auto parts = request.parts();
  if (name.empty()) return no_database();
  if (parts.size() != 4 || request.method != "POST") return no_such_page();
  const auto database = caller_.database(name);
  const std::string_view authorization = request.header("authorization");
  const auto space = authorization.find(' ');
  const std::string key(space == std::string_view::npos ? "" : authorization.substr(space + 1));
  std::optional<Id> user;
  {
    const std::lock_guard lock(database->mutex);
    user = database->user_of_key(key);
  }
  if (!user) throw werkzeug("Unauthorized", 401, "Invalid apikey");
  if (!is_json(request)) throw werkzeug("UnsupportedMediaType", 415, "the body is no JSON");
  Wanted wanted{parts[2], parts[3], {}, parsed(request.body), true};
  if (!wanted.named.is_object()) throw werkzeug("BadRequest", 400, "could not parse the body as json");
  const json::value result = caller_.run(*database, *user, wanted, exchange);
  Response response;
  response.content_type = "application/json; charset=utf-8";
  response.body = to_text(result);
  return response;
}

}  // namespace tenantry::sandbox::odoo
