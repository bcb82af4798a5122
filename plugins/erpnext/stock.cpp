// Steps 4, 5 and 6: warehouses, the defaults of the site, and demo items.
#include "engine.hpp"

namespace tenantry::erpnext {

namespace {

std::vector<Wanted> warehouses_of(const Blueprint& plan, const Company& company, const std::string& root) {
  std::vector<Wanted> all;
  const std::string suffix = " - " + company.abbr;
  for (const std::string& name : plan.warehouses)
    all.push_back({"Warehouse",
                   name.ends_with(suffix) ? name : name + suffix,  // as ERPNext does it
                   {{"warehouse_name", name}, {"company", company.name}, {"parent_warehouse", root}, {"is_group", 0}},
                   {{"company", company.name}}});
  return all;
}

Result<std::string> root_warehouse(Site& site, const std::string& company) {
  const json::array filters{json::array{"company", "=", company}, json::array{"is_group", "=", 1}};
  const Reply reply = site.list("Warehouse", filters, {"name", "parent_warehouse"});
  if (!reply.ok()) return ending_of(reply.fault(), site.concern("warehouses of " + company, "to list them"));
  for (const auto& row : reply.rows())
    if (text_of(row, "parent_warehouse").empty()) return done(text_of(row, "name"));
  return done(std::string());
}

Warehouses output_of(const std::vector<Wanted>& wanted, Titles made) {
  Warehouses all;
  all.shop = wanted.front().name;
  for (const Wanted& one : wanted) all.all.push_back(one.name);
  all.made = std::move(made);
  return all;
}

// Defaults that hold for the whole site. On a shared one they belong to nobody: only what is empty is filled, nothing
// names one tenant's company, and nothing is emptied again when a tenant leaves.
std::vector<Setting> defaults(const Platform& platform, const Company& company, const Warehouses& warehouses,
                              bool shared) {
  json::object global{{"default_currency", company.currency}, {"country", company.country}};
  json::object stock{{"stock_uom", platform.stock_uom}};
  if (!shared) {
    global["default_company"] = company.name;
    stock["default_warehouse"] = warehouses.shop;
  }
  return {{"Global Defaults", "Global Defaults", std::move(global)},
          {"Selling Settings",
           "Selling Settings",
           {{"customer_group", platform.customer_group},
            {"territory", platform.territory},
            {"selling_price_list", platform.price_list}}},
          {"Stock Settings", "Stock Settings", std::move(stock)}};
}

std::vector<Wanted> items_of(const Blueprint& plan, const Platform& platform, const Company& company,
                             const Warehouses& warehouses) {
  std::vector<Wanted> all;
  for (const ItemWish& item : plan.items) {
    const std::string code = plan.own_name(item.code, company.abbr);
    json::object fields{{"item_code", code},
                        {"item_name", item.name.value_or(item.code)},
                        {"item_group", platform.item_group},
                        {"stock_uom", platform.stock_uom},
                        {"is_stock_item", 1},
                        {"item_defaults",
                         json::array{json::object{{"company", company.name}, {"default_warehouse", warehouses.shop}}}}};
    if (item.price > 0) fields["standard_rate"] = item.price;  // also makes the Item Price
    all.push_back({"Item", code, std::move(fields)});
  }
  return all;
}

Items output_of_items(const std::vector<Wanted>& wanted, Titles made) {
  Items items;
  for (const Wanted& one : wanted) items.codes.push_back(one.name);
  items.made = std::move(made);
  return items;
}

}  // namespace

// ---- step 4 ----

Result<Warehouses> Engine::make_warehouses(Context& context, Asked request, Who tenant, Where server,
                                           const Company& company) {
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  Site& site = work.value().site;
  const auto root = root_warehouse(site, company.name);
  if (!root.has_value()) return root.ending();
  const auto wanted = warehouses_of(work->plan, company, *root);
  const auto made = ensure(site, wanted, {.adopt = true});  // the name holds the company's abbreviation
  if (!made.has_value()) return made.ending();
  return answer(output_of(wanted, *made), !made->empty());
}

Verdict Engine::verify_warehouses(Context& context, Asked request, Who tenant, Where server, const Company& company,
                                  Maybe<Warehouses> output) {
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  const auto wanted = warehouses_of(work->plan, company, "");
  auto found = survey(work.value().site, wanted);
  if (!found.has_value()) return found.ending();
  return verdict(found->drift, output ? *output : output_of(wanted, found->made));
}

Result<Nothing> Engine::undo_warehouses(Context& context, Asked request, Who tenant, Where server,
                                        const Company& company, Maybe<Warehouses>) {
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  const auto left = take_back(work.value().site, warehouses_of(work->plan, company, ""));
  if (!left.has_value()) return left.ending();
  return done();
}

Result<Plan> Engine::plan_warehouses(Context& context, Asked request, Who tenant, Where server,
                                     Maybe<Company> company) {
  if (!company) {
    auto at = address(context, request, tenant, server);
    if (!at.has_value()) return at.ending();
    Plan plan;
    for (const std::string& name : at->plan.warehouses) plan.actions.push_back({"create", "Warehouse " + name, ""});
    return done(std::move(plan));
  }
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  const auto actions = foresee(work.value().site, warehouses_of(work->plan, *company, ""));
  if (!actions.has_value()) return actions.ending();
  return done(Plan{*actions});
}

// ---- step 5 ----

Result<Applied> Engine::apply_settings(Context& context, Asked request, Who tenant, Where server,
                                       const Platform& platform, const Company& company, const Warehouses& warehouses) {
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  const auto changes =
      apply(work.value().site, defaults(platform, company, warehouses, work->plan.shared), work->plan.shared);
  if (!changes.has_value()) return changes.ending();
  return answer(Applied{*changes}, !changes->empty());
}

Verdict Engine::verify_settings(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                                const Company& company, const Warehouses& warehouses, Maybe<Applied> output) {
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  auto drift =
      compare(work.value().site, defaults(platform, company, warehouses, work->plan.shared), work->plan.shared);
  if (!drift.has_value()) return drift.ending();
  return verdict(*drift, output ? *output : Applied{notes_of(context).changing});
}

Result<Nothing> Engine::undo_settings(Context& context, Asked request, Who tenant, Where server, const Platform&,
                                      const Company&, const Warehouses&, Maybe<Applied> output) {
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  if (work->plan.shared) return done();
  return put_back(work.value().site, output ? output->changes : notes_of(context).changing);
}

// ---- step 6 ----

Result<std::optional<Items>> Engine::make_items(Context& context, Asked request, Who tenant, Where server,
                                                const Platform& platform, const Company& company,
                                                const Warehouses& warehouses) {
  if (!request.include_demo_data) return skipped("demo data was not asked for");
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  const auto wanted = items_of(work->plan, platform, company, warehouses);
  const auto made = ensure(work.value().site, wanted, work->options());
  if (!made.has_value()) return made.ending();
  return answer(std::optional(output_of_items(wanted, *made)), !made->empty());
}

Verdict Engine::verify_items(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                             const Company& company, const Warehouses& warehouses, Maybe<Items> output) {
  if (!request.include_demo_data) return in_sync();
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  const auto wanted = items_of(work->plan, platform, company, warehouses);
  auto found = survey(work.value().site, wanted);
  if (!found.has_value()) return found.ending();
  return verdict(found->drift, output ? *output : output_of_items(wanted, found->made));
}

Result<Nothing> Engine::undo_items(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                                   const Company& company, const Warehouses& warehouses, Maybe<Items>) {
  if (!request.include_demo_data) return done();
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  const auto left = take_back(work.value().site, items_of(work->plan, platform, company, warehouses));
  if (!left.has_value()) return left.ending();
  return done();
}

Result<Plan> Engine::plan_items(Context& context, Asked request, Who tenant, Where server, Maybe<Platform>,
                                Maybe<Company>, Maybe<Warehouses>) {
  Plan plan;
  if (!request.include_demo_data) return done(std::move(plan));
  auto at = address(context, request, tenant, server);
  if (!at.has_value()) return at.ending();
  for (const ItemWish& item : at->plan.items)
    plan.actions.push_back({"create", "Item " + item.code, "unless it exists"});
  return done(std::move(plan));
}

}  // namespace tenantry::erpnext
