#include <algorithm>

#include "sandbox/odoo/methods.hpp"
#include "sandbox/odoo/pos.hpp"
#include "sandbox/odoo/rules.hpp"

namespace tenantry::sandbox::odoo {

namespace {

using Methods = std::map<std::string, std::map<std::string, Method>>;

const json::value& argument(const Call& call, std::string_view name) {
  static const json::value kNull;
  const auto* value = call.arguments.if_contains(name);
  return value ? *value : kNull;
}

Id only(const Call& call) {
  if (call.ids.size() != 1) throw python("ValueError", "Expected singleton: " + call.model + "()");
  return call.ids.front();
}

void only_by_session(const Env& env) {
  if (!truthy(member(env.context, "over_http"))) throw user_error("This method can only be accessed over HTTP");
}

json::value act_url() { return {{"type", "ir.actions.act_url"}, {"target", "self"}, {"url", "/odoo"}}; }

bool is_on_its_way(const json::object& module) {
  const std::string state = text_of(member(module, "state"));
  return state == "to install" || state == "to upgrade" || state == "to remove";
}

json::value install_all(Env& env, const Model&, Call& call) {
  std::vector<std::string> names;
  // Before 19 a second installation goes on with what the first one left.
  if (env.version() >= 19)
    for (const auto& [id, record] : env.database().table("ir.module.module"))
      if (is_on_its_way(*record))
        throw user_error(
            "Odoo is currently processing another module operation.\nPlease try again later or contact your system "
            "administrator.");
  for (const Id id : call.ids) {
    if (!exists(env, "ir.module.module", id)) throw missing("ir.module.module", id, env.user);
    names.push_back(text_of(env.database().get("ir.module.module", id, "name")));
  }
  install(env, names);
  return act_url();
}

json::value uninstall(Env& env, const Model&, Call& call) {
  for (const Id id : call.ids) store(env, "ir.module.module", id, {{"state", "uninstalled"}});
  return act_url();
}

void add_modules(Methods& methods) {
  auto& own = methods["ir.module.module"];
  own["button_immediate_install"] = {true, {}, install_all};
  own["button_immediate_upgrade"] = {true, {}, [](Env&, const Model&, Call&) { return act_url(); }};
  own["button_immediate_uninstall"] = {true, {}, uninstall};
  own["button_install"] = {true, {}, [](Env& env, const Model&, Call& call) -> json::value {
                             for (const Id id : call.ids)
                               if (text_of(env.database().get("ir.module.module", id, "state")) == "uninstalled")
                                 store(env, "ir.module.module", id, {{"state", "to install"}});
                             return nullptr;
                           }};
  own["button_reset_state"] = {false, {}, [](Env& env, const Model& model, Call&) -> json::value {
                                 if (env.version() < 19)
                                   throw python("AttributeError",
                                                "The method '" + model.name + ".button_reset_state' does not exist");
                                 for (const auto& [id, record] : Table(env.database().table(model.name)))
                                   if (is_on_its_way(*record)) {
                                     const bool fresh = text_of(member(*record, "state")) == "to install";
                                     store(env, model.name, id, {{"state", fresh ? "uninstalled" : "installed"}});
                                   }
                                 return true;
                               }};
  own["update_list"] = {false, {}, [](Env&, const Model&, Call&) -> json::value { return json::array{162, 0}; }};
}

void add_settings(Methods& methods) {
  auto& parameters = methods["ir.config_parameter"];
  parameters["get_param"] = {
      false, {{"key", true}, {"default"}}, [](Env& env, const Model&, Call& call) -> json::value {
        for (const auto& [id, record] : env.database().table("ir.config_parameter"))
          if (member(*record, "key") == argument(call, "key")) return member(*record, "value");
        const auto& fallback = argument(call, "default");
        return fallback.is_null() ? json::value(false) : fallback;
      }};
  parameters["set_param"] = {
      false, {{"key", true}, {"value", true}}, [](Env& env, const Model&, Call& call) -> json::value {
        for (const auto& [id, record] : env.database().table("ir.config_parameter"))
          if (member(*record, "key") == argument(call, "key")) {
            const json::value old = member(*record, "value");
            if (truthy(argument(call, "value")))
              write(env, "ir.config_parameter", {id}, {{"value", argument(call, "value")}});
            else
              unlink(env, "ir.config_parameter", {id});
            return old;
          }
        if (truthy(argument(call, "value")))
          create(env, "ir.config_parameter", {{"key", argument(call, "key")}, {"value", argument(call, "value")}});
        return false;
      }};
  methods["res.config.settings"]["execute"] = {
      true, {}, [](Env& env, const Model&, Call& call) -> json::value {
        const Id id = only(call);
        if (!exists(env, call.model, id)) throw missing(call.model, id, env.user);
        for (const auto& [name, field] : env.schema().find(call.model)->fields) {
          const Id group = name.starts_with("group_") ? record_of(env, "res.groups", "base." + name) : 0;
          if (group != 0) set_group(env, group, truthy(env.database().get(call.model, id, name)));
        }
        env.transaction.note(call.model, id, "executed");
        return {{"type", "ir.actions.client"}, {"tag", "reload"}};
      }};
  methods["ir.model.data"]["check_object_reference"] = {
      false,
      {{"module", true}, {"xml_id", true}, {"raise_on_access_error"}},
      [](Env& env, const Model&, Call& call) -> json::value {
        const std::string external = text_of(argument(call, "module")) + "." + text_of(argument(call, "xml_id"));
        for (const auto& [id, record] : env.database().table("ir.model.data"))
          if (text_of(member(*record, "module")) + "." + text_of(member(*record, "name")) == external)
            return json::array{member(*record, "model"), member(*record, "res_id")};
        throw python("ValueError", "External ID not found in the system: " + external);
      }};
}

json::value make_key(Env& env, Id description) {
  const std::string secret = random_hex(40);
  const bool sudo = std::exchange(env.sudo, true);
  const Id key = create(env, "res.users.apikeys",
                        {{"name", env.database().get("res.users.apikeys.description", description, "name")},
                         {"user_id", env.user},
                         {"scope", "rpc"}});
  env.sudo = sudo;
  env.transaction.set_key(key, secret);
  return {{"type", "ir.actions.act_window"},
          {"res_model", "res.users.apikeys.show"},
          {"name", "API Key Ready"},
          {"views", json::array{json::array{false, "form"}}},
          {"target", "new"},
          {"context", {{"default_key", secret}}}};
}

json::value run_check(Env& env, const Model&, Call& call) {
  only_by_session(env);
  const Id id = only(call);
  const std::string password = env.version() < 19 ? text_of(env.database().get(call.model, id, "password"))
                                                  : text_of(member(env.context, "password"));
  const auto& passwords = env.database().passwords;
  const auto known = passwords.find(env.user);
  if (known == passwords.end() || known->second != password)
    throw user_error("Incorrect Password, try again or click on Forgot Password to reset your password.");
  const std::string model = text_of(env.database().get(call.model, id, "request_model"));
  const auto ids = ids_of(env.database().get(call.model, id, "request_ids"));
  if (model == "res.users.apikeys.description") return make_key(env, ids.front());
  const bool sudo = std::exchange(env.sudo, true);
  unlink(env, model, ids);
  env.sudo = sudo;
  return {{"type", "ir.actions.act_window_close"}};
}

// Asks for the password once more, by a wizard that then does what was asked for. The original does not ask again for
// ten minutes in the same session.
json::value check_identity(Env& env, const Model& model, Call& call) {
  only_by_session(env);
  for (const Id id : call.ids)
    if (!exists(env, call.model, id)) throw missing(call.model, id, env.user);
  const Id id = env.transaction.next_id("res.users.identitycheck");
  env.transaction.put("res.users.identitycheck", id,
                      {{"request_model", model.name}, {"request_ids", to_array(call.ids)}});
  json::object action{{"type", "ir.actions.act_window"},
                      {"res_model", "res.users.identitycheck"},
                      {"res_id", id},
                      {"name", env.version() < 19 ? "Security Control" : "Access Control"},
                      {"target", "new"},
                      {"views", json::array{json::array{false, "form"}}}};
  if (env.version() >= 19) action["context"] = {{"dialog_size", "medium"}};
  return action;
}

void add_keys(Methods& methods) {
  methods["res.users.apikeys.description"]["make_key"] = {true, {}, check_identity};
  methods["res.users.apikeys"]["remove"] = {true, {}, check_identity};
  methods["res.users.identitycheck"]["run_check"] = {true, {}, run_check};
  methods["res.users"]["context_get"] = {false, {}, [](Env& env, const Model&, Call&) -> json::value {
                                           return {{"lang", "en_US"}, {"tz", false}, {"uid", env.user}};
                                         }};
  methods["res.users"]["has_group"] = {
      true, {{"group_ext_id", true}}, [](Env& env, const Model&, Call& call) -> json::value {
        const Id group = record_of(env, "res.groups", text_of(argument(call, "group_ext_id")));
        return group != 0 && has_group(env, only(call), group);
      }};
  methods["res.users"]["change_password"] = {
      false, {{"old_passwd", true}, {"new_passwd", true}}, [](Env& env, const Model&, Call& call) -> json::value {
        if (!env.database().accepts(env.user, text_of(argument(call, "old_passwd")))) throw access_denied();
        env.transaction.set_password(env.user, text_of(argument(call, "new_passwd")));
        env.transaction.note("res.users", env.user, "updated");
        return true;
      }};
}

void add_accounting(Methods& methods) {
  methods["account.chart.template"]["try_loading"] = {
      true,
      {{"template_code", true}, {"company", true}, {"install_demo"}, {"force_create"}},
      [](Env& env, const Model&, Call& call) -> json::value {
        const Id company = int_of(argument(call, "company"));
        const std::string code = text_of(argument(call, "template_code"));
        const bool had = text_of(env.database().get("res.company", company, "chart_template")) == code;
        load_chart(env, code, company);
        if (!had) env.transaction.note("res.company", company, "chart loaded");
        return nullptr;
      }};
  methods["stock.quant"]["action_apply_inventory"] = {
      true, {}, [](Env& env, const Model&, Call& call) -> json::value {
        for (const Id id : call.ids) {
          if (!exists(env, call.model, id)) throw missing(call.model, id, env.user);
          if (!truthy(env.database().get(call.model, id, "inventory_quantity_set"))) continue;
          store(env, call.model, id,
                {{"quantity", env.database().get(call.model, id, "inventory_quantity")},
                 {"inventory_quantity", 0.0},
                 {"inventory_quantity_set", false}});
          env.transaction.note(call.model, id, "applied");
        }
        return nullptr;
      }};
}

void add_point_of_sale(Methods& methods) {
  methods["pos.config"]["open_ui"] = {
      true, {}, [](Env& env, const Model&, Call& call) { return open_till(env, only(call)); }};
  auto& sessions = methods["pos.session"];
  sessions["set_opening_control"] = {
      true, {{"cashbox_value", true}, {"notes", true}}, [](Env& env, const Model&, Call& call) -> json::value {
        open_with_cash(env, only(call), float_of(argument(call, "cashbox_value")), text_of(argument(call, "notes")));
        return nullptr;
      }};
  sessions["action_pos_session_open"] = {true, {}, [](Env&, const Model&, Call&) -> json::value { return true; }};
  sessions["get_closing_control_data"] = {
      true, {}, [](Env& env, const Model&, Call& call) { return closing_data(env, only(call)); }};
  sessions["post_closing_cash_details"] = {
      true, {{"counted_cash", true}}, [](Env& env, const Model&, Call& call) -> json::value {
        const Id session = only(call);
        if (!exists(env, call.model, session)) throw missing(call.model, session, env.user);
        store(env, call.model, session, {{"cash_register_balance_end_real", float_of(argument(call, "counted_cash"))}});
        env.transaction.note(call.model, session, "counted");
        return {{"successful", true}};
      }};
  sessions["update_closing_control_state_session"] = {
      true, {{"notes", true}}, [](Env& env, const Model&, Call& call) -> json::value {
        const Id session = only(call);
        if (!exists(env, call.model, session)) throw missing(call.model, session, env.user);
        if (text_of(env.database().get(call.model, session, "state")) == "closed")
          throw user_error("This session is already closed.");
        store(env, call.model, session, {{"state", "closing_control"}, {"closing_notes", argument(call, "notes")}});
        return nullptr;
      }};
  sessions["close_session_from_ui"] = {
      true, {{"bank_payment_method_diff_pairs"}}, [](Env& env, const Model&, Call& call) {
        return close_session(env, only(call));
      }};
  sessions["delete_opening_control_session"] = {
      true, {}, [](Env& env, const Model&, Call& call) -> json::value {
        const Id session = only(call);
        if (text_of(env.database().get(call.model, session, "state")) != "opening_control")
          throw user_error("You can only cancel a session that is in opening control state.");
        unlink(env, call.model, {session});
        return {{"status", "success"}};
      }};
  methods["pos.order"]["sync_from_ui"] = {false, {{"orders", true}}, [](Env& env, const Model&, Call& call) {
                                            return sync_orders(env, argument(call, "orders"));
                                          }};
}

}  // namespace

void add_methods(Methods& methods) {
  add_modules(methods);
  add_settings(methods);
  add_keys(methods);
  add_accounting(methods);
  add_point_of_sale(methods);
}

}  // namespace tenantry::sandbox::odoo
