#include "sandbox/odoo/pos.hpp"

#include <algorithm>

namespace tenantry::sandbox::odoo {

namespace {

// Takes what was sold off the shelf that the till sells from.
void move_stock(Env& env, Id till, Id product, double quantity) {
  auto& database = env.database();
  if (text_of(database.get("product.template", int_of(database.get("product.product", product, "product_tmpl_id")),
                           "type")) != "consu")
    return;
  const Id type = int_of(database.get("pos.config", till, "picking_type_id"));
  const json::value shelf = database.get("stock.picking.type", type, "default_location_src_id");
  for (const auto& [id, record] : Table(database.table("stock.quant")))
    if (int_of(member(*record, "product_id")) == product && same(member(*record, "location_id"), shelf)) {
      store(env, "stock.quant", id, {{"quantity", float_of(member(*record, "quantity")) - quantity}});
      return;
    }
  const Id id = env.transaction.next_id("stock.quant");
  env.transaction.put("stock.quant", id, {{"product_id", product}, {"location_id", shelf}, {"quantity", -quantity}});
}

// Values of the recorded answer, overwritten by what is known, without members that the version does not have.
json::object filled(const Env& env, const char* model, const json::object& values) {
  json::object row = env.schema().order.at(model).as_object();
  for (auto& entry : row)
    if (const auto* value = values.if_contains(entry.key()))
      entry.value() = value->is_null() ? json::value(false) : *value;
  return row;
}

}  // namespace

std::string kind_of(const Env& env, Id method) {
  const Id journal = int_of(env.database().get("pos.payment.method", method, "journal_id"));
  const std::string type = text_of(env.database().get("account.journal", journal, "type"));
  return type == "cash" || type == "bank" ? type : "pay_later";
}

Id open_session(const Env& env, Id till) {
  for (const auto& [id, record] : env.database().table("pos.session"))
    if (int_of(member(*record, "config_id")) == till && text_of(member(*record, "state")) != "closed" &&
        !truthy(member(*record, "rescue")))
      return id;
  return 0;
}

json::value open_till(Env& env, Id till) {
  if (!exists(env, "pos.config", till)) throw missing("pos.config", till, env.user);
  if (ids_of(env.database().get("pos.config", till, "payment_method_ids")).empty())
    throw validation("You must have at least one payment method configured to launch a session.");
  if (open_session(env, till) == 0) create(env, "pos.session", {{"config_id", till}, {"user_id", env.user}});
  const std::string id = std::to_string(till);
  return {{"type", "ir.actions.act_url"},
          {"url", env.version() < 19 ? "/pos/ui?config_id=" + id + "&from_backend=True"
                                     : "/pos/ui/" + id + "?from_backend=True"},
          {"target", "self"}};
}

void open_with_cash(Env& env, Id session, double cash, const std::string& notes) {
  auto& database = env.database();
  if (!exists(env, "pos.session", session)) throw missing("pos.session", session, env.user);
  if (text_of(database.get("pos.session", session, "state")) != "opening_control") return;
  const Id till = int_of(database.get("pos.session", session, "config_id"));
  const bool old = env.version() < 19;
  const auto number = env.transaction.next_in_sequence(old ? "pos.session" : "pos.session." + std::to_string(till));
  std::string text = std::to_string(number);
  text.insert(0, 5 - std::min<std::size_t>(5, text.size()), '0');
  const std::string prefix = old ? "POS" : text_of(database.get("pos.config", till, "name"));
  store(env, "pos.session", session,
        {{"name", prefix + "/" + text},
         {"state", "opened"},
         {"start_at", utc_now()},
         {"cash_register_balance_start", cash},
         {"opening_notes", notes}});
  env.transaction.note("pos.session", session, "opened");
}

namespace {

// "2026", or "26-27" if the fiscal year does not end in December.
std::string year_of(Env& env, const std::string& day) {
  const int year = std::stoi(day.substr(0, 4));
  const auto last = text_of(value_of(env, *env.schema().find("res.company"), env.company(), "fiscalyear_last_month"));
  if (last.empty() || last == "12") return day.substr(0, 4);
  const int first = std::stoi(day.substr(5, 2)) > std::stoi(last) ? year : year - 1;
  return std::to_string(first % 100) + "-" + std::to_string((first + 1) % 100);
}

}  // namespace

json::value close_session(Env& env, Id session) {
  auto& database = env.database();
  if (!exists(env, "pos.session", session)) throw missing("pos.session", session, env.user);
  if (text_of(database.get("pos.session", session, "state")) == "closed")
    return {{"successful", false}, {"message", "This session is already closed."}, {"redirect", true}};
  const std::string name = text_of(database.get("pos.session", session, "name"));
  const std::string now = utc_now();
  json::object values{{"state", "closed"}, {"stop_at", now}};
  const auto& orders = database.table("pos.order");
  if (std::any_of(orders.begin(), orders.end(),
                  [&](const auto& row) { return int_of(member(*row.second, "session_id")) == session; })) {
    const auto number = env.transaction.next_in_sequence("account.move.POSS");
    std::string text = std::to_string(number);
    text.insert(0, 4 - std::min<std::size_t>(4, text.size()), '0');
    const Transaction::Quietly quietly(env.transaction);
    values["move_id"] =
        create(env, "account.move",
               {{"name", "POSS/" + year_of(env, now) + "/" + now.substr(5, 2) + "/" + text + " (" + name + ")"},
                {"ref", name},
                {"state", "posted"},
                {"date", now.substr(0, 10)}});
  }
  store(env, "pos.session", session, values);
  env.transaction.note("pos.session", session, "closed");
  return {{"successful", true}};
}

json::value closing_data(Env& env, Id session) {
  auto& database = env.database();
  if (!exists(env, "pos.session", session)) throw missing("pos.session", session, env.user);
  double total = 0;
  std::int64_t quantity = 0;
  std::map<Id, std::pair<double, std::int64_t>> paid;
  for (const auto& [id, record] : database.table("pos.order"))
    if (int_of(member(*record, "session_id")) == session) {
      total += float_of(member(*record, "amount_total"));
      ++quantity;
    }
  for (const auto& [id, record] : database.table("pos.payment")) {
    if (int_of(member(*record, "session_id")) != session) continue;
    auto& [amount, number] = paid[int_of(member(*record, "payment_method_id"))];
    amount += float_of(member(*record, "amount"));
    ++number;
  }
  const double opening = float_of(database.get("pos.session", session, "cash_register_balance_start"));
  const Id till = int_of(database.get("pos.session", session, "config_id"));
  json::object result{{"orders_details", {{"quantity", quantity}, {"amount", total}}},
                      {"opening_notes", text_of(database.get("pos.session", session, "opening_notes"))},
                      {"default_cash_details", nullptr},
                      {"non_cash_payment_methods", json::array{}},
                      {"is_manager", true},
                      {"amount_authorized_diff", nullptr}};
  for (const Id method : ids_of(database.get("pos.config", till, "payment_method_ids"))) {
    const auto& name = database.get("pos.payment.method", method, "name");
    const std::string kind = kind_of(env, method);
    const auto [amount, number] = paid[method];
    if (kind == "cash")
      result["default_cash_details"] = {{"name", name},           {"amount", opening + amount},
                                        {"opening", opening},     {"payment_amount", amount},
                                        {"moves", json::array{}}, {"id", method}};
    else
      result["non_cash_payment_methods"].as_array().push_back(
          {{"name", name},
           {"amount", number == 0 ? json::value(0) : json::value(amount)},
           {"number", number},
           {"id", method},
           {"type", kind}});
  }
  return result;
}

namespace {

Id find_order(const Env& env, const json::value& uuid) {
  for (const auto& [id, record] : env.database().table("pos.order"))
    if (truthy(uuid) && member(*record, "uuid") == uuid) return id;
  return 0;
}

json::object known_fields(const Env& env, const std::string& model, const json::object& values) {
  json::object kept;
  for (const auto& entry : values) {
    const Field* field = env.schema().find(model)->find(entry.key());
    if (field && field->type != Type::kOne2many && field->type != Type::kMany2many && truthy(entry.value()))
      kept[entry.key()] = entry.value();
  }
  return kept;
}

Id make_order(Env& env, const json::object& sent) {
  auto& database = env.database();
  const Id session = int_of(member(sent, "session_id"));
  if (!exists(env, "pos.session", session)) throw missing("pos.session", session, env.user);
  const Id till = int_of(database.get("pos.session", session, "config_id"));
  const auto number = env.transaction.next_in_sequence("pos.order." + std::to_string(till));
  std::string text = std::to_string(number);
  text.insert(0, 4 - std::min<std::size_t>(4, text.size()), '0');
  json::object values = known_fields(env, "pos.order", sent);
  values["config_id"] = till;
  values["name"] = text_of(database.get("pos.config", till, "name")) + (env.version() < 19 ? "/" : " - ") + text;
  values["tracking_number"] = std::to_string(100 + number);
  const Id order = create(env, "pos.order", values);
  const Transaction::Quietly quietly(env.transaction);
  const auto each = [&](const char* field, const auto& use) {
    if (const auto* commands = sent.if_contains(field); commands && commands->is_array())
      for (const auto& command : commands->get_array())
        if (command.is_array() && command.get_array().size() == 3 && command.at(2).is_object())
          use(command.at(2).get_object());
  };
  each("lines", [&](const json::object& line) {
    json::object kept = known_fields(env, "pos.order.line", line);
    kept["order_id"] = order;
    if (const auto* taxes = line.if_contains("tax_ids")) kept["tax_ids"] = *taxes;
    create(env, "pos.order.line", kept);
    move_stock(env, till, int_of(member(line, "product_id")), float_of(member(line, "qty")));
  });
  each("payment_ids", [&](const json::object& payment) {
    json::object kept = known_fields(env, "pos.payment", payment);
    kept["pos_order_id"] = order;
    kept["session_id"] = session;
    kept["payment_date"] = utc_now();
    create(env, "pos.payment", kept);
  });
  create(env, "stock.picking",
         {{"name", "POS/" + text},
          {"state", "done"},
          {"pos_order_id", order},
          {"pos_session_id", session},
          {"picking_type_id", database.get("pos.config", till, "picking_type_id")}});
  return order;
}

}  // namespace

json::value sync_orders(Env& env, const json::value& orders) {
  if (!orders.is_array())
    throw python("TypeError", "'" + std::string(python_type(orders)) + "' object is not iterable");
  std::vector<Id> ids;
  for (const auto& sent : orders.get_array()) {
    if (!sent.is_object()) throw python("TypeError", "string indices must be integers, not 'str'");
    // The same uuid again is the same order.
    const Id known = find_order(env, member(sent, "uuid"));
    ids.push_back(known != 0 ? known : make_order(env, sent.get_object()));
  }
  auto& database = env.database();
  json::object result;
  for (const auto& entry : env.schema().order) result[entry.key()] = json::array{};
  const auto with_id = [](const json::object& record, Id id) {
    json::object values = record;
    values["id"] = id;
    return values;
  };
  for (const Id id : ids) {
    json::object values = with_id(*database.find("pos.order", id), id);
    json::array lines;
    json::array payments;
    for (const auto& [line, record] : database.table("pos.order.line")) {
      if (int_of(member(*record, "order_id")) != id) continue;
      lines.push_back(line);
      result["pos.order.line"].as_array().push_back(filled(env, "pos.order.line", with_id(*record, line)));
    }
    for (const auto& [payment, record] : database.table("pos.payment")) {
      if (int_of(member(*record, "pos_order_id")) != id) continue;
      payments.push_back(payment);
      json::object shown = with_id(*record, payment);
      // Shown as a customer of the whole order.
      shown["partner_id"] = values.contains("partner_id") ? values.at("partner_id") : json::value(false);
      result["pos.payment"].as_array().push_back(filled(env, "pos.payment", shown));
    }
    values["lines"] = lines;
    values["payment_ids"] = payments;
    values["display_name"] = json::value(values.at("name"));
    values["picking_ids"] = value_of(env, *env.schema().find("pos.order"), id, "picking_ids");
    values.emplace("partner_id", false);
    if (env.version() >= 19) values["tracking_number"] = false;
    result["pos.order"].as_array().push_back(filled(env, "pos.order", values));
  }
  return result;
}

}  // namespace tenantry::sandbox::odoo
