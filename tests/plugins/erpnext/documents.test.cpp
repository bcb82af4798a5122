// Single documents: names, duplicates, drafts and rows.
#include <algorithm>

#include "support/catch.hpp"
#include "world.hpp"

using namespace world;
using namespace std::chrono_literals;

namespace {

const std::string kSite = "t1.local";

}  // namespace

TEST_CASE("an abbreviation that is taken gives way to the tenant's own next one") {
  Sandbox sandbox({"--site", "t1.local:with-company"});  // Example Ltd, EL
  Host host(sandbox, {.name = "Eastern Lights"});
  run_before(host, "step_2_company");
  SECTION("the same one in every attempt") {
    const Report report = host.run("step_2_company");
    INFO(words(report));
    REQUIRE(report.outcome == TENANTRY_DONE);
    const std::string abbr(report.output->at("abbr").as_string());
    CHECK(abbr.size() == 4);
    CHECK(abbr.starts_with("EL"));
    CHECK(host.run("step_2_company").output->at("abbr").as_string() == abbr);
  }
  SECTION("but one that was asked for is a conflict") {
    host.document["request"] = {{"company", {{"abbr", "EL"}}}};
    const Report report = host.run("step_2_company");
    CHECK(report.outcome == TENANTRY_FAILED);
    CHECK(report.detail.at("class") == "conflict");
    CHECK(report.detail.at("pointer") == "/request/company/abbr");
    CHECK(report.detail.at("found") == "taken by Company Example Ltd");
  }
}

TEST_CASE("a lost answer never makes a second customer under another name") {
  Sandbox sandbox;
  Host host(sandbox);
  run_before(host, "step_7_customer");
  sandbox.fault({{"method", "POST"}, {"doctype", "Customer"}, {"times", 1}, {"action", "drop_after"}});
  const Report report = settle(host, "step_7_customer");
  CHECK(report.outcome == TENANTRY_DONE);
  CHECK(count(sandbox, "Customer", kSite) == 1);
  CHECK(sandbox.duplicates(kSite).empty());
}

TEST_CASE("a session is drafted and then submitted, and a draft left over is submitted instead of doubled") {
  Sandbox sandbox;
  Host host(sandbox);
  run_before(host, "step_9_pos_session");
  sandbox.fault({{"method", "PUT"}, {"doctype", "POS Opening Entry"}, {"times", 1}, {"action", "drop_before"}});
  CHECK(host.run("step_9_pos_session").outcome == TENANTRY_RETRY);
  CHECK(count(sandbox, "POS Opening Entry", kSite) == 1);
  const Report report = host.run("step_9_pos_session");
  REQUIRE(report.outcome == TENANTRY_DONE);
  CHECK(count(sandbox, "POS Opening Entry", kSite) == 1);
  std::vector<std::string> effects;
  for (const auto& effect : sandbox.journal(kSite))
    if (effect.at("doctype") == "POS Opening Entry") effects.emplace_back(effect.at("what").as_string());
  CHECK(std::count(effects.begin(), effects.end(), "created") == 1);
  CHECK(std::count(effects.begin(), effects.end(), "submitted") == 1);
  CHECK(
      document(sandbox, kSite, "POS Opening Entry", std::string(report.output->at("name").as_string())).at("status") ==
      "Open");
}

TEST_CASE("a mode of payment keeps the accounts of other companies") {
  Sandbox sandbox({"--site", "shared.local:with-company"});
  const std::string site = "shared.local";
  Host one(sandbox, {.id = "t1", .name = "First Shop"}, site), two(sandbox, {.id = "t2", .name = "Second Shop"}, site);
  const auto first = run_everything(one);
  const auto second = run_everything(two);
  REQUIRE(first.size() == 11);
  REQUIRE(second.size() == 11);
  const auto companies = [&] {
    std::vector<std::string> all;
    const json::object mode = document(sandbox, site, "Mode of Payment", "M-Pesa");
    for (const auto& row : mode.at("accounts").as_array()) all.emplace_back(row.at("company").as_string());
    std::sort(all.begin(), all.end());
    return all;
  };
  CHECK(companies() == std::vector<std::string>{"First Shop", "Second Shop"});
  SECTION("when the second leaves") {
    CHECK(roll_back(two, second));
    CHECK(companies() == std::vector<std::string>{"First Shop"});
  }
  SECTION("when the first leaves, who made it") {
    CHECK(roll_back(one, first));
    CHECK(companies() == std::vector<std::string>{"Second Shop"});
    for (const std::string& step : steps_of(two)) {
      const Report report = two.verify(step);
      CAPTURE(step, words(report));
      CHECK(report.outcome == TENANTRY_DONE);
    }
  }
}

