// One test for each trap the wire holds.
#include <algorithm>

#include "support/catch.hpp"
#include "world.hpp"

using namespace world;
using namespace std::chrono_literals;

namespace {

const std::string kSite = "t1.local";

// Runs up to, not including, this step.
void run_before(Host& host, const std::string& last) {
  for (const std::string& step : steps_of(host)) {
    if (step == last) return;
    const Report report = settle(host, step);
    INFO(step << " " << words(report));
    REQUIRE(succeeded(report));
  }
}

int count(Sandbox& sandbox, const std::string& doctype, const std::string& site = kSite) {
  const auto counts = sandbox.counts(site);
  const auto* found = counts.if_contains(doctype);
  return found ? static_cast<int>(found->as_int64()) : 0;
}

json::object document(Sandbox& sandbox, const std::string& site, const std::string& doctype, const std::string& name) {
  const auto answer = sandbox.erp(
      "GET", site,
      "/api/resource/" + tenantry::http::percent_encode(doctype) + "/" + tenantry::http::percent_encode(name));
  if (answer.status != 200) return {};
  return json::parse(answer.body).at("data").as_object();
}

json::object post(Sandbox& sandbox, const std::string& site, const std::string& doctype, const json::object& fields) {
  const auto answer = sandbox.erp("POST", site, "/api/resource/" + tenantry::http::percent_encode(doctype), fields);
  INFO(answer.body);
  REQUIRE(answer.status == 200);
  return json::parse(answer.body).at("data").as_object();
}

json::object error_rule(const std::string& method, const std::string& doctype, int status, const std::string& type,
                        const std::string& message = "") {
  json::object rule{{"method", method},  {"doctype", doctype}, {"times", 1},
                    {"action", "error"}, {"status", status},   {"exc_type", type}};
  if (!message.empty()) rule["message"] = message;
  return rule;
}

}  // namespace

// ---- the setup wizard ----

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
  CHECK(count(sandbox, "Company") == 0);
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
  CHECK(count(sandbox, "Company") == 1);
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
    CHECK(count(sandbox, "Company") == 2);
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
  CHECK(count(sandbox, "Company") == 1);
}

TEST_CASE("a site that has companies gets what is missing as single documents, and none of it twice") {
  Sandbox sandbox({"--site", "t1.local:with-company"});
  const int companies = count(sandbox, "Company");
  Host host(sandbox);
  const auto outcomes = run_everything(host);
  REQUIRE(outcomes.size() == 11);
  CHECK(count(sandbox, "Company") == companies + 1);
  CHECK(sandbox.duplicates(kSite).empty());
  for (const auto& effect : sandbox.journal(kSite)) CHECK(effect.at("what") != "wizard");
  CHECK(roll_back(host, outcomes));
  CHECK(count(sandbox, "Company") == companies);
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
  CHECK(count(sandbox, "Customer Group") == 2);
  CHECK(roll_back(host, outcomes));
  const auto after = sandbox.counts(kSite);
  for (const auto& [doctype, number] : after) {
    if (doctype.starts_with("Tag") || doctype.ends_with("Settings") || doctype.ends_with("Defaults")) continue;
    CAPTURE(std::string(doctype));
    const auto* was = before.if_contains(doctype);
    CHECK(number.as_int64() == (was ? was->as_int64() : 0));
  }
}

// ---- documents ----

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
  CHECK(count(sandbox, "Customer") == 1);
  CHECK(sandbox.duplicates(kSite).empty());
}

TEST_CASE("a session is drafted and then submitted, and a draft left over is submitted instead of doubled") {
  Sandbox sandbox;
  Host host(sandbox);
  run_before(host, "step_9_pos_session");
  sandbox.fault({{"method", "PUT"}, {"doctype", "POS Opening Entry"}, {"times", 1}, {"action", "drop_before"}});
  CHECK(host.run("step_9_pos_session").outcome == TENANTRY_RETRY);
  CHECK(count(sandbox, "POS Opening Entry") == 1);
  const Report report = host.run("step_9_pos_session");
  REQUIRE(report.outcome == TENANTRY_DONE);
  CHECK(count(sandbox, "POS Opening Entry") == 1);
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
  CHECK(count(sandbox, "Item") == 0);
}

// ---- errors ----

