#include "wizard.hpp"

namespace tenantry::erpnext {

namespace {

constexpr auto kWizard = "frappe.desk.page.setup_wizard.setup_wizard.setup_complete";
constexpr auto kCharts = "erpnext.accounts.doctype.account.chart_of_accounts.chart_of_accounts.get_charts_for_country";

json::object wizard_arguments(const Blueprint& plan, const std::string& password) {
  json::object args{{"language", "English"},
                    {"country", plan.country->name},
                    {"timezone", plan.country->time_zone},
                    {"currency", plan.currency},
                    {"company_name", plan.company},
                    {"company_abbr", plan.abbreviations.front()},
                    {"chart_of_accounts", plan.chart},
                    {"fy_start_date", plan.fiscal_year.start},
                    {"fy_end_date", plan.fiscal_year.end},
                    {"setup_demo", 0},
                    {"enable_telemetry", 0}};
  if (plan.owner_user) {
    args["full_name"] = plan.owner_name;
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

}  // namespace

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

std::optional<Ending> unknown_chart(Site& site, const Blueprint& plan) {
  const Reply charts = site.ask(kCharts, "country=" + http::percent_encode(plan.country->name) + "&with_standard=true");
  if (!charts.ok()) return ending_of(charts.fault(), site.concern("charts of accounts", "to list them"));
  std::string known;
  if (charts.value().is_array())
    for (const json::value& chart : charts.value().get_array()) {
      if (as_text(chart) == plan.chart) return std::nullopt;
      known += (known.empty() ? "" : ", ") + as_text(chart);
    }
  return give_up({"erpnext.unknown_chart", "invalid_input", "Chart of accounts " + plan.chart, "one of " + known,
                  plan.chart, "Start again with one of these charts."})
      .at("/request/chart_of_accounts");
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
  return try_again({"erpnext.wizard_failed", "transient", "setup wizard", "ok", plain_text(status, 80),
                    "Look into the site's Error Log, then Continue."});
}

Result<std::optional<Holder>> holder_of_company(Site& site, const Blueprint& plan) {
  const json::array filters{json::array{"name", "=", plan.company}};
  const Reply reply = site.list("Company", filters, {"name", "_user_tags"}, 1);
  if (!reply.ok()) return ending_of(reply.fault(), site.concern("Company " + plan.company, "to look for it"));
  const auto rows = reply.rows();
  std::optional<Holder> holder;
  if (!rows.empty()) holder = Mark(site.context()).holder(text_of(rows[0], "_user_tags"));
  return done(holder);
}

Result<bool> mark_wizard_company(Site& site, const Blueprint& plan) {
  const auto holder = holder_of_company(site, plan);
  if (!holder.has_value()) return holder.ending();
  if (!*holder) {
    site.context().warn("the setup wizard said ok but made no company; it will be made as a document",
                        {{"company", plan.company}});
    return done(false);
  }
  if (*holder != Holder::nobody) return done(*holder == Holder::this_run);
  const Reply tagged = site.tag("Company", plan.company, Mark(site.context()).tag());
  if (!tagged.ok())
    return ending_of(tagged.fault(), site.concern("Company " + plan.company, "to mark it as the tenant's"));
  return done(true);
}

}  // namespace tenantry::erpnext
