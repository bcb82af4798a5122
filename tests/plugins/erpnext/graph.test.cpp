#include <algorithm>

#include "support/catch.hpp"
#include "world.hpp"

using namespace world;

namespace {

// The predecessors of every step, read from its inputs and its order.
std::map<std::string, std::set<std::string>> edges(const json::object& manifest) {
  std::map<std::string, std::set<std::string>> all;
  for (const json::value& step : manifest.at("steps").as_array()) {
    auto& before = all[std::string(step.at("id").as_string())];
    for (const auto& [name, where] : step.at("input").as_object())
      if (where.at("from").as_string().starts_with("/steps/")) before.emplace(name);
    if (const auto* after = step.as_object().if_contains("after"))
      for (const json::value& id : after->as_array()) before.emplace(id.as_string());
  }
  return all;
}

bool reaches(const std::map<std::string, std::set<std::string>>& edges, const std::string& from,
             const std::string& to) {
  if (edges.at(from).contains(to)) return true;
  return std::any_of(edges.at(from).begin(), edges.at(from).end(),
                     [&](const std::string& next) { return reaches(edges, next, to); });
}

const json::object& output(const Host& host, const std::string& step) {
  return host.document.at("steps").as_object().at(step).as_object().at("output").as_object();
}

std::vector<std::string> texts(const json::value& list) {
  std::vector<std::string> all;
  for (const json::value& one : list.as_array()) all.emplace_back(one.as_string());
  return all;
}

}  // namespace

TEST_CASE("the graph has the predecessor's eleven steps, and chart, warehouses and customer run side by side") {
  const Host host;
  CHECK(steps_of(host) == std::vector<std::string>{"step_0_engine_check", "step_1_platform_setup", "step_2_company",
                                                   "step_3_chart_of_accounts", "step_4_warehouses", "step_5_settings",
                                                   "step_6_items", "step_7_customer", "step_8_pos_profile",
                                                   "step_9_pos_session", "step_10_post_sale_updates"});
  const auto before = edges(host.manifest());
  const std::vector<std::string> beside{"step_3_chart_of_accounts", "step_4_warehouses", "step_7_customer"};
  for (const auto& one : beside) {
    CHECK(reaches(before, one, "step_2_company"));
    for (const auto& other : beside) CHECK_FALSE(reaches(before, one, other));
  }
  CHECK(reaches(before, "step_5_settings", "step_4_warehouses"));
  CHECK_FALSE(reaches(before, "step_5_settings", "step_3_chart_of_accounts"));
  CHECK_FALSE(reaches(before, "step_6_items", "step_5_settings"));
  for (const auto& needed : {"step_3_chart_of_accounts", "step_4_warehouses", "step_5_settings", "step_7_customer"})
    CHECK(reaches(before, "step_8_pos_profile", needed));
  CHECK_FALSE(reaches(before, "step_8_pos_profile", "step_6_items"));
  CHECK(reaches(before, "step_9_pos_session", "step_8_pos_profile"));
  CHECK(reaches(before, "step_10_post_sale_updates", "step_9_pos_session"));
}

TEST_CASE("the manifest says which steps are critical, exclusive, optional and how they are checked") {
  const Host host;
  std::vector<std::string> critical;
  for (const std::string& id : steps_of(host)) {
    CAPTURE(id);
    const json::object& step = host.step(id);
    const auto* flag = step.if_contains("critical");
    if (!flag || flag->as_bool()) critical.push_back(id);
    CHECK(step.at("repeatable").as_bool());
    CHECK(step.contains("timeout_ms"));
    const auto operations = texts(step.at("operations"));
    CHECK(std::count(operations.begin(), operations.end(), "verify") == 1);
    if (id != "step_0_engine_check") CHECK(std::count(operations.begin(), operations.end(), "undo") == 1);
  }
  CHECK(critical == std::vector<std::string>{"step_0_engine_check", "step_1_platform_setup", "step_2_company",
                                             "step_3_chart_of_accounts", "step_8_pos_profile"});
  CHECK(host.step("step_2_company").at("exclusive") == "erpnext.company");
  CHECK(host.step("step_3_chart_of_accounts").at("exclusive") == "erpnext.account");
  CHECK(host.step("step_4_warehouses").at("exclusive") == "erpnext.warehouse");
  CHECK_FALSE(host.step("step_2_company").contains("per_tenant"));
  CHECK(host.step("step_6_items").at("optional").as_bool());
  CHECK(host.step("step_6_items").at("skippable").as_bool());
  CHECK(host.step("step_9_pos_session").at("skippable").as_bool());
}

