// Step 10: one sale that shows that the till works, and its return.
#include <ctime>

#include "engine.hpp"
#include "session.hpp"

namespace tenantry::odoo {

namespace {

// The same for every run of a tenant, so that Odoo itself takes a second one for the first.
std::string sale_uuid(const Blueprint& plan, const std::string& what) {
  const std::string letters = fingerprint(plan.tenant_id + "\n" + what, 12);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string hex;
  for (const char c : letters) hex += kHex[static_cast<unsigned char>(c) % 16];
  return std::string(kTrialSale) + "0000-4000-8000-" + hex;
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char words[32];
  return {words, std::strftime(words, sizeof words, "%Y-%m-%d %H:%M:%S", &parts)};
}

struct Goods {
  std::int64_t product = 0;
  std::string name;
  double price = 0;
};

Result<Goods> first_of(Database& database, const Items& items) {
  const Reply rows = database.search_read("product.product", {json::array{"product_tmpl_id", "=", items.ids.front()}},
                                          {"display_name", "lst_price"});
  if (!rows.ok()) return ending_of(rows.fault(), database.concern("the item to sell", "to read it"));
  if (rows.rows().empty())
    return give_up({"odoo.absent", "not_found", "the item to sell", "there", "nothing",
                    "Rerun the step step_6_items, then Continue."});
  const json::object row = rows.rows()[0];
  const json::value* price = row.if_contains("lst_price");
  return done(Goods{id_of(row, "id"), text_of(row, "display_name"),
                    price && price->is_number() ? price->to_number<double>() : 0});
}

Result<bool> is_sold(Database& database, const std::string& uuid) {
  const Reply rows = database.search_read("pos.order", {json::array{"uuid", "=", uuid}}, {"state"});
  if (!rows.ok()) return ending_of(rows.fault(), database.concern("trial sale", "to look for it"));
  return done(!rows.rows().empty());
}

Result<Nothing> sell(Database& database, const Till& till, const Session& session, std::int64_t customer,
                     const Goods& goods, const std::string& uuid, int quantity, std::int64_t company) {
  const double amount = goods.price * quantity;
  const std::string now = utc_now();
  json::object line{{"uuid", "line-" + uuid.substr(5)},
                    {"product_id", goods.product},
                    {"qty", quantity},
                    {"price_unit", goods.price},
                    {"discount", 0},
                    {"tax_ids", json::array{json::array{6, 0, json::array()}}},
                    {"price_subtotal", amount},
                    {"price_subtotal_incl", amount},
                    {"full_product_name", goods.name}};
  json::object payment{{"amount", amount}, {"payment_method_id", till.methods.front()}, {"name", now}};
  json::object order{{"uuid", uuid},
                     {"name", "Trial sale " + uuid.substr(24)},
                     {"session_id", session.id},
                     {"config_id", till.id},
                     {"company_id", company},
                     {"user_id", database.user()},
                     {"partner_id", customer},
                     {"state", "paid"},
                     {"amount_total", amount},
                     {"amount_tax", 0},
                     {"amount_paid", amount},
                     {"amount_return", 0},
                     {"date_order", now},
                     {"sequence_number", 1},
                     {"pos_reference", "Trial " + uuid.substr(24)},
                     {"to_invoice", false},
                     {"lines", json::array{json::array{0, 0, std::move(line)}}},
                     {"payment_ids", json::array{json::array{0, 0, std::move(payment)}}}};
  const Reply sold = database.call({.model = "pos.order",
                                    .method = database.major() >= 18 ? "sync_from_ui" : "create_from_ui",
                                    .named = {{"orders", json::array{std::move(order)}}}});
  if (!sold.ok()) return ending_of(sold.fault(), database.concern("trial sale", "to make it"));
  return done();
}

Result<std::vector<Drift>> check_till(Database& database, const Till& till) {
  const Reply rows = database.search_read("pos.config", {json::array{"id", "=", till.id}}, {"active"}, true);
  if (!rows.ok()) return ending_of(rows.fault(), database.concern("till " + till.name, "to look at it"));
  std::vector<Drift> drift;
  if (rows.rows().empty() || text_of(rows.rows()[0], "active") != "1")
    drift.push_back({"till " + till.name, "ready for sales", rows.rows().empty() ? "gone" : "archived"});
  return done(std::move(drift));
}

}  // namespace

Result<Finished> Engine::finish(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                                const Till& till, Maybe<Items> items, const Customer& customer,
                                Maybe<Session> session) {
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return work.ending();
  Database& database = work.value().database;
  const auto drift = check_till(database, till);
  if (!drift.has_value()) return drift.ending();
  if (!drift->empty())
    return give_up({"odoo.absent", "not_found", drift->front().what, drift->front().expected, drift->front().found,
                    "Rerun the step step_8_pos_profile, then Continue."});
  Finished output;
  bool changed = false;
  if (items && !items->ids.empty() && session && !till.methods.empty()) {
    output.order = sale_uuid(work->plan, "sale");
    Notes notes = notes_of(context);
    const std::string title = "trial sale";
    const auto sold = is_sold(database, output.order);
    if (!sold.has_value()) return sold.ending();
    changed = notes.has(title);
    if (!*sold) {
      if (!changed) notes.creating.push_back(title);
      context.save(notes);
      const auto goods = first_of(database, *items);
      if (!goods.has_value()) return goods.ending();
      const auto made = sell(database, till, *session, customer.id, *goods, output.order, 1, platform.company);
      if (!made.has_value()) return made.ending();
      changed = true;
    }
    output.made = changed;
  }
  context.emit("odoo.ready", {{"database", platform.database}, {"till", till.name}});
  return answer(std::move(output), changed);
}

Verdict Engine::verify_finish(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                              const Till& till, Maybe<Items> items, const Customer&, Maybe<Session> session,
                              Maybe<Finished> output) {
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return looked(work.ending());
  Database& database = work.value().database;
  auto drift = check_till(database, till);
  if (!drift.has_value()) return looked(drift.ending());
  Finished found = output.value_or(Finished{});
  if (!output && items && !items->ids.empty() && session && !till.methods.empty())
    found = {sale_uuid(work->plan, "sale"), notes_of(context).has("trial sale")};
  if (!found.order.empty()) {
    const auto sold = is_sold(database, found.order);
    if (!sold.has_value()) return looked(sold.ending());
    if (!*sold) drift.value().push_back({"trial sale", "there", "nothing"});
  }
  return verdict(*drift, found);
}

Result<Nothing> Engine::undo_finish(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                                    const Till& till, Maybe<Items> items, const Customer& customer,
                                    Maybe<Session> session, Maybe<Finished> output) {
  const bool made = output ? output->made : notes_of(context).has("trial sale");
  if (platform.created || !made || !items || items->ids.empty() || !session) return done();
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return work.ending();
  Database& database = work.value().database;
  // A sale is never deleted; a second one with a negative quantity brings goods and money back.
  const auto sold = is_sold(database, sale_uuid(work->plan, "sale"));
  if (!sold.has_value()) return sold.ending();
  const std::string uuid = sale_uuid(work->plan, "return");
  const auto returned = is_sold(database, uuid);
  if (!returned.has_value()) return returned.ending();
  if (!*sold || *returned) return done();
  const auto now = open_session_of(database, till.id);
  if (!now.has_value()) return now.ending();
  if (!*now || (*now)->id != session->id) {
    context.warn("the trial sale stays: its session is closed");
    return done();
  }
  const auto goods = first_of(database, *items);
  if (!goods.has_value()) return goods.ending();
  return sell(database, till, *session, customer.id, *goods, uuid, -1, platform.company);
}

}  // namespace tenantry::odoo
