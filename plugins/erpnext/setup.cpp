// Steps 0 and 1: is this an ERPNext we can work with, and is it set up? The setup wizard is right for an empty site
// only; a site with companies gets what is missing as single documents.
#include <charconv>

#include "engine.hpp"
#include "new_site.hpp"
#include "wizard.hpp"

namespace tenantry::erpnext {

namespace {

constexpr int kOldestVersion = 15;

std::optional<Ending> too_old(const std::string& version, const Site& site) {
  int major = 0;
  std::from_chars(version.data(), version.data() + version.size(), major);
  if (major >= kOldestVersion) return std::nullopt;
  return give_up({"erpnext.version", "missing_dependency", "server " + site.address().server, "ERPNext 15 or later",
                  version, "Upgrade ERPNext on server " + site.address().server + ", then Continue."});
}

Result<std::string> installed_version(Site& site) {
  const Reply versions = site.ask("frappe.utils.change_log.get_versions");
  if (!versions.ok()) return ending_of(versions.fault(), site.concern("versions of the apps", "to read them"));
  const json::value* erpnext = versions.fields().if_contains("erpnext");
  if (erpnext && erpnext->is_object()) return done(text_of(erpnext->get_object(), "version"));
  return give_up({"erpnext.app_missing", "missing_dependency", "app erpnext", "it on the site", "not installed",
                  "Install ERPNext on the site of server " + site.address().server + ", then Continue."});
}

// ---- what has to be there ----

std::vector<Wanted> presets(const Blueprint& plan, const std::string& price_list) {
  const std::string country(plan.country->name);
  std::vector<Wanted> all;
  const auto add = [&](std::string doctype, std::string name, json::object fields) {
    all.push_back({std::move(doctype), std::move(name), std::move(fields), {}, true});
  };
  add("Warehouse Type", "Transit", {{"name", "Transit"}});
  add("UOM", "Nos", {{"uom_name", "Nos"}, {"must_be_whole_number", 1}});
  add("Item Group", "All Item Groups", {{"item_group_name", "All Item Groups"}, {"is_group", 1}});
  add("Item Group", "Products", {{"item_group_name", "Products"}, {"parent_item_group", "All Item Groups"}});
  add("Customer Group", "All Customer Groups", {{"customer_group_name", "All Customer Groups"}, {"is_group", 1}});
  add("Customer Group", "Individual",
      {{"customer_group_name", "Individual"}, {"parent_customer_group", "All Customer Groups"}});
  add("Territory", "All Territories", {{"territory_name", "All Territories"}, {"is_group", 1}});
  add("Territory", country, {{"territory_name", country}, {"parent_territory", "All Territories"}});
  add("Price List", price_list,
      {{"price_list_name", price_list}, {"selling", 1}, {"buying", 0}, {"enabled", 1}, {"currency", plan.currency}});
  add("Mode of Payment", "Cash", {{"mode_of_payment", "Cash"}, {"type", "Cash"}});
  add("Stock Entry Type", "Material Receipt", {{"name", "Material Receipt"}, {"purpose", "Material Receipt"}});
  return all;
}

Wanted fiscal_year(const Blueprint& plan) {
  const FiscalYear& year = plan.fiscal_year;
  return {"Fiscal Year",
          year.name,
          {{"year", year.name}, {"year_start_date", year.start}, {"year_end_date", year.end}},
          {},
          true};
}

Result<bool> fiscal_year_is_there(Site& site, const Blueprint& plan) {
  const FiscalYear& year = plan.fiscal_year;
  const std::string day = year.start <= plan.today && plan.today <= year.end ? plan.today : year.start;
  const json::array filters{json::array{"year_start_date", "<=", day}, json::array{"year_end_date", ">=", day}};
  const Reply reply = site.list("Fiscal Year", filters, {"name"}, 1);
  if (!reply.ok()) return ending_of(reply.fault(), site.concern("Fiscal Year of " + day, "to look for it"));
  return done(!reply.rows().empty());
}

// The common list, unless it counts in other money.
Result<std::string> selling_price_list(Site& site, const Blueprint& plan) {
  const json::array filters{json::array{"name", "=", "Standard Selling"}};
  const Reply reply = site.list("Price List", filters, {"name", "currency"}, 1);
  if (!reply.ok()) return ending_of(reply.fault(), site.concern("Price List Standard Selling", "to look for it"));
  const auto rows = reply.rows();
  const bool fits = rows.empty() || text_of(rows[0], "currency") == plan.currency;
  return done(fits ? std::string("Standard Selling") : "Selling " + plan.currency);
}

Wanted owner_user(const Blueprint& plan, std::string_view password) {
  json::array roles;
  for (const char* role : {"System Manager", "Sales Manager", "Sales User", "Accounts Manager", "Accounts User",
                           "Stock Manager", "Stock User", "Item Manager"})
    if (!plan.shared || std::string_view(role) != "System Manager") roles.push_back(json::object{{"role", role}});
  return {"User",
          plan.owner_email,
          {{"email", plan.owner_email},
           {"first_name", plan.owner_name},
           {"send_welcome_email", 0},
           {"new_password", password},
           {"roles", std::move(roles)}}};
}

std::vector<Setting> basics(const Blueprint& plan, bool is_set_up) {
  std::vector<Setting> all{{"Currency", plan.currency, {{"enabled", 1}}}};
  if (!is_set_up)
    all.push_back({"System Settings",
                   "System Settings",
                   {{"country", plan.country->name}, {"time_zone", plan.country->time_zone}}});
  return all;
}

// Keys are made once for a site of one's own; on a shared site new keys would lock out whoever uses the old ones.
Result<Nothing> keep_keys(Site& site, const Blueprint& plan) {
  Context& context = site.context();
  if (plan.shared) return done();
  const auto password = context.find_secret("server.admin_password");
  const Concern concern = site.concern("API key of Administrator", "to make one");
  if (context.find_secret("erpnext.api_key") && context.find_secret("erpnext.api_secret")) {
    const Reply who = site.ask("frappe.auth.get_logged_user");
    if (who.ok() || who.fault().cause != "unauthenticated" || !password) return done();
    context.warn("the kept API key does not work any more; making another");
    site.forget_token();
    const Reply reply = site.sign_in("Administrator", *password);
    if (!reply.ok()) return ending_of(reply.fault(), site.concern("sign-in as Administrator", "to be let in"));
  } else if (context.find_secret("server.api_key") && context.find_secret("server.api_secret")) {
    return done();
  }
  const Reply made = site.call("frappe.core.doctype.user.user.generate_keys", {{"user", "Administrator"}});
  if (!made.ok()) return ending_of(made.fault(), concern);
  const Reply read = site.ask("frappe.client.get_value", "doctype=User&filters=Administrator&fieldname=api_key");
  if (!read.ok()) return ending_of(read.fault(), concern);
  const std::string key = text_of(read.fields(), "api_key"), secret = text_of(made.fields(), "api_secret");
  // The secret last: a key without it is not used.
  if (key.empty() || secret.empty() || !context.put_secret("erpnext.api_key", key) ||
      !context.put_secret("erpnext.api_secret", secret)) {
    context.warn("the API key cannot be kept; every step signs in with the password");
    return done();
  }
  site.use_token(key, secret);
  return done();
}

Platform platform_of(const Blueprint& plan, const std::string& price_list, bool site_created, bool wizard, Titles made,
                     std::vector<Changed> changes) {
  return {plan.site,
          site_created,
          wizard,
          plan.owner_user ? plan.owner_email : "",
          "Individual",
          std::string(plan.country->name),
          "Products",
          "Nos",
          price_list,
          std::move(made),
          std::move(changes)};
}

}  // namespace

// ---- step 0 ----

Result<EngineCheck> Engine::check(Context& context, Asked request, Who tenant, Where server) {
  auto at = address(context, request, tenant, server);
  if (!at.has_value()) return at.ending();
  const Blueprint& plan = at->plan;
  if (plan.mode == Mode::new_site) {
    // The site may be half made, and asking such a site anything over HTTP would block its removal: ask bench.
    const auto version = BenchCommands(context, plan, "").erpnext_version();
    if (!version.has_value()) return version.ending();
    if (auto old = too_old(*version, at->site)) return std::move(*old);
    return already_done(EngineCheck{plan.site, *version});
  }
  const Reply ping = at.value().site.ping();
  if (!ping.ok()) return ending_of(ping.fault(), at->site.concern("ERPNext at " + server.url, "an answer to a ping"));
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  const auto version = installed_version(work.value().site);
  if (!version.has_value()) return version.ending();
  if (auto old = too_old(*version, work->site)) return std::move(*old);
  context.info("ERPNext answers", {{"version", *version}, {"site", plan.site}});
  return already_done(EngineCheck{plan.site, *version});
}

Verdict Engine::verify_check(Context& context, Asked request, Who tenant, Where server, Maybe<EngineCheck> output) {
  const auto checked = check(context, request, tenant, server);
  if (!checked.has_value()) return checked.ending();
  return verdict({}, output.value_or(*checked));
}

// ---- step 1 ----

Result<Platform> Engine::set_up(Context& context, Asked request, Who tenant, Where server, const EngineCheck&) {
  auto at = address(context, request, tenant, server);
  if (!at.has_value()) return at.ending();
  const Blueprint& plan = at->plan;
  bool site_created = false;
  if (plan.mode == Mode::new_site) {
    const auto made = provide_site(context, plan, context.secret("server.admin_password"));
    if (!made.has_value()) return made.ending();
    site_created = *made;
  }
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  Site& site = work.value().site;
  if (const auto kept = keep_keys(site, plan); !kept.has_value()) return kept.ending();

  Notes notes = notes_of(context);
  const auto setup = look_at_setup(site);
  if (!setup.has_value()) return setup.ending();
  const bool is_empty = !setup->complete && !setup->has_company;
  const std::string password(plan.owner_user ? context.secret("tenant.admin_password") : "");
  if (is_empty) {
    if (auto unknown = unknown_chart(site, plan)) return std::move(*unknown);
    if (const auto ran = run_wizard(site, plan, password, notes); !ran.has_value()) return ran.ending();
  }
  bool wizard_company = false;
  if (notes.wizard_company == plan.company) {
    const auto marked = mark_wizard_company(site, plan);
    if (!marked.has_value()) return marked.ending();
    wizard_company = *marked;
  }

  context.progress(0.6, "presets");
  const auto price_list = selling_price_list(site, plan);
  if (!price_list.has_value()) return price_list.ending();
  std::vector<Wanted> wanted = presets(plan, *price_list);
  const auto year = fiscal_year_is_there(site, plan);
  if (!year.has_value()) return year.ending();
  if (!*year || notes.has("Fiscal Year " + plan.fiscal_year.name)) wanted.push_back(fiscal_year(plan));
  if (plan.owner_user) wanted.push_back(owner_user(plan, password));
  const auto changes = apply(site, basics(plan, setup->complete || is_empty), true);
  if (!changes.has_value()) return changes.ending();
  const auto made = ensure(site, wanted, {.adopt = true});
  if (!made.has_value()) return made.ending();

  const bool changed = site_created || wizard_company || !made->empty() || !changes->empty();
  return answer(platform_of(plan, *price_list, site_created, wizard_company, *made, *changes), changed);
}

Verdict Engine::verify_set_up(Context& context, Asked request, Who tenant, Where server, const EngineCheck&,
                              Maybe<Platform> output) {
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) {
    if (work.ending().code() != "erpnext.no_such_site" && work.ending().code() != "erpnext.unauthenticated")
      return work.ending();
    return drifted("site " + server.url, "there, with our keys", work.ending().message());
  }
  Site& site = work.value().site;
  const Blueprint& plan = work->plan;
  const auto price_list = selling_price_list(site, plan);
  if (!price_list.has_value()) {
    const std::string& code = price_list.ending().code();
    if (code != "erpnext.no_such_site" && code != "erpnext.unauthenticated") return price_list.ending();
    return drifted("site " + server.url, "there, with our keys", price_list.ending().message());
  }
  std::vector<Wanted> wanted = presets(plan, *price_list);
  if (plan.owner_user) wanted.push_back(owner_user(plan, ""));
  if (notes_of(context).has("Fiscal Year " + plan.fiscal_year.name)) wanted.push_back(fiscal_year(plan));
  auto found = survey(site, wanted);
  if (!found.has_value()) return found.ending();
  std::vector<Drift> drift = found->drift;
  const auto year = fiscal_year_is_there(site, plan);
  if (!year.has_value()) return year.ending();
  if (!*year) drift.push_back({"Fiscal Year " + plan.fiscal_year.name, "there", "nothing"});
  if (output) return verdict(std::move(drift), *output);