TEST_CASE("a mode of payment that changes between look and write is looked at again") {
  Sandbox sandbox;
  Host host(sandbox);
  run_before(host, "step_3_chart_of_accounts");
  sandbox.fault(error_rule("PUT", "Mode of Payment", 417, "TimestampMismatchError"));
  host.document["request"] = {{"payment_modes", {{{"name", "Cash"}, {"type", "Cash"}}, {{"name", "Credit Card"}}}}};
  const Report report = host.run("step_3_chart_of_accounts");
  CHECK(report.outcome == TENANTRY_RETRY);
  CHECK(report.code == "erpnext.changed_meanwhile");
  CHECK(host.run("step_3_chart_of_accounts").outcome == TENANTRY_DONE);
}

TEST_CASE("a fiscal year that overlaps another is a conflict and not taken for the same") {
  Sandbox sandbox({"--site", "t1.local:with-company"});
  post(sandbox, kSite, "Fiscal Year",
       {{"year", "odd"}, {"year_start_date", "2030-06-01"}, {"year_end_date", "2031-05-31"}});
  Host host(sandbox);
  host.document["request"] = {{"fiscal_year", {{"start", "2030-01-01"}}}};
  run_before(host, "step_1_platform_setup");
  const Report report = host.run("step_1_platform_setup");
  INFO(words(report));
  CHECK(report.outcome == TENANTRY_FAILED);
  CHECK(report.code == "erpnext.name_conflict");
  CHECK(report.detail.at("object") == "Fiscal Year 2030");
}

TEST_CASE("names with a slash, spaces and umlauts survive the way there and back") {
  Sandbox sandbox;
  Host host(sandbox, {.name = "M\xC3\xBCller & S\xC3\xB6hne / Caf\xC3\xA9", .country = "DE"});
  host.document["request"] = {{"include_demo_data", true},
                              {"items", {{{"code", "A/B 1"}, {"price", 2.5}}}},
                              {"warehouses", {"Lager / Keller"}}};
  const auto outcomes = run_everything(host);
  REQUIRE(outcomes.size() == 11);
  CHECK(document(sandbox, kSite, "Item", "A/B 1").at("item_code") == "A/B 1");
  for (const std::string& step : steps_of(host)) CHECK(host.verify(step).outcome == TENANTRY_DONE);
  CHECK(roll_back(host, outcomes));
  CHECK(count(sandbox, "Item", kSite) == 0);
}

TEST_CASE("a mode of payment another tenant makes between two attempts gets our account too") {
  Sandbox sandbox({"--site", "shared.local:with-company"});
  const std::string site = "shared.local";
  Host host(sandbox, {}, site);
  run_before(host, "step_3_chart_of_accounts");
  // Theirs appears between two attempts of ours.
  sandbox.fault(
      {{"method", "POST"}, {"doctype", "Mode of Payment"}, {"times", 1}, {"action", "html"}, {"status", 502}});
  CHECK(host.run("step_3_chart_of_accounts").outcome == TENANTRY_RETRY);
  post(sandbox, site, "Mode of Payment",
       {{"mode_of_payment", "M-Pesa"},
        {"type", "Phone"},
        {"accounts", {{{"company", "Example Ltd"}, {"default_account", "Cash - EL"}}}}});
  const Report report = host.run("step_3_chart_of_accounts");
  INFO(words(report));
  REQUIRE(report.outcome == TENANTRY_DONE);
  CHECK(document(sandbox, site, "Mode of Payment", "M-Pesa").at("accounts").as_array().size() == 2);
  CHECK(host.verify("step_3_chart_of_accounts").outcome == TENANTRY_DONE);
}
