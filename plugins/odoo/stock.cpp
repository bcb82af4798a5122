// Steps 4 and 6: warehouses, and demo items with a first stock.
#include <algorithm>

#include "engine.hpp"

namespace tenantry::odoo {

namespace {

using std::chrono::seconds;
constexpr int kOpeningStock = 50;

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

std::vector<Wanted> items_of(const Blueprint& plan, std::int64_t major) {
  std::vector<Wanted> all;
  for (const ItemWish& item : plan.items) {
    const json::value price = item.price;
    Wanted wanted{"product.template",
                  "item_" + key_part(item.code),
                  "item " + item.code,
                  {json::array{"default_code", "=", item.code}},
                  {{"name", item.name.value_or(item.code)},
                   {"default_code", item.code},
                   {"list_price", json::serialize(price)},
                   {"available_in_pos", "1"}}};
    if (major >= 18) {
      wanted.fields.emplace_back("type", "consu");
      wanted.fields.emplace_back("is_storable", "1");
    } else {
      wanted.fields.emplace_back("detailed_type", "product");
    }
    all.push_back(std::move(wanted));
  }
  return all;
}

// A first stock for items that have none. Counting is a wish until it is applied, and both are looked for.
Result<Nothing> stock_up(Database& database, const std::vector<std::int64_t>& templates, std::int64_t location) {
  json::array ids;
  for (const std::int64_t id : templates) ids.emplace_back(id);
  const Reply variants =
      database.search_read("product.product", {json::array{"product_tmpl_id", "in", ids}}, {"product_tmpl_id"});
  if (!variants.ok()) return ending_of(variants.fault(), database.concern("items", "to read them"));
  const Reply quants = database.search_read(
      "stock.quant", {json::array{"product_id.product_tmpl_id", "in", ids}, json::array{"location_id", "=", location}},
      {"product_id", "quantity", "inventory_quantity_set"});
  if (!quants.ok()) return ending_of(quants.fault(), database.concern("opening stock", "to look for it"));
  json::array apply;
  json::array create;
  for (const json::object& variant : variants.rows()) {
    bool known = false;
    for (const json::object& quant : quants.rows()) {
      if (id_of(quant, "product_id") != id_of(variant, "id")) continue;
      known = true;
      if (id_of(quant, "inventory_quantity_set") == 1 && id_of(quant, "quantity") == 0)
        apply.emplace_back(id_of(quant, "id"));
    }
    if (!known)
      create.push_back(json::object{
          {"product_id", id_of(variant, "id")}, {"location_id", location}, {"inventory_quantity", kOpeningStock}});
  }
  if (!create.empty()) {
    const Reply made = database.call({.model = "stock.quant",
                                      .method = "create",
                                      .named = {{"vals_list", std::move(create)}},
                                      .context = {{"inventory_mode", true}}});
    if (!made.ok()) return ending_of(made.fault(), database.concern("opening stock", "to count it"));
    if (made.value().is_array())
      for (const json::value& id : made.value().get_array()) apply.push_back(id);
  }
  if (apply.empty()) return already_done();
  const Reply applied = database.call(
      {.model = "stock.quant", .method = "action_apply_inventory", .ids = std::move(apply)}, seconds(120));
  if (!applied.ok()) return ending_of(applied.fault(), database.concern("opening stock", "to book it"));
  return done();
}

}  // namespace

const Warehouse& shop_of(const Warehouses& warehouses) {
  if (warehouses.all.empty()) throw BadInput("/step_4_warehouses/all", "expected at least one warehouse");
  return warehouses.all.front();
}

// ---- step 4 ----

Result<Warehouses> Engine::make_warehouses(Context& context, Asked request, Who tenant, Where server,
                                           const Platform& platform) {
  auto work = enter(context, request, tenant, server, platform, Purpose::act);
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
  auto work = enter(context, request, tenant, server, platform, Purpose::look);
  if (!work.has_value()) return work.ending();
  Database& database = work.value().database;
  const auto found = survey(database, warehouses_of(work->plan, platform.company));
  if (!found.has_value()) return found.ending();
  if (output || !found->drift.empty()) return verdict(found->drift, output ? *output : Warehouses{});
  const auto all = output_of(database, work->plan, found->kept);
  if (!all.has_value()) return all.ending();
  return verdict({}, *all);
}

Result<Nothing> Engine::undo_warehouses(Context& context, Asked request, Who tenant, Where server,
                                        const Platform& platform, Maybe<Warehouses> output) {
  if (platform.created) return done();
  auto work = enter(context, request, tenant, server, platform, Purpose::look);
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
  auto work = enter(context, request, tenant, server, *platform, Purpose::look);
  if (!work.has_value()) return work.ending();
  const auto actions = foresee(work.value().database, warehouses_of(work->plan, platform->company));
  if (!actions.has_value()) return actions.ending();
  return done(Plan{*actions});
}

// ---- step 6 ----

Result<std::optional<Items>> Engine::make_items(Context& context, Asked request, Who tenant, Where server,
                                                const Platform& platform, const Chart&, const Warehouses& warehouses) {
  if (!request.include_demo_data) return skipped("no demo data was asked for");
  auto work = enter(context, request, tenant, server, platform, Purpose::act);
  if (!work.has_value()) return work.ending();
  Database& database = work.value().database;
  const auto kept = ensure(database, items_of(work->plan, platform.major));
  if (!kept.has_value()) return kept.ending();
  const auto stocked = stock_up(database, kept->ids, shop_of(warehouses).stock);
  if (!stocked.has_value()) return stocked.ending();
  const bool changed = !kept->made.empty() || stocked.outcome() == TENANTRY_DONE;
  std::optional<Items> output(Items{kept->ids, kept->made});
  if (changed) return done(std::move(output));
  return already_done(std::move(output));
}

Verdict Engine::verify_items(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                             const Chart&, const Warehouses&, Maybe<Items> output) {
  if (!request.include_demo_data) return in_sync();
  auto work = enter(context, request, tenant, server, platform, Purpose::look);
  if (!work.has_value()) return work.ending();
  const auto found = survey(work.value().database, items_of(work->plan, platform.major));
  if (!found.has_value()) return found.ending();
  std::vector<Drift> drift = found->drift;
  if (!output) drift.push_back({"opening stock", "known to be booked", "unknown"});
  return verdict(std::move(drift), output ? *output : Items{});
}

Result<Nothing> Engine::undo_items(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                                   const Chart&, const Warehouses&, Maybe<Items> output) {
  if (platform.created) return done();
  auto work = enter(context, request, tenant, server, platform, Purpose::look);
  if (!work.has_value()) return work.ending();
  const auto left = take_back(work.value().database, items_of(work->plan, platform.major),
                              output ? output->made : notes_of(context).creating);
  if (!left.has_value()) return left.ending();
  return done();
}

Result<Plan> Engine::plan_items(Context& context, Asked request, Who tenant, Where server, Maybe<Platform> platform,
                                Maybe<Chart>, Maybe<Warehouses>) {
  if (!request.include_demo_data) return done(Plan{});
  if (!platform) {
    const auto plan = blueprint(context, request, tenant, server);
    if (!plan.has_value()) return plan.ending();
    Plan all;
    for (const ItemWish& item : plan->items) all.actions.push_back({"create", "item " + item.code, ""});
    return done(std::move(all));
  }
  auto work = enter(context, request, tenant, server, *platform, Purpose::look);
  if (!work.has_value()) return work.ending();
  const auto actions = foresee(work.value().database, items_of(work->plan, platform->major));
  if (!actions.has_value()) return actions.ending();
  return done(Plan{*actions});
}

}  // namespace tenantry::odoo