  // Nobody knows how far the attempt came: its notes say what it had begun, marks say what it finished.
  const Notes notes = notes_of(context);
  const auto unfinished = compare(site, basics(plan, notes.changing.empty() || !notes.wizard_company.empty()), true);
  if (!unfinished.has_value()) return unfinished.ending();
  drift.insert(drift.end(), unfinished->begin(), unfinished->end());
  if (!notes.wizard_company.empty()) {
    const auto holder = holder_of_company(site, plan);
    if (!holder.has_value()) return holder.ending();
    if (*holder != Holder::this_run)
      drift.push_back({"Company " + plan.company, "marked as the tenant's", "not marked, or not there"});
  }
  if (plan.mode == Mode::new_site && notes.site_creating && !notes.site_created)
    drift.push_back({"site " + plan.site, "known to be complete", "unknown"});
  const bool wizard = !notes.wizard_company.empty();
  return verdict(std::move(drift),
                 platform_of(plan, *price_list, notes.site_created, wizard, found->made, notes.changing));
}

Result<Nothing> Engine::undo_set_up(Context& context, Asked request, Who tenant, Where server, const EngineCheck&,
                                    Maybe<Platform> output) {
  auto at = address(context, request, tenant, server);
  if (!at.has_value()) return at.ending();
  const Blueprint& plan = at->plan;
  const Notes notes = notes_of(context);
  if (plan.mode == Mode::new_site && ((output && output->site_created) || notes.site_creating)) {
    return drop_own_site(context, plan, context.find_secret("server.admin_password").value_or(""),
                         [&]() -> Result<Site> {
                           auto work = enter(context, request, tenant, server);
                           if (!work.has_value()) return work.ending();
                           return done(std::move(work.value().site));
                         });
  }
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  Site& site = work.value().site;
  std::vector<Wanted> wanted = presets(plan, "Standard Selling");
  wanted.push_back({"Price List", "Selling " + plan.currency, {}, {}, true});
  wanted.push_back(fiscal_year(plan));
  if (output)  // made in another year than it is taken back in
    for (const std::string& title : output->made)
      if (title.starts_with("Fiscal Year ") && title != wanted.back().title())
        wanted.push_back({"Fiscal Year", title.substr(12), {}, {}, true});
  if (plan.owner_user) wanted.push_back(owner_user(plan, ""));
  const auto left = take_back(site, wanted);
  if (!left.has_value()) return left.ending();
  if (output && output->wizard)
    context.warn("the presets of the setup wizard stay: only dropping the site removes them");
  if (plan.shared) return done();
  std::vector<Changed> changes = output ? output->changes : notes.changing;
  std::erase_if(changes, [](const Changed& change) { return change.doctype == "Currency"; });
  return put_back(site, changes);
}

Result<Plan> Engine::plan_set_up(Context& context, Asked request, Who tenant, Where server, Maybe<EngineCheck>) {
  auto at = address(context, request, tenant, server);
  if (!at.has_value()) return at.ending();
  const Blueprint& plan = at->plan;
  if (plan.mode == Mode::new_site) {
    const auto state = BenchCommands(context, plan, "").look();
    if (!state.has_value()) return state.ending();
    if (*state != SiteState::complete)
      return done(
          Plan{{{"create", "site " + plan.site, "with bench"}, {"create", "presets", "with the setup wizard"}}});
  }
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  const auto setup = look_at_setup(work.value().site);
  if (!setup.has_value()) return setup.ending();
  if (!setup->complete && !setup->has_company)
    return done(Plan{{{"create", "presets", "with the setup wizard, company included"}}});
  auto actions = foresee(work.value().site, presets(plan, "Standard Selling"));
  if (!actions.has_value()) return actions.ending();
  return done(Plan{*actions});
}

}  // namespace tenantry::erpnext
