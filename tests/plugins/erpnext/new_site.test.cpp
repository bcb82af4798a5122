// Sites that do not exist yet, made with the sandbox's stand-in for bench.
#include <unistd.h>

#include <cstdlib>

#include "support/catch.hpp"
#include "world.hpp"

using namespace world;
using namespace std::chrono_literals;

namespace {

const std::string kSite = "t1.example";

// The stand-in finds its server, and where to die, in the environment.
struct Environment {
  explicit Environment(const Sandbox& sandbox) { setenv("TENANTRY_SANDBOX_URL", sandbox.url().c_str(), 1); }
  ~Environment() {
    unsetenv("TENANTRY_SANDBOX_URL");
    unsetenv("TENANTRY_SANDBOX_STOP_AT");
  }
  static void die_at(const char* where) { setenv("TENANTRY_SANDBOX_STOP_AT", where, 1); }
  static void live() { unsetenv("TENANTRY_SANDBOX_STOP_AT"); }
};

void make_sites(Host& host, const json::object& bench = {}) {
  json::object all{{"command", {TENANTRY_SANDBOX, "bench"}},
                   {"new_site_options", {"--admin-password", "{admin_password}"}}};
  for (const auto& [name, value] : bench) all[name] = value;
  host.document["server"].as_object()["settings"] = {
      {"site", "{tenant}.example"}, {"mode", "new_site"}, {"bench", std::move(all)}};
  host.secrets = {{"server.admin_password", "admin-word"}, {"tenant.admin_password", "Owner-Pass-2026!"}};
}

std::vector<std::string> site_effects(Sandbox& sandbox) {
  std::vector<std::string> all;
  for (const auto& effect : sandbox.journal(kSite))
    if (effect.at("doctype").as_string().empty()) all.emplace_back(effect.at("what").as_string());
  return all;
}

bool has(const std::vector<std::string>& list, const std::string& one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

}  // namespace

TEST_CASE("a site is made for the tenant, set up, and dropped by roll-back") {
  Sandbox sandbox;
  sandbox.post("/__sandbox/settings", {{"any_site", false}});
  const Environment environment(sandbox);
  Host host(sandbox);
  make_sites(host);
  const auto outcomes = run_everything(host);
  REQUIRE(outcomes.size() == 11);
  CHECK(outcomes.at("step_1_platform_setup") == TENANTRY_DONE);
  CHECK(host.secrets.contains("erpnext.api_secret"));
  CHECK(sandbox.counts(kSite).at("POS Profile") == 1);
  for (const std::string& step : steps_of(host)) {
    const Report report = host.verify(step);
    CAPTURE(step, words(report));
    CHECK(report.outcome == TENANTRY_DONE);
  }
  SECTION("all of it") {
    CHECK(roll_back(host, outcomes));
    CHECK(has(site_effects(sandbox), "site dropped"));
    CHECK(roll_back(host, {{"step_1_platform_setup", TENANTRY_DONE}}));  // a site that is gone counts as dropped
  }
  SECTION("a second run finds it there and never drops it") {
    Host again(sandbox);
    make_sites(again);
    again.secrets = host.secrets;
    again.run_id = "run-2";
    const auto second = run_everything(again);
    REQUIRE(second.size() == 11);
    for (const auto& [step, outcome] : second)
      if (step != "step_6_items") CHECK(outcome == TENANTRY_ALREADY_DONE);
    CHECK(again.undo("step_1_platform_setup").outcome == TENANTRY_DONE);
    CHECK_FALSE(has(site_effects(sandbox), "site dropped"));
  }
}

TEST_CASE("a golden image saves installing") {
  Sandbox sandbox;
  const Environment environment(sandbox);
  Host host(sandbox);
  make_sites(host, {{"golden_image", "/images/clean.sql.gz"}});
  REQUIRE(run_everything(host).size() == 11);
  CHECK(has(site_effects(sandbox), "site restored with erpnext"));
}

TEST_CASE("what a killed bench leaves behind is dropped or finished, wherever it died") {
  const std::string where = GENERATE("directory", "tables", "apps");
  CAPTURE(where);
  Sandbox sandbox;
  sandbox.post("/__sandbox/settings", {{"any_site", false}});
  const Environment environment(sandbox);
  Host host(sandbox);
  make_sites(host);
  REQUIRE(succeeded(host.run("step_0_engine_check")));
  Environment::die_at(where.c_str());
  const Report killed = host.run("step_1_platform_setup");
  INFO(words(killed));
  CHECK(killed.outcome == TENANTRY_RETRY);
  CHECK(killed.code == "erpnext.new_site_failed");
  Environment::live();
  SECTION("the next attempt completes") {
    const auto outcomes = run_everything(host);
    REQUIRE(outcomes.size() == 11);
    CHECK(outcomes.at("step_1_platform_setup") == TENANTRY_DONE);
    CHECK(has(site_effects(sandbox), "site dropped") == (where != "apps"));
    CHECK(sandbox.counts(kSite).at("Company") == 1);
  }
  SECTION("undo removes what there is") {
    CHECK(host.undo("step_1_platform_setup").outcome == TENANTRY_DONE);
    CHECK(has(site_effects(sandbox), "site dropped"));
  }
}

TEST_CASE("a site whose bookings would be lost is not dropped") {
  Sandbox sandbox;
  const Environment environment(sandbox);
  Host host(sandbox);
  make_sites(host);
  REQUIRE(run_everything(host).size() == 11);
  const auto draft = sandbox.erp("POST", kSite, "/api/resource/Sales%20Invoice", {{"customer", "Walk-in Customer"}});
  static_cast<void>(draft);
  const std::string key = "token " + host.secrets.at("erpnext.api_key") + ":" + host.secrets.at("erpnext.api_secret");
  tenantry::http::Client client;
  const auto send = [&](const std::string& method, const std::string& path, const json::value& body) {
    const auto outcome =
        client.send({.method = method,
                     .url = sandbox.url() + path,
                     .headers = {{"Host", kSite}, {"Authorization", key}, {"Content-Type", "application/json"}},
                     .body = json::serialize(body)});
    const auto& response = std::get<tenantry::http::Response>(outcome);
    INFO(response.body);
    REQUIRE(response.status == 200);
    return json::parse(response.body);
  };
  const auto item = send("POST", "/api/resource/Item",
                         {{"item_code", "S"}, {"item_group", "Products"}, {"stock_uom", "Nos"}, {"is_stock_item", 0}});
  const auto invoice = send("POST", "/api/resource/Sales%20Invoice",
                            {{"customer", "Walk-in Customer"},
                             {"company", "Duka Moja Ltd"},
                             {"is_pos", 1},
                             {"pos_profile", "Main Till"},
                             {"items", {{{"item_code", "S"}, {"qty", 1}, {"rate", 5}}}},
                             {"payments", {{{"mode_of_payment", "Cash"}, {"amount", 5}}}}});
  send("PUT", "/api/resource/Sales%20Invoice/" + std::string(invoice.at("data").at("name").as_string()),
       {{"docstatus", 1}});
  const Report report = host.undo("step_1_platform_setup");
  INFO(words(report));
  CHECK(report.outcome == TENANTRY_FAILED);
  CHECK(report.code == "erpnext.has_bookings");
  CHECK_FALSE(has(site_effects(sandbox), "site dropped"));
}

TEST_CASE("a bench that cannot be started or does not answer is said so") {
  Sandbox sandbox;
  const Environment environment(sandbox);
  Host host(sandbox);
  SECTION("there is none") {
    make_sites(host, {{"command", {"/no/such/bench"}}});
    const Report report = host.run("step_0_engine_check");
    CHECK(report.outcome == TENANTRY_FAILED);
    CHECK(report.code == "erpnext.bench_missing");
    CHECK(report.detail.at("class") == "missing_dependency");
  }
  SECTION("it hangs and the step's time is over") {
    make_sites(host, {{"command", {"/bin/sh", "-c", "sleep 60"}}});
    host.time_limit = 200ms;
    const Report report = host.run("step_0_engine_check");
    CHECK(report.outcome == TENANTRY_RETRY);
    CHECK(report.detail.at("class") == "timeout");
  }
  SECTION("it fails without saying anything of the site: nothing is dropped") {
    make_sites(host, {{"command", {"/bin/sh", "-c", "echo no database; exit 1"}}});
    host.document["steps"].as_object()["step_0_engine_check"] = {
        {"output", {{"site", kSite}, {"erpnext_version", "15"}}}};
    const Report report = host.run("step_1_platform_setup");
    CHECK(report.outcome == TENANTRY_RETRY);
    CHECK(report.code == "erpnext.site_unreadable");
  }
}
