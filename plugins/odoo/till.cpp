// Step 8: the till, with a journal and a payment method for each mode of payment.
#include "engine.hpp"

namespace tenantry::odoo {

namespace {

std::string text(std::int64_t number) { return std::to_string(number); }

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

// A till that has had a session stays, archived, and for its sake Odoo neither removes nor archives the warehouse it
// takes its goods from. Another one is as good for a till that nobody opens any more.
Result<Nothing> move_out(Database& database, const std::string& till, std::int64_t company, const Warehouse& shop) {
  const Concern concern = database.concern("till " + till, "to move out of warehouse " + shop.name);
  const Reply tills =
      database.search_read("pos.config",
                           {json::array{"name", "=", till}, json::array{"company_id", "=", company},
                            json::array{"picking_type_id", "=", shop.sales}, json::array{"active", "=", false}},
                           {"name"}, true);
  if (!tills.ok()) return ending_of(tills.fault(), concern);
  if (tills.rows().empty()) return done();
  const Reply others = database.search_read(
      "stock.warehouse", {json::array{"company_id", "=", company}, json::array{"id", "!=", shop.id}}, {"pos_type_id"});
  if (!others.ok()) return ending_of(others.fault(), concern);
  if (others.rows().empty()) return done();
  const json::object other = others.rows()[0];
  for (const json::object& row : tills.rows()) {
    const Reply moved =
        database.write("pos.config", id_of(row, "id"),
                       {{"picking_type_id", id_of(other, "pos_type_id")}, {"warehouse_id", id_of(other, "id")}});
    if (!moved.ok()) return ending_of(moved.fault(), concern);
  }
  return done();
}

}  // namespace

Result<Till> Engine::make_till(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                               const Chart&, const Warehouses& warehouses) {
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
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
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
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
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return work.ending();
  const Blueprint& plan = work->plan;
  std::vector<Wanted> all = journals_of(plan, platform.company);
  for (Wanted& one : methods_of(plan, platform.company, std::vector<std::int64_t>(plan.journals.size())))
    all.push_back(std::move(one));
  all.push_back(till_of(plan, platform.company, shop_of(warehouses), {}));
  const auto left = take_back(work.value().database, all, output ? output->made : notes_of(context).creating);
  if (!left.has_value()) return left.ending();
  if (warehouses.made.empty()) return done();
  return move_out(work.value().database, plan.till, platform.company, shop_of(warehouses));
}

}  // namespace tenantry::odoo
