// Steps 7 to 10: the walk-in customer, the till with its journals and ways to pay, its first session, and one sale.
#include <algorithm>
#include <ctime>

#include "engine.hpp"

namespace tenantry::odoo {

namespace {

std::string text(std::int64_t number) { return std::to_string(number); }

Wanted customer_of(const Blueprint& plan) {
  return {"res.partner",
          "walk_in",
          "customer " + plan.customer,
          {json::array{"ref", "=", "WALK-IN"}, json::array{"name", "=", plan.customer}},
          {{"name", plan.customer}, {"ref", "WALK-IN"}, {"customer_rank", "1"}}};
}

bool is_cash(const PaymentMode& mode) { return mode.type == "Cash"; }

std::vector<Wanted> journals_of(const Blueprint& plan, std::int64_t company) {
  std::vector<Wanted> all;
  for (std::size_t i = 0; i < plan.journals.size(); ++i) {
    const std::string type = is_cash(plan.payment_modes[i]) ? "cash" : "bank";
    all.push_back({"account.journal",
                   "journal_" + key_part(plan.journals[i].name),
                   "journal " + plan.journals[i].name,
                   {json::array{"name", "=", plan.journals[i].name}, json::array{"company_id", "=", company}},
                   {{"name", plan.journals[i].name},
                    {"code", plan.journals[i].code},
                    {"type", type},
                    {"company_id/.id", text(company)}},
                   {{"type", type}}});
  }
  return all;
}

// One method for each journal: two cash methods on one journal are accepted, and then no till can be made any more.
std::vector<Wanted> methods_of(const Blueprint& plan, std::int64_t company, const std::vector<std::int64_t>& journals) {
  std::vector<Wanted> all;
  for (std::size_t i = 0; i < journals.size(); ++i)
    all.push_back({"pos.payment.method",
                   "method_" + key_part(plan.journals[i].name),
                   "payment method " + plan.payment_modes[i].name,
                   journals[i] == 0 ? json::array() : json::array{json::array{"journal_id", "=", journals[i]}},
                   {{"name", plan.payment_modes[i].name},
                    {"journal_id/.id", text(journals[i])},
                    {"company_id/.id", text(company)}}});
  return all;
}

Wanted till_of(const Blueprint& plan, std::int64_t company, const Warehouse& shop,
               const std::vector<std::int64_t>& methods) {
  std::string list;
  for (const std::int64_t id : methods) list += (list.empty() ? "" : ",") + text(id);
  return {"pos.config",
          "till_" + key_part(plan.till),
          "till " + plan.till,
          {json::array{"name", "=", plan.till}, json::array{"company_id", "=", company}},
          {{"name", plan.till},
           {"company_id/.id", text(company)},
           {"warehouse_id/.id", text(shop.id)},
           {"picking_type_id/.id", text(shop.sales)},
           // Without it the till silently takes what it finds, and that need not be cash.
           {"payment_method_ids/.id", list}}};
}

Titles joined(Titles a, const Titles& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// ---- sessions ----

struct Open {
  std::int64_t id = 0;
  std::string name, state;
};

Result<std::optional<Open>> look_for_session(Database& database, std::int64_t till) {
  const Reply rows = database.search_read(
      "pos.session",
      {json::array{"config_id", "=", till}, json::array{"state", "!=", "closed"}, json::array{"rescue", "=", false}},
      {"name", "state"});
  if (!rows.ok()) return ending_of(rows.fault(), database.concern("POS session", "to look for it"));
  std::optional<Open> found;
  if (const auto all = rows.rows(); !all.empty())
    found = Open{id_of(all[0], "id"), text_of(all[0], "name"), text_of(all[0], "state")};
  return done(std::move(found));
}

// ---- the sale ----

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

// ---- step 7 ----

Result<Customer> Engine::make_customer(Context& context, Asked request, Who tenant, Where server,
                                       const Platform& platform) {
  auto work = enter(context, request, tenant, server, platform, Purpose::act);
  if (!work.has_value()) return work.ending();
  const auto kept = ensure(work.value().database, {customer_of(work->plan)});
  if (!kept.has_value()) return kept.ending();
  return answer(Customer{kept->ids[0], work->plan.customer, kept->made}, !kept->made.empty());
}

Verdict Engine::verify_customer(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                                Maybe<Customer> output) {
  auto work = enter(context, request, tenant, server, platform, Purpose::look);
  if (!work.has_value()) return looked(work.ending());
  const auto found = survey(work.value().database, {customer_of(work->plan)});
  if (!found.has_value()) return looked(found.ending());
  return verdict(found->drift, output ? *output : Customer{found->kept.ids[0], work->plan.customer, found->kept.made});
}

Result<Nothing> Engine::undo_customer(Context& context, Asked request, Who tenant, Where server,
                                      const Platform& platform, Maybe<Customer> output) {
  if (platform.created) return done();
  auto work = enter(context, request, tenant, server, platform, Purpose::look);
  if (!work.has_value()) return work.ending();
  const auto left =
      take_back(work.value().database, {customer_of(work->plan)}, output ? output->made : notes_of(context).creating);
  if (!left.has_value()) return left.ending();
  return done();
}

Result<Plan> Engine::plan_customer(Context& context, Asked request, Who tenant, Where server,
                                   Maybe<Platform> platform) {
  if (!platform) {
    const auto plan = blueprint(context, request, tenant, server);
    if (!plan.has_value()) return plan.ending();
    return done(Plan{{{"create", "customer " + plan->customer, "unless it exists"}}});
  }
  auto work = enter(context, request, tenant, server, *platform, Purpose::look);
  if (!work.has_value()) return work.ending();
  const auto actions = foresee(work.value().database, {customer_of(work->plan)});
  if (!actions.has_value()) return actions.ending();
  return done(Plan{*actions});
}

// ---- step 8 ----

Result<Till> Engine::make_till(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                               const Chart&, const Warehouses& warehouses) {
  auto work = enter(context, request, tenant, server, platform, Purpose::act);
  if (!work.has_value()) return work.ending();
  const Blueprint& plan = work->plan;
  Database& database = work.value().database;
  const auto journals = ensure(database, journals_of(plan, platform.company));
  if (!journals.has_value()) return journals.ending();
  const auto methods = ensure(database, methods_of(plan, platform.company, journals->ids));
  if (!methods.has_value()) return methods.ending();
  const auto till = ensure(database, {till_of(plan, platform.company, shop_of(warehouses), methods->ids)});
  if (!till.has_value()) return till.ending();
  Titles made = joined(joined(journals->made, methods->made), till->made);
  const bool changed = !made.empty();
  return answer(Till{till->ids[0], plan.till, methods->ids, std::move(made)}, changed);
}

Verdict Engine::verify_till(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                            const Chart&, const Warehouses& warehouses, Maybe<Till> output) {
  auto work = enter(context, request, tenant, server, platform, Purpose::look);
  if (!work.has_value()) return looked(work.ending());
  const Blueprint& plan = work->plan;
  Database& database = work.value().database;
  const auto journals = survey(database, journals_of(plan, platform.company));
  if (!journals.has_value()) return looked(journals.ending());
  const auto methods = survey(database, methods_of(plan, platform.company, journals->kept.ids));
  if (!methods.has_value()) return looked(methods.ending());
  const auto till = survey(database, {till_of(plan, platform.company, shop_of(warehouses), methods->kept.ids)});
  if (!till.has_value()) return looked(till.ending());
  std::vector<Drift> drift = journals->drift;
  drift.insert(drift.end(), methods->drift.begin(), methods->drift.end());
  drift.insert(drift.end(), till->drift.begin(), till->drift.end());
  Titles made = joined(joined(journals->kept.made, methods->kept.made), till->kept.made);
  return verdict(std::move(drift),
                 output ? *output : Till{till->kept.ids[0], plan.till, methods->kept.ids, std::move(made)});
}

Result<Nothing> Engine::undo_till(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                                  const Chart&, const Warehouses& warehouses, Maybe<Till> output) {
  if (platform.created) return done();
  auto work = enter(context, request, tenant, server, platform, Purpose::look);
  if (!work.has_value()) return work.ending();
  const Blueprint& plan = work->plan;
  std::vector<Wanted> all = journals_of(plan, platform.company);
  for (Wanted& one : methods_of(plan, platform.company, std::vector<std::int64_t>(plan.journals.size())))
    all.push_back(std::move(one));
  all.push_back(till_of(plan, platform.company, shop_of(warehouses), {}));
  const auto left = take_back(work.value().database, all, output ? output->made : notes_of(context).creating);
  if (!left.has_value()) return left.ending();
  return done();
}

// ---- step 9 ----

Result<std::optional<Session>> Engine::open_session(Context& context, Asked request, Who tenant, Where server,
                                                    const Platform& platform, const Till& till) {
  if (!request.pos_store_enabled) return skipped("the point of sale is not to be opened");
  auto work = enter(context, request, tenant, server, platform, Purpose::act);
  if (!work.has_value()) return work.ending();
  Database& database = work.value().database;
  const std::string title = "session of " + till.name;
  Notes notes = notes_of(context);
  bool acted = notes.has(title);
  // Opening is two acts, both of which do nothing when they are done: the session comes, and its cash is counted.
  for (int i = 0; i < 3; ++i) {
    const auto found = look_for_session(database, till.id);
    if (!found.has_value()) return found.ending();
    if (*found && (*found)->state != "opening_control") {
      std::optional<Session> output(Session{(*found)->id, (*found)->name, acted});
      if (acted) return done(std::move(output));
      return already_done(std::move(output));
    }
    if (!acted) {
      notes.creating.push_back(title);
      context.save(notes);
      acted = true;
    }
    const bool there = found->has_value();
    const Reply reply =
        there ? database.call({.model = "pos.session",
                               .method = database.major() >= 18 ? "set_opening_control" : "set_cashbox_pos",
                               .named = {{"cashbox_value", 0}, {"notes", "Opened when the shop was set up"}},
                               .ids = json::array{(*found)->id}})
              : database.call({.model = "pos.config", .method = "open_ui", .ids = json::array{till.id}});
    if (!reply.ok() && !reply.is(Remedy::exists))
      return ending_of(reply.fault(), database.concern(title, there ? "to count its cash" : "to open it"));
  }
  return try_again(
      {"odoo.session_unsettled", "transient", title, "open", "still not open", "Wait a moment, then Continue."});
}

Verdict Engine::verify_session(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                               const Till& till, Maybe<Session> output) {
  if (!request.pos_store_enabled) return in_sync();
  auto work = enter(context, request, tenant, server, platform, Purpose::look);
  if (!work.has_value()) return looked(work.ending());
  Database& database = work.value().database;
  const std::string title = "session of " + till.name;
  if (output) {
    // A shop closes its session in the evening: that is no drift.
    const Reply rows = database.search_read("pos.session", {json::array{"id", "=", output->id}}, {"state"});
    if (!rows.ok()) return looked(ending_of(rows.fault(), database.concern(title, "to look for it")));
    if (rows.rows().empty()) return drifted(title, "there", "nothing");
    if (text_of(rows.rows()[0], "state") == "opening_control") return drifted(title, "open", "waiting for its cash");
    return verdict({}, *output);
  }
  const auto found = look_for_session(database, till.id);
  if (!found.has_value()) return looked(found.ending());
  if (!*found || (*found)->state == "opening_control") return drifted(title, "open", *found ? "not yet" : "none");
  return verdict({}, Session{(*found)->id, (*found)->name, notes_of(context).has(title)});
}

Result<Nothing> Engine::undo_session(Context& context, Asked request, Who tenant, Where server,
                                     const Platform& platform, const Till& till, Maybe<Session> output) {
  if (platform.created) return done();
  const std::string title = "session of " + till.name;
  if (output ? !output->made : !notes_of(context).has(title)) return done();
  auto work = enter(context, request, tenant, server, platform, Purpose::look);
  if (!work.has_value()) return work.ending();
  Database& database = work.value().database;
  const auto found = look_for_session(database, till.id);
  if (!found.has_value()) return found.ending();
  if (!*found || (output && (*found)->id != output->id)) return done();
  const json::array ids{(*found)->id};
  const Concern concern = database.concern(title, "to close it");
  const Reply sales = database.count(
      "pos.order", {json::array{"session_id", "=", (*found)->id}, json::array{"uuid", "not like", kTrialSale}});
  if (!sales.ok()) return ending_of(sales.fault(), concern);
  if (sales.id() != 0) {
    context.warn("stays open, because something was sold in it", {{"session", (*found)->name}});
    return done();
  }
  const Reply rows =
      database.search_read("pos.session", {json::array{"id", "=", (*found)->id}}, {"cash_register_balance_end"});
  if (!rows.ok()) return ending_of(rows.fault(), concern);
  const json::value* cash = rows.rows().empty() ? nullptr : rows.rows()[0].if_contains("cash_register_balance_end");
  if ((*found)->state != "opening_control") {
    const Reply counted = database.call({.model = "pos.session",
                                         .method = "post_closing_cash_details",
                                         .named = {{"counted_cash", cash ? *cash : json::value(0)}},
                                         .ids = ids});
    if (!counted.ok()) return ending_of(counted.fault(), concern);
  }
  const Reply closed = database.call({.model = "pos.session",
                                      .method = "close_session_from_ui",
                                      .named = {{"bank_payment_method_diff_pairs", json::array()}},
                                      .ids = ids});
  if (!closed.ok()) return ending_of(closed.fault(), concern);
  const json::object* said = closed.value().if_object();
  if (said && id_of(*said, "successful") != 1)
    return give_up({"odoo.refused", "invalid_input", title, "closed", plain_text(text_of(*said, "message")),
                    "Close the session in Odoo, then roll back again."});
  return done();
}

// ---- step 10 ----

Result<Finished> Engine::finish(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                                const Till& till, Maybe<Items> items, const Customer& customer,
                                Maybe<Session> session) {
  auto work = enter(context, request, tenant, server, platform, Purpose::act);
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
  auto work = enter(context, request, tenant, server, platform, Purpose::look);
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
  auto work = enter(context, request, tenant, server, platform, Purpose::look);
  if (!work.has_value()) return work.ending();
  Database& database = work.value().database;
  // A sale is never deleted; a second one with a negative quantity brings goods and money back.
  const auto sold = is_sold(database, sale_uuid(work->plan, "sale"));
  if (!sold.has_value()) return sold.ending();
  const std::string uuid = sale_uuid(work->plan, "return");
  const auto returned = is_sold(database, uuid);
  if (!returned.has_value()) return returned.ending();
  if (!*sold || *returned) return done();
  const auto now = look_for_session(database, till.id);
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
