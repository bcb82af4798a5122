#include "database.hpp"

namespace tenantry::odoo {

namespace {

using std::chrono::seconds;

Fault denied(const std::string& message) {
  return {"unauthenticated", "odoo.access_denied", Remedy::failed, std::nullopt, false, 200, {}, message};
}

Fault odd(const std::string& message) {
  return {"transient", "odoo.bad_answer", Remedy::retry, std::nullopt, false, 200, {}, message};
}

}  // namespace

Positional positional(const Call& call) {
  Positional all;
  if (call.ids) all.args.emplace_back(*call.ids);
  all.kwargs = call.named;
  // Odoo looks at the first positional argument of create() to tell one record from several.
  if (call.method == "create") {
    all.args.emplace_back(call.named.at("vals_list"));
    all.kwargs.erase("vals_list");
  }
  if (!call.context.empty()) all.kwargs["context"] = call.context;
  return all;
}

json::object body_of(const Call& call) {
  json::object body = call.named;
  if (call.ids) body["ids"] = *call.ids;
  if (!call.context.empty()) body["context"] = call.context;
  return body;
}

Reply Database::open_session(const std::string& login, std::string_view password) {
  wire_.forget_session();
  Reply reply = wire_.web("/web/session/authenticate", {{"db", name_}, {"login", login}, {"password", password}}, name_,
                          seconds(60));
  if (!reply.ok()) return reply;
  const json::object* said = reply.value().if_object();
  const std::int64_t user = said ? id_of(*said, "uid") : 0;
  if (user == 0) return denied("the sign-in is not accepted");
  user_ = user;
  access_ = Access::session;
  return json::value(user);
}

Reply Database::sign_in(const std::string& login, std::string_view password) {
  if (major_ >= kFirstWithJson2) return open_session(login, password);
  Reply reply = wire_.rpc("common", "login", {name_, login, password}, seconds(60));
  if (!reply.ok()) return reply;
  if (reply.id() == 0) return denied("the sign-in is not accepted");
  use_password(reply.id(), password);
  return reply;
}

void Database::use_password(std::int64_t user, std::string_view password) {
  access_ = Access::password;
  user_ = user;
  word_ = password;
}

void Database::use_key(std::int64_t user, std::string_view key, std::string name) {
  access_ = Access::key;
  key_name_ = std::move(name);
  user_ = user;
  word_ = key;
}

Reply Database::confirmed(Call call, std::string_view password) {
  Reply asked = call_kw(call, seconds(60));
  const json::object* wizard = asked.ok() ? asked.value().if_object() : nullptr;
  if (!wizard || text_of(*wizard, "res_model") != "res.users.identitycheck") return asked;
  Call run{.model = "res.users.identitycheck", .method = "run_check", .ids = json::array{id_of(*wizard, "res_id")}};
  if (major_ >= kFirstWithJson2) {
    run.context = {{"password", password}};
  } else {
    const Reply told =
        call_kw({.model = run.model, .method = "write", .named = {{"vals", {{"password", password}}}}, .ids = run.ids},
                seconds(60));
    if (!told.ok()) return told;
  }
  return call_kw(run, seconds(60));
}

Reply Database::make_key(const std::string& login, std::string_view password, const std::string& name,
                         std::int64_t days) {
  if (Reply opened = open_session(login, password); !opened.ok()) return opened;
  const Reply described = call_kw({.model = "res.users.apikeys.description",
                                   .method = "create",
                                   .named = {{"vals_list", {{"name", name}, {"duration", std::to_string(days)}}}}},
                                  seconds(60));
  if (!described.ok()) return described;
  Reply shown = confirmed(
      {.model = "res.users.apikeys.description", .method = "make_key", .ids = json::array{described.id()}}, password);
  if (!shown.ok()) return shown;
  const json::object* window = shown.value().if_object();
  const json::value* context = window ? window->if_contains("context") : nullptr;
  const std::string key = context && context->is_object() ? text_of(context->get_object(), "default_key") : "";
  if (key.empty()) return odd("no API key was shown");
  return json::value(key);
}

Reply Database::remove_keys(const std::string& login, std::string_view password, json::array ids) {
  if (Reply opened = open_session(login, password); !opened.ok()) return opened;
  return confirmed({.model = "res.users.apikeys", .method = "remove", .ids = std::move(ids)}, password);
}

Reply Database::call_kw(const Call& call, Milliseconds timeout) {
  Positional all = positional(call);
  return wire_.web("/web/dataset/call_kw/" + call.model + "/" + call.method,
                   {{"model", call.model},
                    {"method", call.method},
                    {"args", std::move(all.args)},
                    {"kwargs", std::move(all.kwargs)}},
                   name_, timeout);
}

Reply Database::send(const Call& call, Milliseconds timeout) {
  if (access_ == Access::none) return denied("nobody is signed in");
  if (access_ == Access::session) return call_kw(call, timeout);
  if (access_ == Access::key && major_ >= kFirstWithJson2)
    return wire_.json2(name_, word_, call.model, call.method, body_of(call), timeout);
  Positional all = positional(call);
  return wire_.rpc("object", "execute_kw",
                   {name_, user_, word_, call.model, call.method, std::move(all.args), std::move(all.kwargs)}, timeout);
}

Reply Database::call(const Call& call, Milliseconds timeout) {
  Reply reply = send(call, timeout);
  if (access_ != Access::key || reply.ok() || !renew_) return reply;
  if (!reply.fault().is("odoo.key_refused") && !reply.fault().is("odoo.access_denied")) return reply;
  // A call that was refused has done nothing, so it may be made again.
  const auto renew = std::move(renew_);
  renew_ = nullptr;
  if (!renew(*this)) return reply;
  return send(call, timeout);
}

Reply Database::search_read(const std::string& model, json::array domain, const std::vector<std::string>& fields,
                            bool archived_too, Milliseconds timeout) {
  Call all{.model = model, .method = "search_read", .named = {{"domain", std::move(domain)}}};
  json::array names;
  for (const std::string& field : fields) names.emplace_back(field);
  all.named["fields"] = std::move(names);
  if (archived_too) all.context["active_test"] = false;
  Reply reply = call(all, timeout);
  if (reply.ok() && !reply.value().is_array()) return odd("no list of records");
  return reply;
}

Reply Database::count(const std::string& model, json::array domain) {
  return call({.model = model, .method = "search_count", .named = {{"domain", std::move(domain)}}});
}

Reply Database::create(const std::string& model, json::object values, json::object context) {
  Reply reply = call({.model = model,
                      .method = "create",
                      .named = {{"vals_list", json::array{std::move(values)}}},
                      .context = std::move(context)});
  if (reply.ok() && reply.id() == 0) return odd("no id of what was created");
  return reply;
}

Reply Database::write(const std::string& model, std::int64_t id, json::object values) {
  return call({.model = model, .method = "write", .named = {{"vals", std::move(values)}}, .ids = json::array{id}});
}

Reply Database::unlink(const std::string& model, std::int64_t id) {
  return call({.model = model, .method = "unlink", .ids = json::array{id}});
}

}  // namespace tenantry::odoo
