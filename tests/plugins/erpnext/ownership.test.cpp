// Whose is it? What is ours can be taken back, and nothing else.
#include <algorithm>

#include "support/catch.hpp"
#include "world.hpp"

using namespace world;
using namespace std::chrono_literals;

namespace {

const std::string kSite = "t1.local";

}  // namespace

TEST_CASE("on a shared site nothing of others is adopted") {
  Sandbox sandbox({"--site", "shared.local:with-company"});
  const std::string site = "shared.local";
  SECTION("a company of the same name is a conflict") {
    Host host(sandbox, {.name = "Example Ltd"}, site);
    run_before(host, "step_2_company");
    const Report report = host.run("step_2_company");
    CHECK(report.outcome == TENANTRY_FAILED);
    CHECK(report.code == "erpnext.conflict");
    CHECK(report.detail.at("found") == "somebody else's");
    CHECK(report.detail.at("pointer") == "/request/company/name");
    CHECK(host.undo("step_2_company").outcome == TENANTRY_DONE);
    CHECK(document(sandbox, site, "Company", "Example Ltd").at("name") == "Example Ltd");
  }
  SECTION("one of another tenant is a conflict too") {
    Host one(sandbox, {.id = "t1"}, site), two(sandbox, {.id = "t2"}, site);
    run_before(one, "step_3_chart_of_accounts");
    run_before(two, "step_2_company");
    const Report report = two.run("step_2_company");
    CHECK(report.outcome == TENANTRY_FAILED);
    CHECK(report.detail.at("found") == "another tenant's");
  }
  SECTION("and site-wide settings that are set stay as they are") {
    sandbox.erp("PUT", site, "/api/resource/Global%20Defaults/Global%20Defaults",
                {{"default_company", "Example Ltd"}, {"default_currency", "KES"}, {"country", "Kenya"}});
    Host host(sandbox, {}, site);
    const auto outcomes = run_everything(host);
    REQUIRE(outcomes.size() == 11);
    CHECK(document(sandbox, site, "Global Defaults", "Global Defaults").at("default_company") == "Example Ltd");
    CHECK(document(sandbox, site, "Customer", "Walk-in Customer - DML").at("name") == "Walk-in Customer - DML");
    CHECK(sandbox.erp("GET", site, "/api/resource/User/owner%40t1.example").status == 404);
  }
}

TEST_CASE("tenants on one shared site do not get into each other's way, and one can leave") {
  Sandbox sandbox;
  const std::string site = "shared.local";
  Host one(sandbox, {.id = "t1", .name = "First Shop"}, site), two(sandbox, {.id = "t2", .name = "First Stop"}, site);
  one.document["request"] = {{"include_demo_data", true}};
  two.document["request"] = {{"include_demo_data", true}};
  const auto first = run_everything(one);
  const auto second = run_everything(two);
  REQUIRE(first.size() == 11);
  REQUIRE(second.size() == 11);
  CHECK(sandbox.duplicates(site).empty());
  CHECK(count(sandbox, "Company", site) == 2);
  CHECK(roll_back(one, first));
  CHECK(count(sandbox, "Company", site) == 1);
  for (const std::string& step : steps_of(two)) {
    const Report report = two.verify(step);
    CAPTURE(step, words(report));
    CHECK(report.outcome == TENANTRY_DONE);
  }
}

TEST_CASE("what was there before is used, reported as existing, and never removed") {
  Sandbox sandbox({"--site", "t1.local:with-company"});
  post(sandbox, kSite, "Customer",
       {{"name", "Walk-in Customer"},
        {"customer_name", "Walk-in Customer"},
        {"customer_type", "Individual"},
        {"customer_group", "Individual"},
        {"territory", "Kenya"}});
  Host host(sandbox, {.name = "Example Ltd"});
  auto outcomes = run_everything(host);
  REQUIRE(outcomes.size() == 11);
  CHECK(outcomes.at("step_2_company") == TENANTRY_ALREADY_DONE);
  CHECK(outcomes.at("step_7_customer") == TENANTRY_ALREADY_DONE);
  for (auto& [step, outcome] : outcomes) outcome = TENANTRY_DONE;  // even if the host asked for every one of them
  outcomes.erase("step_0_engine_check");
  CHECK(roll_back(host, outcomes));
  CHECK(document(sandbox, kSite, "Company", "Example Ltd").at("name") == "Example Ltd");
  CHECK(document(sandbox, kSite, "Customer", "Walk-in Customer").at("name") == "Walk-in Customer");
  CHECK(count(sandbox, "POS Profile", kSite) == 0);
}

