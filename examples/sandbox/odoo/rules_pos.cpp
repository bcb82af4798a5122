#include <algorithm>

#include "sandbox/odoo/pos.hpp"
#include "sandbox/odoo/rules.hpp"

namespace tenantry::sandbox::odoo {

namespace {

const json::value& of_method(const Env& env, Id method, std::string_view field) {
  return env.database().get("pos.payment.method", method, field);
}

std::vector<Id> tills_with(const Env& env, Id method) {
  std::vector<Id> tills;
  for (const auto& [id, record] : env.database().table("pos.config")) {
    const auto methods = ids_of(member(*record, "payment_method_ids"));
    if (std::find(methods.begin(), methods.end(), method) != methods.end()) tills.push_back(id);
  }
  return tills;
}

Id first_with(const Env& env, const std::string& model, std::string_view field, const json::value& value, Id company) {
  for (const auto& [id, record] : env.database().table(model))
    if (same(member(*record, field), value) && int_of(member(*record, "company_id")) == company) return id;
  return 0;
}

void check_methods(Env& env, Id till) {
  const auto& methods = env.database().table("pos.payment.method");
  for (const Id method : ids_of(env.database().get("pos.config", till, "payment_method_ids"))) {
    if (kind_of(env, method) != "cash") continue;
    for (const auto& [other, record] : methods)
      if (other != method && same(member(*record, "journal_id"), of_method(env, method, "journal_id")))
        throw validation("You cannot use the same journal on multiples cash payment methods.");
    if (tills_with(env, method).size() > 1)
      throw validation(
          "This cash payment method is already used in another Point of Sale.\nA new cash payment method should be "
          "created for this Point of Sale.");
  }
}

void complete_till(Env& env, json::object& values) {
  auto& database = env.database();
  if (!truthy(member(values, "company_id"))) values["company_id"] = env.company();
  const Id company = int_of(values.at("company_id"));
  if (!truthy(database.get("res.company", company, "chart_template")))
    throw validation(
        "No chart of account configured, go to the \"configuration / settings\" menu, and install one from the "
        "Invoicing tab.");
  if (!truthy(member(values, "journal_id"))) {
    Id journal = first_with(env, "account.journal", "code", "POSS", company);
    if (journal == 0) {
      const Transaction::Quietly quietly(env.transaction);
      journal = create(env, "account.journal",
                       {{"name", "Point of Sale"}, {"code", "POSS"}, {"type", "general"}, {"company_id", company}});
    }
    values["journal_id"] = journal;
  }
  if (!values.contains("invoice_journal_id"))
    if (const Id sales = first_with(env, "account.journal", "type", "sale", company); sales != 0)
      values["invoice_journal_id"] = sales;
  const auto& warehouses = database.table("stock.warehouse");
  const auto own = std::find_if(warehouses.begin(), warehouses.end(),
                                [&](const auto& row) { return int_of(member(*row.second, "company_id")) == company; });
  if (own != warehouses.end()) {
    if (!truthy(member(values, "warehouse_id"))) values["warehouse_id"] = own->first;
    if (!truthy(member(values, "picking_type_id"))) values["picking_type_id"] = member(*own->second, "pos_type_id");
  }
  if (values.contains("payment_method_ids")) return;
  json::array methods;
  bool cash = false;
  for (const auto& [id, record] : database.table("pos.payment.method")) {
    if (int_of(member(*record, "company_id")) != company || truthy(member(*record, "split_transactions"))) continue;
    const bool is_cash = kind_of(env, id) == "cash";
    if (is_cash && (cash || !tills_with(env, id).empty())) continue;
    cash = cash || is_cash;
    methods.push_back(id);
  }
  values["payment_method_ids"] = json::array{json::array{6, 0, std::move(methods)}};
}

void add_tills(std::map<std::string, Rules>& rules) {
  Rules& tills = rules["pos.config"];
  tills.before_create = complete_till;
  tills.after_create = check_methods;
  tills.before_write = [](Env& env, const std::vector<Id>& ids, json::object& values) {
    if (!values.contains("payment_method_ids")) return;
    for (const Id id : ids)
      if (open_session(env, id) != 0)
        throw user_error(
            "Unable to modify this PoS Configuration because you can't modify Payment Methods while a session is "
            "open.");
  };
  tills.after_write = [](Env& env, const std::vector<Id>& ids, const json::object& values) {
    if (values.contains("payment_method_ids"))
      for (const Id id : ids) check_methods(env, id);
  };
  tills.compute = [](Env& env, Id id, const std::string& field) -> std::optional<json::value> {
    auto& database = env.database();
    const auto& company = database.get("pos.config", id, "company_id");
    const Id session = open_session(env, id);
    if (field == "current_session_id") return session == 0 ? json::value() : json::value(session);
    if (field == "current_session_state") return database.get("pos.session", session, "state");
    if (field == "current_user_id") return database.get("pos.session", session, "user_id");
    if (field == "has_active_session") return session != 0;
    if (field == "currency_id") return database.get("res.company", int_of(company), "currency_id");
    if (field == "company_has_template") return truthy(database.get("res.company", int_of(company), "chart_template"));
    if (field == "number_of_rescue_session") return 0;
    if (field == "cash_control") {
      const auto methods = ids_of(database.get("pos.config", id, "payment_method_ids"));
      return std::any_of(methods.begin(), methods.end(), [&](Id method) { return kind_of(env, method) == "cash"; });
    }
    return std::nullopt;
  };
}

void add_methods(std::map<std::string, Rules>& rules) {
  Rules& methods = rules["pos.payment.method"];
  methods.before_create = [](Env& env, json::object& values) {
    if (!truthy(member(values, "company_id"))) values["company_id"] = env.company();
    if (!values.contains("config_ids")) return;
    throw python("ValueError", "config_ids of a payment method are set on the till");
  };
  methods.before_unlink = [](Env& env, const std::vector<Id>& ids) {
    for (const Id id : ids)
      for (const Id till : tills_with(env, id))
        if (open_session(env, till) != 0)
          throw user_error("You cannot delete a payment method used in an open session of a Point of Sale.");
  };
  methods.compute = [](Env& env, Id id, const std::string& field) -> std::optional<json::value> {
    if (field == "type") return json::value(kind_of(env, id));
    if (field == "is_cash_count") return kind_of(env, id) == "cash";
    if (field == "config_ids") return to_array(tills_with(env, id));
    if (field == "open_session_ids") {
      json::array sessions;
      for (const Id till : tills_with(env, id))
        if (const Id session = open_session(env, till); session != 0) sessions.push_back(session);
      return sessions;
    }
    return std::nullopt;
  };
}

void add_sessions(std::map<std::string, Rules>& rules) {
  Rules& sessions = rules["pos.session"];
  sessions.before_create = [](Env& env, json::object& values) {
    const Id till = int_of(member(values, "config_id"));
    if (open_session(env, till) != 0) throw validation("Another session is already opened for this point of sale.");
    if (!truthy(member(values, "user_id"))) values["user_id"] = env.user;
    if (!truthy(member(values, "name")))
      values["name"] =
          env.version() < 19 ? text_of(env.database().get("pos.config", till, "name")) + "/00000" : std::string("/");
  };
  sessions.compute = [](Env& env, Id id, const std::string& field) -> std::optional<json::value> {
    auto& database = env.database();
    const Id till = int_of(database.get("pos.session", id, "config_id"));
    const auto& model = *env.schema().find("pos.config");
    if (field == "company_id") return database.get("pos.config", till, "company_id");
    if (field == "currency_id" || field == "cash_control" || field == "payment_method_ids")
      return value_of(env, model, till, field);
    if (field == "cash_journal_id") {
      for (const Id method : ids_of(database.get("pos.config", till, "payment_method_ids")))
        if (kind_of(env, method) == "cash") return of_method(env, method, "journal_id");
      return json::value();
    }
    if (field == "order_count") {
      const auto& orders = database.table("pos.order");
      return std::count_if(orders.begin(), orders.end(),
                           [&](const auto& row) { return int_of(member(*row.second, "session_id")) == id; });
    }
    return std::nullopt;
  };
}

}  // namespace

void add_pos_rules(std::map<std::string, Rules>& rules) {
  rules["res.partner"].before_unlink = [](Env& env, const std::vector<Id>& ids) {
    for (const auto& [order, record] : env.database().table("pos.order"))
      if (std::find(ids.begin(), ids.end(), int_of(member(*record, "partner_id"))) != ids.end())
        throw user_error("You cannot delete a customer that has point of sales orders. You can archive it instead.");
  };
  add_tills(rules);
  add_methods(rules);
  add_sessions(rules);
}

}  // namespace tenantry::sandbox::odoo
