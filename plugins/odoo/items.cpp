// Step 6: demo items with a first stock.
#include <algorithm>

#include "engine.hpp"

namespace tenantry::odoo {

namespace {

using std::chrono::seconds;
constexpr int kOpeningStock = 50;

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

// Takes the first stock of these items out again, so that their warehouse can go into the archive. What somebody has
// moved since is his.
Result<Nothing> clear_out(Database& database, const std::vector<Wanted>& wanted, const Titles& made) {
  const auto found = survey(database, wanted);
  if (!found.has_value()) return found.ending();
  json::array items;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto is_in = [&](const Titles& all) {
      return std::find(all.begin(), all.end(), wanted[i].title) != all.end();
    };
    if (found->kept.ids[i] != 0 && (is_in(made) || is_in(found->kept.made))) items.emplace_back(found->kept.ids[i]);
  }
  if (items.empty()) return done();
  const Concern concern = database.concern("opening stock", "to take it out");
  const Reply quants = database.search_read("stock.quant",
                                            {json::array{"product_id.product_tmpl_id", "in", std::move(items)},
                                             json::array{"location_id.usage", "=", "internal"}},
                                            {"quantity"});
  if (!quants.ok()) return ending_of(quants.fault(), concern);
  json::array untouched;
  for (const json::object& quant : quants.rows())
    if (id_of(quant, "quantity") == kOpeningStock) untouched.emplace_back(id_of(quant, "id"));
  if (untouched.empty()) return done();
  const Reply counted = database.call({.model = "stock.quant",
                                       .method = "write",
                                       .named = {{"vals", {{"inventory_quantity", 0}}}},
                                       .ids = untouched,
                                       .context = {{"inventory_mode", true}}});
  if (!counted.ok()) return ending_of(counted.fault(), concern);
  const Reply applied = database.call(
      {.model = "stock.quant", .method = "action_apply_inventory", .ids = std::move(untouched)}, seconds(120));
  if (!applied.ok()) return ending_of(applied.fault(), concern);
  return done();
}

}  // namespace

Result<std::optional<Items>> Engine::make_items(Context& context, Asked request, Who tenant, Where server,
                                                const Platform& platform, const Chart&, const Warehouses& warehouses) {
  if (!request.include_demo_data) return skipped("no demo data was asked for");
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
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
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return looked(work.ending());
  const auto found = survey(work.value().database, items_of(work->plan, platform.major));
  if (!found.has_value()) return looked(found.ending());
  std::vector<Drift> drift = found->drift;
  if (!output) drift.push_back({"opening stock", "known to be booked", "unknown"});
  return verdict(std::move(drift), output ? *output : Items{});
}

Result<Nothing> Engine::undo_items(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                                   const Chart&, const Warehouses&, Maybe<Items> output) {
  if (platform.created) return done();
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return work.ending();
  Database& database = work.value().database;
  const auto items = items_of(work->plan, platform.major);
  const Titles made = output ? output->made : notes_of(context).creating;
  if (const auto cleared = clear_out(database, items, made); !cleared.has_value()) return cleared.ending();
  const auto left = take_back(database, items, made);
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
  auto work = enter(context, request, tenant, server, *platform, Purpose::use_key);
  if (!work.has_value()) return work.ending();
  const auto actions = foresee(work.value().database, items_of(work->plan, platform->major));
  if (!actions.has_value()) return actions.ending();
  return done(Plan{*actions});
}

}  // namespace tenantry::odoo