TEST_CASE("what cannot be removed any more is disabled, and books are never deleted") {
  Sandbox sandbox;
  Host host(sandbox);
  host.document["request"] = {{"include_demo_data", true}, {"pos_store_enabled", false}};
  const auto outcomes = run_everything(host);
  REQUIRE(outcomes.size() == 11);
  sandbox.erp("PUT", kSite, "/api/resource/Stock%20Settings/Stock%20Settings", {{"allow_negative_stock", 1}});
  const auto invoice = post(sandbox, kSite, "Sales Invoice",
                            {{"customer", "Walk-in Customer"},
                             {"company", "Duka Moja Ltd"},
                             {"is_pos", 1},
                             {"pos_profile", "Main Till"},
                             {"update_stock", 0},
                             {"items", {{{"item_code", "DEMO-COFFEE"}, {"qty", 1}, {"rate", 450}}}},
                             {"payments", {{{"mode_of_payment", "Cash"}, {"amount", 450}}}}});
  const std::string name(invoice.at("name").as_string());
  REQUIRE(sandbox.erp("PUT", kSite, "/api/resource/Sales%20Invoice/" + name, {{"docstatus", 1}}).status == 200);
  Report report = host.undo("step_7_customer");
  INFO(words(report));
  CHECK(report.outcome == TENANTRY_DONE);
  CHECK(report.logged("disabled instead of removed"));
  CHECK(document(sandbox, kSite, "Customer", "Walk-in Customer").at("disabled") == 1);
  report = host.undo("step_2_company");
  CHECK(report.outcome == TENANTRY_FAILED);
  CHECK(report.code == "erpnext.has_bookings");
  CHECK(report.detail.at("class") == "conflict");
  CHECK(count(sandbox, "Company", kSite) == 1);
}

TEST_CASE("undo of a step that never ran finds nothing to do") {
  Sandbox sandbox;
  Host host(sandbox);
  run_before(host, "step_3_chart_of_accounts");
  const auto effects = sandbox.journal(kSite).size();
  CHECK(host.undo("step_3_chart_of_accounts").outcome == TENANTRY_DONE);
  CHECK(host.undo("step_4_warehouses").outcome == TENANTRY_DONE);
  CHECK(sandbox.journal(kSite).size() == effects);
}

TEST_CASE("the keeper of a checkpoint that refuses it is obeyed before anything is made") {
  Sandbox sandbox;
  Host host(sandbox);
  run_before(host, "step_7_customer");
  host.refuse_checkpoints = true;
  CHECK(host.run("step_7_customer").outcome == TENANTRY_CANCELLED);
  CHECK(count(sandbox, "Customer", kSite) == 0);
}

TEST_CASE("a step that is cancelled stops at once and can be taken up again") {
  Sandbox sandbox;
  Host host(sandbox);
  run_before(host, "step_7_customer");
  host.cancel();
  CHECK(host.run("step_7_customer").outcome == TENANTRY_CANCELLED);
  host.allow();
  CHECK(host.run("step_7_customer").outcome == TENANTRY_DONE);
}

TEST_CASE("no secret is ever said") {
  Sandbox sandbox;
  Host host(sandbox);
  host.secrets = {{"server.admin_password", "admin-word"}, {"tenant.admin_password", "Owner-Pass-2026!"}};
  std::string said;
  for (const std::string& step : steps_of(host)) {
    const Report report = host.run(step);
    said += words(report) + (report.output ? json::serialize(*report.output) : "");
    for (const auto& line : report.log) said += line.message + json::serialize(line.fields);
    for (const auto& checkpoint : report.checkpoints) said += checkpoint;
    for (const auto& [type, event] : report.events) said += json::serialize(event);
    CHECK(report.contract_broken.empty());
  }
  for (const char* name : {"server.admin_password", "tenant.admin_password", "erpnext.api_secret"}) {
    REQUIRE(host.secrets.contains(name));
    CHECK(said.find(host.secrets.at(name)) == std::string::npos);
  }
}