TEST_CASE("what passes by itself is tried again and then succeeds") {
  Sandbox sandbox;
  Host host(sandbox);
  run_before(host, "step_4_warehouses");
  struct Trouble {
    json::object rule;
    std::string code, cause;
    std::optional<tenantry::Milliseconds> after;
  };
  const auto trouble = GENERATE(
      Trouble{error_rule("POST", "Warehouse", 500, "QueryDeadlockError"), "erpnext.deadlock", "transient",
              std::nullopt},
      Trouble{error_rule("POST", "Warehouse", 500, "QueryTimeoutError"), "erpnext.lock_timeout", "transient",
              std::nullopt},
      Trouble{
          {{"times", 1}, {"action", "too_many"}, {"retry_after", 7}}, "erpnext.rate_limited", "rate_limited", 7000ms},
      Trouble{{{"times", 1}, {"action", "maintenance"}}, "erpnext.maintenance", "engine_unavailable", 30000ms},
      Trouble{{{"times", 2}, {"action", "maintenance"}, {"method", "POST"}},
              "erpnext.maintenance",
              "engine_unavailable",
              30000ms},
      Trouble{{{"times", 1}, {"action", "html"}, {"status", 502}}, "erpnext.server_error", "transient", std::nullopt},
      Trouble{{{"times", 1}, {"action", "html"}, {"status", 504}}, "erpnext.gateway_timeout", "timeout", std::nullopt},
      Trouble{
          {{"times", 1}, {"action", "html"}, {"status", 503}}, "erpnext.unavailable", "engine_unavailable", 10000ms},
      Trouble{{{"times", 1}, {"action", "drop_before"}}, "erpnext.connection_lost", "transient", std::nullopt},
      Trouble{{{"times", 1}, {"action", "condition"}, {"condition", "database_down"}},
              "erpnext.database_down",
              "engine_unavailable",
              5000ms});
  CAPTURE(trouble.code);
  sandbox.fault(trouble.rule);
  const Report report = host.run("step_4_warehouses");
  INFO(words(report));
  REQUIRE(report.outcome == TENANTRY_RETRY);
  CHECK(report.code == trouble.code);
  CHECK(report.detail.at("class").as_string() == trouble.cause);
  CHECK(report.retry_after == trouble.after);
  CHECK_FALSE(report.detail.at("next_action").as_string().empty());
  sandbox.heal();
  CHECK(host.run("step_4_warehouses").outcome == TENANTRY_DONE);
  CHECK(sandbox.created(kSite).at("Warehouse Main Shop - DML") == 1);
}

TEST_CASE("a page instead of an answer after the effect is resolved by looking") {
  Sandbox sandbox;
  Host host(sandbox);
  run_before(host, "step_7_customer");
  REQUIRE(host.run("step_7_customer").outcome == TENANTRY_DONE);
  sandbox.fault({{"method", "DELETE"}, {"times", 1}, {"action", "condition"}, {"condition", "queue_down"}});
  const Report report = host.undo("step_7_customer");
  INFO(words(report));
  CHECK(report.outcome == TENANTRY_RETRY);  // the document is gone all the same
  CHECK(count(sandbox, "Customer") == 0);
  CHECK(host.undo("step_7_customer").outcome == TENANTRY_DONE);
}

TEST_CASE("a company that loses the race for the shared mode of payment is tried again") {
  Sandbox sandbox({"--site", "t1.local:with-company"});
  Host host(sandbox);
  run_before(host, "step_2_company");
  sandbox.fault(
      error_rule("POST", "Company", 417, "LinkValidationError", "Could not find Row #7: Default Account: Cash - C30"));
  const Report report = host.run("step_2_company");
  CHECK(report.outcome == TENANTRY_RETRY);
  CHECK(report.code == "erpnext.company_race");
  CHECK(host.run("step_2_company").outcome == TENANTRY_DONE);
}

