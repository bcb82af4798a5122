// The setup wizard says ok to anything.
#include <algorithm>

#include "support/catch.hpp"
#include "world.hpp"

using namespace world;
using namespace std::chrono_literals;

namespace {

const std::string kSite = "t1.local";

}  // namespace

TEST_CASE("a wizard that said ok but made no company is repaired by making the company") {
  Sandbox sandbox({"--site", "t1.local:wizard-done"});
  Host host(sandbox);
  const auto outcomes = run_everything(host);
  REQUIRE(outcomes.size() == 11);
  CHECK(outcomes.at("step_2_company") == TENANTRY_DONE);
  CHECK(sandbox.created(kSite).at("Company Duka Moja Ltd") == 1);
}

TEST_CASE("a chart of accounts ERPNext does not know is refused before the wizard can swallow it") {
  Sandbox sandbox;
  Host host(sandbox);
  host.document["request"] = {{"chart_of_accounts", "No Such Chart"}};
  run_before(host, "step_1_platform_setup");
  const Report report = host.run("step_1_platform_setup");
  CHECK(report.outcome == TENANTRY_FAILED);
  CHECK(report.code == "erpnext.unknown_chart");
  CHECK(report.detail.at("class") == "invalid_input");
  CHECK(report.detail.at("pointer") == "/request/chart_of_accounts");
  CHECK(report.detail.at("expected").as_string().find("Standard with Numbers") != json::string::npos);
  CHECK(count(sandbox, "Company", kSite) == 0);
}

TEST_CASE("a wizard whose answer is lost is recognised as ours and not called again") {
  Sandbox sandbox;
  Host host(sandbox);
  run_before(host, "step_1_platform_setup");
  sandbox.fault({{"path", "*setup_complete*"}, {"times", 1}, {"action", "drop_after"}});
  const Report report = host.run("step_1_platform_setup");
  INFO(words(report));
  REQUIRE(report.outcome == TENANTRY_DONE);
  CHECK(report.output->at("wizard").as_bool());
  CHECK(host.run("step_2_company").outcome == TENANTRY_DONE);
  CHECK(count(sandbox, "Company", kSite) == 1);
}

TEST_CASE("another wizard at work is waited for") {
  Sandbox sandbox;
  Host host(sandbox);
  run_before(host, "step_1_platform_setup");
  sandbox.fault({{"path", "*setup_complete*"},
                 {"times", 1},
                 {"action", "error"},
                 {"status", 417},
                 {"exc_type", "TimestampMismatchError"}});
  SECTION("until it is done") {
    int naps = 0;
    host.on_sleep = [&] {
      if (++naps == 3)
        sandbox.erp("POST", kSite, "/api/method/frappe.desk.page.setup_wizard.setup_wizard.setup_complete",
                    {{"args",
                      {{"language", "English"},
                       {"country", "Kenya"},
                       {"timezone", "Africa/Nairobi"},
                       {"currency", "KES"},
                       {"full_name", "Some Body"},
                       {"email", "some@body.example"},
                       {"password", "Some-Pass-2026!"},
                       {"company_name", "Some Company"},
                       {"company_abbr", "SC"},
                       {"chart_of_accounts", "Standard"},
                       {"fy_start_date", "2026-01-01"},
                       {"fy_end_date", "2026-12-31"}}}});
    };
    const Report report = host.run("step_1_platform_setup");
    INFO(words(report));
    REQUIRE(succeeded(report));
    CHECK(naps == 3);
    CHECK_FALSE(report.output->at("wizard").as_bool());
    CHECK(host.run("step_2_company").outcome == TENANTRY_DONE);
    CHECK(count(sandbox, "Company", kSite) == 2);
  }
  SECTION("and the step comes back if it takes long") {
    const Report report = host.run("step_1_platform_setup");
    CHECK(report.outcome == TENANTRY_WAIT);
    CHECK(report.retry_after == 3000ms);
    CHECK(host.run("step_1_platform_setup").outcome == TENANTRY_DONE);
  }
}

TEST_CASE("a wizard that works in the background is polled until the company is there") {
  Sandbox sandbox({"--site", "t1.local"});
  sandbox.post("/__sandbox/bench",
               {{"args", {"--site", kSite, "set-config", "-p", "trigger_site_setup_in_background", "1"}}});
  Host host(sandbox);
  const auto outcomes = run_everything(host);
  REQUIRE(outcomes.size() == 11);
  CHECK(outcomes.at("step_1_platform_setup") == TENANTRY_DONE);
  CHECK(count(sandbox, "Company", kSite) == 1);
}

TEST_CASE("a site that has companies gets what is missing as single documents, and none of it twice") {
  Sandbox sandbox({"--site", "t1.local:with-company"});
  const int companies = count(sandbox, "Company", kSite);
  Host host(sandbox);
  const auto outcomes = run_everything(host);
  REQUIRE(outcomes.size() == 11);
  CHECK(count(sandbox, "Company", kSite) == companies + 1);
  CHECK(sandbox.duplicates(kSite).empty());
  for (const auto& effect : sandbox.journal(kSite)) CHECK(effect.at("what") != "wizard");
  CHECK(roll_back(host, outcomes));
  CHECK(count(sandbox, "Company", kSite) == companies);
}

TEST_CASE("a site whose company was made by hand before any preset gets the presets it lacks") {
  Sandbox sandbox({"--site", "t1.local"});
  post(sandbox, kSite, "Warehouse Type", {{"name", "Transit"}});
  post(sandbox, kSite, "Company",
       {{"company_name", "By Hand"},
        {"abbr", "BH"},
        {"default_currency", "KES"},
        {"country", "Kenya"},
        {"create_chart_of_accounts_based_on", "Standard Template"},
        {"chart_of_accounts", "Standard"}});
  Host host(sandbox);
  host.document["request"] = {{"include_demo_data", true}};
  const auto before = sandbox.counts(kSite);
  const auto outcomes = run_everything(host);
  REQUIRE(outcomes.size() == 11);
  CHECK(outcomes.at("step_1_platform_setup") == TENANTRY_DONE);
  CHECK(count(sandbox, "Customer Group", kSite) == 2);
  CHECK(roll_back(host, outcomes));
  const auto after = sandbox.counts(kSite);
  for (const auto& [doctype, number] : after) {
    if (doctype.starts_with("Tag") || doctype.ends_with("Settings") || doctype.ends_with("Defaults")) continue;
    CAPTURE(std::string(doctype));
    const auto* was = before.if_contains(doctype);
    CHECK(number.as_int64() == (was ? was->as_int64() : 0));
  }
}