TEST_CASE("a tenant of every kind of country is made from nothing, and a second run changes nothing") {
  const std::string country = GENERATE("KE", "UG", "US", "DE", "GB");
  CAPTURE(country);
  Sandbox sandbox;
  Host host(sandbox, {.country = country});
  host.document["request"] = {{"include_demo_data", true}};
  const auto outcomes = run_everything(host);
  REQUIRE(outcomes.size() == 11);
  CHECK(outcomes.at("step_0_engine_check") == TENANTRY_ALREADY_DONE);
  for (const auto& [step, outcome] : outcomes) {
    CAPTURE(step);
    CHECK((outcome == TENANTRY_DONE || outcome == TENANTRY_ALREADY_DONE));
  }
  const auto counts = sandbox.counts("t1.local");
  CHECK(counts.at("Company") == 1);
  CHECK(counts.at("POS Profile") == 1);
  CHECK(counts.at("POS Opening Entry") == 1);
  CHECK(counts.at("Customer") == 1);
  CHECK(counts.at("Item") == 5);
  CHECK(sandbox.duplicates("t1.local").empty());
  CHECK(output(host, "step_2_company").at("currency") == (country == "KE"   ? "KES"
                                                          : country == "UG" ? "UGX"
                                                          : country == "US" ? "USD"
                                                          : country == "DE" ? "EUR"
                                                                            : "GBP"));

  SECTION("verify finds everything in sync") {
    for (const std::string& step : steps_of(host)) {
      const Report report = host.verify(step);
      CAPTURE(step, words(report));
      CHECK(report.outcome == TENANTRY_DONE);
    }
  }
  SECTION("a second run finds everything there") {
    const auto effects = sandbox.journal("t1.local").size();
    const auto requests = sandbox.requests("t1.local");
    Host again(sandbox, {.country = country});
    again.run_id = "run-2";
    again.document["request"] = host.document["request"];
    for (const auto& [step, outcome] : run_everything(again)) {
      CAPTURE(step);
      CHECK(outcome == TENANTRY_ALREADY_DONE);
    }
    CHECK(sandbox.journal("t1.local").size() == effects);
    CHECK(sandbox.requests("t1.local") - requests <= 50);
  }
}

TEST_CASE("the same run again completes with what it made before and makes nothing twice") {
  Sandbox sandbox;
  Host host(sandbox);
  const auto first = run_everything(host);
  const auto effects = sandbox.journal("t1.local").size();
  const auto again = run_everything(host);
  CHECK(sandbox.journal("t1.local").size() == effects);
  for (const char* step :
       {"step_2_company", "step_4_warehouses", "step_7_customer", "step_8_pos_profile", "step_9_pos_session"}) {
    CAPTURE(step);
    CHECK(first.at(step) == TENANTRY_DONE);
    CHECK(again.at(step) == TENANTRY_DONE);  // ours by mark, whoever asks
  }
}

TEST_CASE("undo in reverse leaves only the wizard's presets, and undoing twice is harmless") {
  Sandbox sandbox;
  Host host(sandbox);
  host.document["request"] = {{"include_demo_data", true}};
  const auto outcomes = run_everything(host);
  REQUIRE(outcomes.size() == 11);
  for (int i = 0; i < 2; ++i) {
    CHECK(roll_back(host, outcomes));
    const auto counts = sandbox.counts("t1.local");
    for (const char* gone : {"Company", "Account", "Warehouse", "Customer", "Item", "Item Price", "POS Profile",
                             "POS Opening Entry", "Cost Center"}) {
      CAPTURE(gone);
      const auto* count = counts.if_contains(gone);
      CHECK((!count || *count == 0));
    }
    const auto user = sandbox.erp("GET", "t1.local", "/api/resource/User/owner%40t1.example");
    CHECK(user.status == 404);
    const auto mpesa = sandbox.erp("GET", "t1.local", "/api/resource/Mode%20of%20Payment/M-Pesa");
    CHECK(mpesa.status == 404);
  }
}

