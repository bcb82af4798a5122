// Steps 0 and 1: is this an ERPNext we can work with, and is it set up? The setup wizard is right for an empty site
// only; a site with companies gets what is missing as single documents.
#include <charconv>

#include "bench.hpp"
#include "engine.hpp"

namespace tenantry::erpnext {

namespace {

constexpr auto kWizard = "frappe.desk.page.setup_wizard.setup_wizard.setup_complete";
constexpr auto kCharts = "erpnext.accounts.doctype.account.chart_of_accounts.chart_of_accounts.get_charts_for_country";
constexpr int kOldestVersion = 15;

std::optional<Ending> too_old(const std::string& version, const Site& site) {
  int major = 0;
  std::from_chars(version.data(), version.data() + version.size(), major);
  if (major >= kOldestVersion) return std::nullopt;
  return failed("erpnext.version", "ERPNext " + version + " is older than 15.")
      .detail("class", "missing_dependency")
      .detail("object", "server " + site.address().server)
      .detail("expected", "ERPNext 15 or later")
      .detail("found", version)
      .next_action("Upgrade ERPNext on server " + site.address().server + ", then Continue.");
}

Result<std::string> installed_version(Site& site) {
  const Reply versions = site.ask("frappe.utils.change_log.get_versions");
  if (!versions.ok()) return ending_of(versions.fault(), site.concern("versions of the apps", "to read them"));
  const json::value* erpnext = versions.fields().if_contains("erpnext");
  if (erpnext && erpnext->is_object()) return done(text_of(erpnext->get_object(), "version"));
  return failed("erpnext.app_missing", "ERPNext is not installed on this site.")
      .detail("class", "missing_dependency")
      .detail("object", "app erpnext")
      .detail("expected", "installed")
      .detail("found", "not installed")
      .next_action("Install ERPNext on the site of server " + site.address().server + ", then Continue.");
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

// ---- the wizard ----

struct Setup {
  bool complete = false;
  bool has_company = false;
};

Result<Setup> look_at_setup(Site& site) {
  const std::string query = "doctype=" + http::percent_encode("Installed Application") +
                            "&parent=" + http::percent_encode("Installed Applications") +
                            "&fields=" + http::percent_encode(R"(["app_name","is_setup_complete"])") +
                            "&limit_page_length=0";
  const Reply flags = site.ask("frappe.client.get_list", query);
  if (!flags.ok()) return ending_of(flags.fault(), site.concern("state of the set-up", "to read it"));
  const Reply companies = site.list("Company", {}, {"name"}, 1);
  if (!companies.ok()) return ending_of(companies.fault(), site.concern("companies", "to list them"));
  Setup setup;
  setup.complete = !flags.rows().empty();
  for (const auto& app : flags.rows()) setup.complete = setup.complete && text_of(app, "is_setup_complete") == "1";
  setup.has_company = !companies.rows().empty();
  return done(setup);
}

json::object wizard_arguments(const Blueprint& plan, const std::string& password) {
  json::object args{{"language", "English"},
                    {"country", plan.country->name},
                    {"timezone", plan.country->time_zone},
                    {"currency", plan.currency},
                    {"full_name", plan.owner_name},
                    {"company_name", plan.company},
                    {"company_abbr", plan.abbreviations.front()},
                    {"chart_of_accounts", plan.chart},
                    {"fy_start_date", plan.fiscal_year.start},
                    {"fy_end_date", plan.fiscal_year.end},
                    {"setup_demo", 0},
                    {"enable_telemetry", 0}};
  if (plan.owner_user) {
    args["email"] = plan.owner_email;
    args["password"] = password;
  }
  return {{"args", std::move(args)}};
}

// A wizard at work, ours or another's, is waited for rather than started again. False: it did not end in time.
Result<bool> wait_for_wizard(Site& site, const std::string& why) {
  for (int i = 0; i < 20; ++i) {
    const auto setup = look_at_setup(site);
    if (!setup.has_value()) return setup.ending();
    if (setup->complete) return done(true);
    site.context().progress(0.3, why);
    if (!site.context().sleep(500ms)) site.context().throw_if_cancelled();
  }
  return done(false);
}

Result<Nothing> wait_or_come_back(Site& site, const std::string& why) {
  const auto ended = wait_for_wizard(site, why);
  if (!ended.has_value()) return ended.ending();
  if (!*ended) return wait(3s, why);
  return done();
}

Result<Nothing> run_wizard(Site& site, const Blueprint& plan, const std::string& password, Notes& notes) {
  notes.wizard_company = plan.company;
  const std::string owner = "User " + plan.owner_email;
  if (plan.owner_user && !notes.has(owner)) {
    const Reply there = site.read("User", plan.owner_email);
    if (!there.ok() && !there.is(Remedy::absent))
      return ending_of(there.fault(), site.concern(owner, "to look for it"));
    if (!there.ok()) notes.creating.push_back(owner);
  }
  site.context().save(notes);
  site.context().progress(0.2, "setup wizard");
  const Reply reply = site.call(kWizard, wizard_arguments(plan, password), std::chrono::seconds(180));
  if (!reply.ok()) {
    const Fault& fault = reply.fault();
    if (fault.remedy == Remedy::cancelled) return cancelled();
    if (fault.exc_type == "TimestampMismatchError") return wait_or_come_back(site, "another setup wizard is at work");
    if (!fault.unknown_outcome) return ending_of(fault, site.concern("setup wizard", "to run it"));
    const auto ended = wait_for_wizard(site, "the setup wizard may still be at work");
    if (!ended.has_value()) return ended.ending();
    if (!*ended) return ending_of(fault, site.concern("setup wizard", "to run it"));
    return done();
  }
  const std::string status = text_of(reply.fields(), "status");
  if (status == "ok") return done();
  if (status == "registered") return wait_or_come_back(site, "the setup wizard works in the background");
  return retry("erpnext.wizard_failed", "setup wizard: wanted ok, found: " + plain_text(status, 80))
      .detail("class", "transient")
      .detail("object", "setup wizard")
      .detail("expected", "ok")
      .detail("found", plain_text(status, 80))
      .next_action("Look into the site's Error Log, then Continue.");
}

// The wizard's word is not proof: it says ok to a chart it does not know, and makes no company.
Result<bool> mark_wizard_company(Site& site, const Blueprint& plan) {
  const Mark mark(site.context());
  const json::array filters{json::array{"name", "=", plan.company}};
  const Reply reply = site.list("Company", filters, {"name", "_user_tags"}, 1);
  const Concern concern = site.concern("Company " + plan.company, "to find it after the wizard");
  if (!reply.ok()) return ending_of(reply.fault(), concern);
  const auto rows = reply.rows();
  if (rows.empty()) {
    site.context().warn("the setup wizard said ok but made no company; it will be made as a document",
                        {{"company", plan.company}});
    return done(false);
  }
  if (mark.holder(text_of(rows[0], "_user_tags")) != Holder::nobody) return done(true);
  const Reply tagged = site.tag("Company", plan.company, mark.tag());
  if (!tagged.ok()) return ending_of(tagged.fault(), concern);
  return done(true);
}

std::optional<Ending> unknown_chart(Site& site, const Blueprint& plan) {
  const Reply charts = site.ask(kCharts, "country=" + http::percent_encode(plan.country->name) + "&with_standard=true");
  if (!charts.ok()) return ending_of(charts.fault(), site.concern("charts of accounts", "to list them"));
  std::string known;
  if (charts.value().is_array())
    for (const json::value& chart : charts.value().get_array()) {
      if (as_text(chart) == plan.chart) return std::nullopt;
      known += (known.empty() ? "" : ", ") + as_text(chart);
    }
  return failed("erpnext.unknown_chart", "Chart of accounts " + plan.chart + ": wanted one of " + known)
      .detail("class", "invalid_input")
      .detail("object", "Chart of accounts " + plan.chart)
      .detail("expected", known)
      .detail("found", plan.chart)
      .at("/request/chart_of_accounts")
      .next_action("Start again with one of these charts.");
}

// ---- a site of one's own ----

// True: this run made it.
Result<bool> provide_site(Context& context, const Blueprint& plan, std::string_view admin_password) {
  BenchCommands bench(context, plan, admin_password);
  Notes notes = notes_of(context);
  const auto begin = [&] {
    if (notes.site_creating) return;
    notes.site_creating = true;
    context.save(notes);
  };
  for (int i = 0; i < 5; ++i) {
    const auto state = bench.look();
    if (!state.has_value()) return state.ending();
    switch (*state) {
      case SiteState::complete:
        if (notes.site_creating && !notes.site_created) {
          notes.site_created = true;
          context.save(notes);
        }
        return done(bool(notes.site_creating));
      case SiteState::missing: {
        begin();
        context.progress(0.05, "making the site");
        if (const auto made = bench.new_site(); !made.has_value()) return made.ending();
        break;
      }
      case SiteState::frappe: {
        context.progress(0.1, "installing ERPNext");
        if (const auto installed = bench.install_erpnext(); !installed.has_value()) return installed.ending();
        break;
      }
      case SiteState::unreadable:
        // Bench may fail for reasons that say nothing about the site: only our own remains are dropped unread.
        if (!notes.site_creating)
          return retry("erpnext.site_unreadable", "site " + plan.site + ": wanted the list of its apps, bench failed")
              .detail("class", "engine_unavailable")
              .detail("object", "site " + plan.site)
              .detail("expected", "the list of its apps")
              .detail("found", "bench failed")
              .next_action("Make bench list the site's apps, or drop the site by hand, then Continue.");
        [[fallthrough]];
      case SiteState::remains: {
        begin();
        context.warn("dropping what is left of an unfinished site", {{"site", plan.site}});
        if (const auto dropped = bench.drop_site(); !dropped.has_value()) return dropped.ending();
        break;
      }
    }
  }
  return retry("erpnext.new_site_failed", "site " + plan.site + ": not complete after several commands")
      .detail("class", "transient")
      .detail("object", "site " + plan.site)
      .next_action("Look at the step's log for what bench said, then Continue.");
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

  Platform platform;
  platform.site = plan.site;
  platform.site_created = site_created;
  platform.wizard = wizard_company;
  platform.owner_user = plan.owner_user ? plan.owner_email : "";
  platform.customer_group = "Individual";
  platform.territory = plan.country->name;
  platform.item_group = "Products";
  platform.stock_uom = "Nos";
  platform.price_list = *price_list;
  platform.made = *made;
  platform.changes = *changes;
  const bool changed = site_created || wizard_company || !made->empty() || !changes->empty();
  return answer(std::move(platform), changed);
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
  auto found = survey(site, wanted);
  if (!found.has_value()) return found.ending();
  std::vector<Drift> drift = found->drift;
  const auto year = fiscal_year_is_there(site, plan);
  if (!year.has_value()) return year.ending();
  if (!*year) drift.push_back({"Fiscal Year " + plan.fiscal_year.name, "there", "nothing"});
  if (output) return verdict(std::move(drift), *output);

  // Nobody knows how far the attempt came: its notes say what it had begun, marks say what it finished.
  const Notes notes = notes_of(context);
  if (notes.wizard_company == plan.company || plan.mode == Mode::new_site || !notes.changing.empty() ||
      notes.has("Fiscal Year " + plan.fiscal_year.name))
    drift.push_back({"answer of the attempt", "known", "lost"});
  Platform platform{plan.site,
                    false,
                    false,
                    plan.owner_user ? plan.owner_email : "",
                    "Individual",
                    std::string(plan.country->name),
                    "Products",
                    "Nos",
                    *price_list,
                    found->made,
                    {}};
  return verdict(std::move(drift), platform);
}

Result<Nothing> Engine::undo_set_up(Context& context, Asked request, Who tenant, Where server, const EngineCheck&,
                                    Maybe<Platform> output) {
  auto at = address(context, request, tenant, server);
  if (!at.has_value()) return at.ending();
  const Blueprint& plan = at->plan;
  const Notes notes = notes_of(context);
  if (plan.mode == Mode::new_site && ((output && output->site_created) || notes.site_creating)) {
    BenchCommands bench(context, plan, context.find_secret("server.admin_password").value_or(""));
    const auto state = bench.look();
    if (!state.has_value()) return state.ending();
    if (*state == SiteState::missing) return done();
    if (*state == SiteState::complete) {
      auto work = enter(context, request, tenant, server);
      if (!work.has_value()) return work.ending();
      const Reply booked =
          work.value().site.ask("frappe.client.get_count", "doctype=" + http::percent_encode("GL Entry"));
      if (!booked.ok()) return ending_of(booked.fault(), work->site.concern("bookings", "to count them"));
      if (as_text(booked.value()) != "0")
        return failed("erpnext.has_bookings",
                      "site " + plan.site + ": wanted no bookings, found " + as_text(booked.value()))
            .detail("class", "conflict")
            .detail("object", "site " + plan.site)
            .detail("expected", "no bookings")
            .detail("found", as_text(booked.value()) + " bookings")
            .next_action("Drop the site by hand if its books may be lost, then roll back again.");
    }
    return bench.drop_site();
  }
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  Site& site = work.value().site;
  std::vector<Wanted> wanted = presets(plan, "Standard Selling");
  wanted.push_back({"Price List", "Selling " + plan.currency, {}, {}, true});
  wanted.push_back(fiscal_year(plan));
  if (plan.owner_user) wanted.push_back(owner_user(plan, ""));
  const auto left = take_back(site, wanted);
  if (!left.has_value()) return left.ending();
  if (output && output->wizard)
    context.warn("the presets of the setup wizard stay: only dropping the site removes them");
  return put_back(site, output ? output->changes : notes.changing);
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