TEST_CASE("what a person has to change is said in plain words, with the server's name") {
  Sandbox sandbox;
  Host host(sandbox);
  SECTION("wrong keys") {
    host.secrets["server.api_secret"] = "wrong";
    const Report report = host.run("step_0_engine_check");
    CHECK(report.outcome == TENANTRY_FAILED);
    CHECK(report.detail.at("class") == "unauthenticated");
    CHECK(report.detail.at("next_action") == "Fix the credentials of server erp-1, then Continue.");
    CHECK(words(report).find("wrong") == std::string::npos);
  }
  SECTION("no keys at all") {
    host.secrets.clear();
    const Report report = host.run("step_0_engine_check");
    CHECK(report.outcome == TENANTRY_FAILED);
    CHECK(report.code == "erpnext.no_credentials");
  }
  SECTION("a site that does not exist") {
    sandbox.post("/__sandbox/settings", {{"any_site", false}});
    const Report report = host.run("step_0_engine_check");
    CHECK(report.outcome == TENANTRY_FAILED);
    CHECK(report.code == "erpnext.no_such_site");
    CHECK(report.detail.at("class") == "not_found");
  }
  SECTION("a site without ERPNext") {
    sandbox.post("/__sandbox/sites", {{"name", kSite}, {"kind", "frappe"}});
    const Report report = host.run("step_0_engine_check");
    CHECK(report.outcome == TENANTRY_FAILED);
    CHECK(report.code == "erpnext.app_missing");
    CHECK(report.detail.at("class") == "missing_dependency");
  }
  SECTION("a site that is half made") {
    sandbox.post("/__sandbox/sites", {{"name", kSite}, {"kind", "half-made"}});
    const Report report = host.run("step_0_engine_check");
    CHECK(report.outcome == TENANTRY_FAILED);
    CHECK(report.code == "erpnext.site_unfinished");
  }
  SECTION("a server that is not there") {
    host.document["server"].as_object()["url"] = "http://127.0.0.1:1";
    const Report report = host.run("step_0_engine_check");
    CHECK(report.outcome == TENANTRY_RETRY);
    CHECK(report.detail.at("class") == "engine_unavailable");
    CHECK(report.detail.at("next_action") == "Bring server erp-1 back, then Continue.");
  }
  SECTION("a country nobody knows") {
    host.document["tenant"].as_object()["country_code"] = "XX";
    const Report report = host.run("step_0_engine_check");
    CHECK(report.outcome == TENANTRY_FAILED);
    CHECK(report.detail.at("pointer") == "/tenant/country_code");
  }
}

TEST_CASE("the administrator's password is enough, and keys are made from it once") {
  Sandbox sandbox;
  Host host(sandbox);
  host.secrets = {{"server.admin_password", "admin-word"}, {"tenant.admin_password", "Owner-Pass-2026!"}};
  REQUIRE(run_everything(host).size() == 11);
  REQUIRE(host.secrets.contains("erpnext.api_secret"));
  const std::string secret = host.secrets.at("erpnext.api_secret");
  const Report report = host.run("step_1_platform_setup");
  CHECK(succeeded(report));
  CHECK(host.secrets.at("erpnext.api_secret") == secret);
  CHECK(json::serialize(host.document).find(secret) == std::string::npos);
  SECTION("and made again if somebody else made others") {
    sandbox.erp("POST", kSite, "/api/method/frappe.core.doctype.user.user.generate_keys", {{"user", "Administrator"}});
    host.secrets["erpnext.api_secret"] = "stale";
    CHECK(host.verify("step_1_platform_setup").outcome == TENANTRY_DRIFTED);
    CHECK(succeeded(host.run("step_1_platform_setup")));
    CHECK(host.secrets.at("erpnext.api_secret") != "stale");
    CHECK(host.verify("step_1_platform_setup").outcome == TENANTRY_DONE);
  }
  SECTION("and every step signs in by itself if nothing can be kept") {
    Host other(sandbox, {.id = "t2"});
    other.secrets = {{"server.admin_password", "admin-word"}, {"tenant.admin_password", "Owner-Pass-2026!"}};
    other.refuse_secrets = true;
    CHECK(run_everything(other).size() == 11);
    CHECK_FALSE(other.secrets.contains("erpnext.api_secret"));
  }
}

// ---- whose is it? ----

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
    if (step != "step_5_settings") CHECK(report.outcome == TENANTRY_DONE);
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
  CHECK(count(sandbox, "POS Profile") == 0);
}

// ---- undo ----

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
  CHECK(count(sandbox, "Company") == 1);
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
  CHECK(count(sandbox, "Customer") == 0);
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
  for (const char* name : {"server.admin_password", "tenant.admin_password", "erpnext.api_key", "erpnext.api_secret"}) {
    REQUIRE(host.secrets.contains(name));
    CHECK(said.find(host.secrets.at(name)) == std::string::npos);
  }
}
