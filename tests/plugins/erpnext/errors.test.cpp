// What ERPNext answers when it does not do what it was asked.
#include <algorithm>

#include "support/catch.hpp"
#include "world.hpp"

using namespace world;
using namespace std::chrono_literals;

namespace {

const std::string kSite = "t1.local";

}  // namespace

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
  CHECK(count(sandbox, "Customer", kSite) == 0);
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

TEST_CASE("an answer that is cut short is asked for again") {
  Sandbox sandbox;
  Host host(sandbox);
  run_before(host, "step_7_customer");
  CannedServer server(
      {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 19\r\n\r\n{\"data\":[{\"name\":\"W",
       "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"data\":",
       "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"message\":1}",
       "HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n"});
  host.document["server"].as_object()["url"] = server.url();
  for (const char* code :
       {"erpnext.bad_answer", "erpnext.connection_lost", "erpnext.bad_answer", "erpnext.redirected"}) {
    const Report report = host.run("step_7_customer");
    INFO(words(report));
    CHECK(report.outcome == (std::string(code) == "erpnext.redirected" ? TENANTRY_FAILED : TENANTRY_RETRY));
    CHECK(report.code == code);
  }
  host.document["server"].as_object()["url"] = sandbox.url();
  CHECK(host.run("step_7_customer").outcome == TENANTRY_DONE);
}

TEST_CASE("an answer that never comes ends with the step's time, and the wait is full of signs of life") {
  Sandbox sandbox;
  Host host(sandbox);
  run_before(host, "step_7_customer");
  sandbox.fault({{"method", "POST"}, {"doctype", "Customer"}, {"times", 1}, {"action", "hang"}});
  host.time_limit = 1500ms;
  const Report report = host.run("step_7_customer");
  CHECK((report.outcome == TENANTRY_RETRY || report.outcome == TENANTRY_CANCELLED));
  CHECK(report.heartbeats > 0);
  host.time_limit.reset();
  CHECK(host.run("step_7_customer").outcome == TENANTRY_DONE);
  CHECK(count(sandbox, "Customer", kSite) == 1);
}