TEST_CASE("verify without an output finds what an attempt did before it was lost") {
  Sandbox sandbox;
  Host host(sandbox);
  host.document["request"] = {{"include_demo_data", true}};
  for (const std::string& step : steps_of(host)) {
    CAPTURE(step);
    if (step != "step_0_engine_check" && step != "step_1_platform_setup" && step != "step_2_company" &&
        step != "step_5_settings" && step != "step_10_post_sale_updates") {
      const Report before = host.verify(step);
      CAPTURE(words(before));
      CHECK(before.outcome == TENANTRY_DRIFTED);
    }
    const Report ran = settle(host, step);
    CAPTURE(words(ran));
    REQUIRE(succeeded(ran));
    host.document["steps"].as_object()[step] = json::object{{"output", nullptr}};
    const Report found = host.verify(step);
    CAPTURE(words(found));
    if (step == "step_1_platform_setup") {  // the marks alone do not tell whose call of the wizard it was
      CHECK((found.outcome == TENANTRY_DONE || found.outcome == TENANTRY_DRIFTED));
    } else {
      REQUIRE(found.outcome == TENANTRY_DONE);
      if (step != "step_5_settings" && step != "step_10_post_sale_updates") {
        REQUIRE(found.output.has_value());
        CHECK(json::serialize(*found.output) == json::serialize(*ran.output));
      }
    }
    host.document["steps"].as_object()[step] = json::object{{"output", *ran.output}};
  }
}

TEST_CASE("verify names what somebody changed behind our back") {
  Sandbox sandbox;
  Host host(sandbox);
  REQUIRE(run_everything(host).size() == 11);
  const std::string site = "t1.local";
  sandbox.erp("PUT", site, "/api/resource/Stock%20Settings/Stock%20Settings", {{"default_warehouse", "Stores - DML"}});
  Report report = host.verify("step_5_settings");
  CHECK(report.outcome == TENANTRY_DRIFTED);
  REQUIRE(report.output.has_value());
  const auto& drift = report.output->at("drift").as_array().at(0).as_object();
  CHECK(drift.at("what") == "Stock Settings: default_warehouse");
  CHECK(drift.at("expected") == "Main Shop - DML");
  CHECK(drift.at("found") == "Stores - DML");
  CHECK(host.run("step_5_settings").outcome == TENANTRY_DONE);
  CHECK(host.verify("step_5_settings").outcome == TENANTRY_DONE);

  sandbox.erp("POST", site, "/api/method/frappe.client.cancel",
              {{"doctype", "POS Opening Entry"}, {"name", output(host, "step_9_pos_session").at("name")}});
  CHECK(host.verify("step_9_pos_session").outcome == TENANTRY_DRIFTED);
  CHECK(host.run("step_9_pos_session").outcome == TENANTRY_DONE);
  sandbox.erp("PUT", site, "/api/resource/Mode%20of%20Payment/M-Pesa", {{"accounts", json::array()}});
  CHECK(host.verify("step_3_chart_of_accounts").outcome == TENANTRY_DRIFTED);
  CHECK(host.run("step_3_chart_of_accounts").outcome == TENANTRY_DONE);
  CHECK(host.verify("step_3_chart_of_accounts").outcome == TENANTRY_DONE);
}

TEST_CASE("plan says what will be made and touches nothing") {
  Sandbox sandbox;
  Host host(sandbox);
  host.document["request"] = {{"include_demo_data", true}};
  for (const char* step :
       {"step_1_platform_setup", "step_2_company", "step_4_warehouses", "step_6_items", "step_7_customer"}) {
    const Report report = host.plan(step);
    CAPTURE(step, words(report));
    REQUIRE(report.outcome == TENANTRY_DONE);
    const auto& actions = report.output->at("actions").as_array();
    REQUIRE_FALSE(actions.empty());
    CHECK(actions[0].at("verb") == "create");
  }
  for (const auto& effect : sandbox.journal("t1.local")) CHECK(effect.at("what") == "site created");
  REQUIRE(run_everything(host).size() == 11);
  for (const char* step : {"step_1_platform_setup", "step_2_company", "step_4_warehouses", "step_7_customer"}) {
    const Report report = host.plan(step);
    CAPTURE(step, words(report));
    REQUIRE(report.outcome == TENANTRY_DONE);
    CHECK(report.output->at("actions").as_array().at(0).at("verb") == "keep");
  }
}

TEST_CASE("without demo data and point of sale their steps are skipped") {
  Sandbox sandbox;
  Host host(sandbox);
  host.document["request"] = {{"pos_store_enabled", false}};
  const auto outcomes = run_everything(host);
  CHECK(outcomes.at("step_6_items") == TENANTRY_SKIPPED);
  CHECK(outcomes.at("step_9_pos_session") == TENANTRY_SKIPPED);
  CHECK(outcomes.at("step_10_post_sale_updates") != TENANTRY_FAILED);
  CHECK_FALSE(sandbox.counts("t1.local").contains("POS Opening Entry"));
}
