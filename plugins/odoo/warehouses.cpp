// Step 4: warehouses; the first is the shop's.
#include <algorithm>

#include "engine.hpp"

namespace tenantry::odoo {

namespace {

std::string text(std::int64_t number) { return std::to_string(number); }

std::vector<Wanted> warehouses_of(const Blueprint& plan, std::int64_t company) {
  std::vector<Wanted> all;
  for (const Coded& one : plan.warehouses)
    all.push_back({"stock.warehouse",
                   "warehouse_" + key_part(one.name),
                   "warehouse " + one.name,
                   {json::array{"name", "=", one.name}, json::array{"company_id", "=", company}},
                   {{"name", one.name}, {"code", one.code}, {"company_id/.id", text(company)}}});
  return all;
}

// Codes are unique, too: one that a warehouse of another name has gets a number.
Result<std::vector<Wanted>> with_free_codes(Database& database, std::vector<Wanted> wanted, std::int64_t company) {
  const Reply rows =
      database.search_read("stock.warehouse", {json::array{"company_id", "=", company}}, {"name", "code"}, true);
  if (!rows.ok()) return ending_of(rows.fault(), database.concern("warehouses", "to list them"));
  const auto there = rows.rows();
  std::vector<std::string> used;
  for (Wanted& one : wanted) {
    std::string code = one.fields[1].second;
    const auto taken = [&] {
      return std::any_of(there.begin(), there.end(),
                         [&](const json::object& row) {
                           return text_of(row, "code") == code && text_of(row, "name") != one.fields[0].second;
                         }) ||
             std::find(used.begin(), used.end(), code) != used.end();
    };
    for (int number = 2; taken(); ++number) {
      const std::string digits = std::to_string(number);
      code = one.fields[1].second.substr(0, 5 - digits.size()) + digits;
    }
    one.fields[1].second = code;
    used.push_back(code);
  }
  return done(std::move(wanted));
}

Result<Warehouses> output_of(Database& database, const Blueprint& plan, const Kept& kept) {
  json::array ids;
  for (const std::int64_t id : kept.ids) ids.emplace_back(id);
  const Reply rows = database.search_read("stock.warehouse", {json::array{"id", "in", std::move(ids)}},
                                          {"name", "lot_stock_id", "pos_type_id"});
  if (!rows.ok()) return ending_of(rows.fault(), database.concern("warehouses", "to read them"));
  Warehouses all;
  for (std::size_t i = 0; i < kept.ids.size(); ++i)
    for (const json::object& row : rows.rows())
      if (id_of(row, "id") == kept.ids[i])
        all.all.push_back(
            {kept.ids[i], plan.warehouses[i].name, id_of(row, "lot_stock_id"), id_of(row, "pos_type_id")});
  all.made = kept.made;
  return done(std::move(all));
}

}  // namespace

const Warehouse& shop_of(const Warehouses& warehouses) {
  if (warehouses.all.empty()) throw BadInput("/step_4_warehouses/all", "expected at least one warehouse");
  return warehouses.all.front();
}

Result<Warehouses> Engine::make_warehouses(Context& context, Asked request, Who tenant, Where server,
                                           const Platform& platform) {
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return work.ending();
  Database& database = work.value().database;
  const auto wanted = with_free_codes(database, warehouses_of(work->plan, platform.company), platform.company);
  if (!wanted.has_value()) return wanted.ending();
  const auto kept = ensure(database, *wanted);
  if (!kept.has_value()) return kept.ending();
  auto output = output_of(database, work->plan, *kept);
  if (!output.has_value()) return output;
  return answer(std::move(output.value()), !kept->made.empty());
}

Verdict Engine::verify_warehouses(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                                  Maybe<Warehouses> output) {
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return looked(work.ending());
  Database& database = work.value().database;
  const auto found = survey(database, warehouses_of(work->plan, platform.company));
  if (!found.has_value()) return looked(found.ending());
  if (output || !found->drift.empty()) return verdict(found->drift, output ? *output : Warehouses{});
  const auto all = output_of(database, work->plan, found->kept);
  if (!all.has_value()) return looked(all.ending());
  return verdict({}, *all);
}

Result<Nothing> Engine::undo_warehouses(Context& context, Asked request, Who tenant, Where server,
                                        const Platform& platform, Maybe<Warehouses> output) {
  if (platform.created) return done();
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return work.ending();
  const auto left = take_back(work.value().database, warehouses_of(work->plan, platform.company),
                              output ? output->made : notes_of(context).creating);
  if (!left.has_value()) return left.ending();
  return done();
}

Result<Plan> Engine::plan_warehouses(Context& context, Asked request, Who tenant, Where server,
                                     Maybe<Platform> platform) {
  if (!platform) {
    const auto plan = blueprint(context, request, tenant, server);
    if (!plan.has_value()) return plan.ending();
    Plan all;
    for (const Coded& one : plan->warehouses) all.actions.push_back({"create", "warehouse " + one.name, one.code});
    return done(std::move(all));
  }
  auto work = enter(context, request, tenant, server, *platform, Purpose::use_key);
  if (!work.has_value()) return work.ending();
  const auto actions = foresee(work.value().database, warehouses_of(work->plan, platform->company));
  if (!actions.has_value()) return actions.ending();
  return done(Plan{*actions});
}

}  // namespace tenantry::odoo
