#include <filesystem>
#include <future>
#include <thread>

#include "sandbox/fixture.hpp"
#include "support/catch.hpp"

using namespace tenantry::sandbox;
using namespace tenantry::sandbox::testing;
using std::chrono::milliseconds;

namespace {

constexpr const char* kWizard = "/api/method/frappe.desk.page.setup_wizard.setup_wizard.setup_complete";

json::value wizard(const std::string& chart = "Standard") {
  return {{"args",
           {{"country", "Kenya"},
            {"currency", "KES"},
            {"timezone", "Africa/Nairobi"},
            {"full_name", "Owner"},
            {"email", "owner@x.example"},
            {"password", "Owner-Pass-2026!"},
            {"company_name", "Duka Moja Ltd"},
            {"company_abbr", "DML"},
            {"chart_of_accounts", chart},
            {"fy_start_date", "2026-01-01"},
            {"fy_end_date", "2026-12-31"}}}};
}

json::value bench(Sandbox& sandbox, const json::array& words, const std::string& stop_at = "") {
  return sandbox.control("POST", "bench", {{"args", words}, {"stop_at", stop_at}});
}

std::int64_t count(Sandbox& sandbox, const std::string& site, const std::string& doctype) {
  return body_of(sandbox.ask(site, "GET", "/api/method/frappe.client.get_count?doctype=" + doctype))
      .at("message")
      .as_int64();
}

}  // namespace

TEST_CASE("with any site allowed, each host is a tenant of its own") {
  Sandbox sandbox({true, 0.0, 0.2, ""});
  const json::value role{{"role_name", "Till"}};
  CHECK(sandbox.ask("one.local", "POST", "/api/resource/Role", role)->status == 200);
  CHECK(sandbox.ask("two.local", "POST", "/api/resource/Role", role)->status == 200);
  CHECK(sandbox.ask("two.local", "POST", "/api/resource/Role", role)->status == 409);
  CHECK(sandbox.control("GET", "sites").as_array().size() == 2);
}

TEST_CASE("the wizard says ok although a bad chart left no company") {
  Sandbox sandbox;
  sandbox.application.sites().make("a.local", "fresh");
  CHECK(body_of(sandbox.ask("a.local", "POST", kWizard, wizard("No Such Chart"))).at("message").at("status") == "ok");
  CHECK(count(sandbox, "a.local", "Company") == 0);
  CHECK(body_of(sandbox.ask("a.local", "POST", kWizard, wizard())).at("message").at("status") == "ok");
  CHECK(count(sandbox, "a.local", "Company") == 0);
}

TEST_CASE("the wizard goes on when its client gives up, and a second call meanwhile fails") {
  Sandbox sandbox;
  sandbox.application.sites().make("a.local", "fresh");
  sandbox.fault({{"path", "*setup_complete"}, {"millis", 400}, {"times", 1}});
  auto first = std::async(std::launch::async,
                          [&] { return sandbox.ask("a.local", "POST", kWizard, wizard(), milliseconds(150)); });
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  const auto site = [&] { return sandbox.control("GET", "state").at("sites").at("a.local"); };
  while (site().at("wizard_running") != true && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  const auto second = sandbox.ask("a.local", "POST", kWizard, wizard());
  CHECK(second->status == 417);
  CHECK(exc_type(second) == "TimestampMismatchError");
  CHECK(!first.get().has_value());
  while (site().at("setup_complete") != true && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  CHECK(count(sandbox, "a.local", "Company") == 1);
  CHECK(count(sandbox, "a.local", "UOM") == 239);
}

TEST_CASE("a killed new-site leaves remains that block the next one until they are dropped") {
  Sandbox sandbox;
  const auto stage = GENERATE("directory", "tables");
  CHECK(bench(sandbox, {"new-site", "a.local"}, stage).at("exit") == -9);
  CHECK(bench(sandbox, {"new-site", "a.local"}).at("output") == "Site a.local already exists\n");
  CHECK(bench(sandbox, {"drop-site", "a.local", "--no-backup", "--force"}).at("exit") == 0);
  CHECK(bench(sandbox, {"drop-site", "a.local", "--no-backup", "--force"}).at("exit") == 1);
  CHECK(bench(sandbox, {"new-site", "a.local", "--install-app", "erpnext"}).at("exit") == 0);
  CHECK(sandbox.ask("a.local", "GET", "/api/method/frappe.utils.change_log.get_versions")->status == 200);
}

TEST_CASE("a site without tables that was polled cannot be dropped any more") {
  Sandbox sandbox;
  sandbox.application.sites().make("a.local", "directory");
  CHECK(sandbox.ask("a.local", "GET", "/api/method/ping")->status == 500);
  CHECK(bench(sandbox, {"drop-site", "a.local", "--no-backup", "--force"}).at("exit") == -9);
  CHECK(bench(sandbox, {"new-site", "a.local", "--force"}).at("exit") == 0);
}

TEST_CASE("a client of bench that is killed on the way leaves a half-made site") {
  Sandbox sandbox({false, 0.02, 0.2, ""});  // 12.7 s of new-site become a quarter of a second
  const auto answer =
      call(sandbox.port(), "POST", "/__sandbox/bench", {}, R"({"args":["new-site","a.local"]})", milliseconds(60));
  CHECK(!answer.has_value());
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  const auto again = bench(sandbox, {"new-site", "a.local"});
  CHECK(again.at("exit") == 1);
  while (sandbox.control("GET", "load").at("in_flight") != 0 && std::chrono::steady_clock::now() < end)
    std::this_thread::yield();
  CHECK(sandbox.control("GET", "state").at("sites").at("a.local").at("stage") != "frappe");
}

TEST_CASE("new keys make the old secret worthless") {
  Sandbox sandbox;
  sandbox.application.sites().make("a.local", "fresh");
  const auto keys = sandbox.ask("a.local", "POST", "/api/method/frappe.core.doctype.user.user.generate_keys",
                                {{"user", "Administrator"}});
  CHECK(keys->status == 200);
  CHECK(sandbox.ask("a.local", "GET", "/api/method/frappe.auth.get_logged_user")->status == 401);
}

TEST_CASE("a saved state is the same after loading, base data and keys included") {
  const auto file = (std::filesystem::temp_directory_path() / ("sandbox-state-" + std::to_string(::getpid()))).string();
  Sandbox before;
  before.application.sites().make("a.local", "with-company");
  CHECK(before.application.sites().save(file));
  Sandbox after;
  CHECK(after.application.sites().load(file));
  std::filesystem::remove(file);
  const auto counts = [](Sandbox& sandbox) {
    return sandbox.control("GET", "state").at("sites").at("a.local").at("counts");
  };
  CHECK(counts(before) == counts(after));
  CHECK(after.ask("a.local", "GET", "/api/resource/Company/Example%20Ltd")->status == 200);
}

TEST_CASE("eight clients share a site without losing or doubling anything") {
  Sandbox sandbox;
  sandbox.application.sites().make("a.local", "with-company");
  {
    std::vector<std::jthread> clients;
    for (int client = 0; client < 8; ++client)
      clients.emplace_back([&sandbox, client] {
        for (int i = 0; i < 25; ++i)
          (void)sandbox.ask("a.local", "POST", "/api/resource/Item",
                            {{"item_code", "I" + std::to_string((client % 4) * 25 + i)},
                             {"item_group", "Products"},
                             {"stock_uom", "Nos"}});
      });
  }
  CHECK(count(sandbox, "a.local", "Item") == 100);
  CHECK(sandbox.effects("Item", "created") == 100);
  CHECK(sandbox.control("GET", "load").at("requests").as_int64() == 201);
}
