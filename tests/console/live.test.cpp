// The console stays true while things happen behind it.
#include <algorithm>

#include "desk.hpp"

using namespace tenantry::console;

TEST_CASE("what changes is on the screen within a second, first of all the page") {
  Desk desk;
  auto& browser = desk.browser;
  desk.slow("Account", 30);
  const auto tenant = desk.world.create_tenant("Acme");
  desk.open_run(tenant);
  const auto painted = browser.run("return performance.getEntriesByName('first-contentful-paint')[0].startTime");
  const auto requests = browser.run(
      "return performance.getEntriesByType('resource').filter((one) => one.name.includes('/api/') && "
      "!one.name.includes('/events')).length");
  CHECK(requests.as_int64() <= 2);
  REQUIRE(browser.becomes("document.querySelector('.connection').className.includes('is-live')"));
  // When each step is first seen at its end.
  browser.run(
      "window.seen = {};"
      "const look = () => { for (const step of document.querySelectorAll('.graph-step.is-completed, "
      ".graph-step.is-exists'))"
      "  window.seen[step.dataset.step] ||= Date.now(); requestAnimationFrame(look); };"
      "look();");
  REQUIRE(desk.world.post(World::verb(tenant, "start")).status == 202);
  REQUIRE(desk.shows("Completed"));
  const auto seen = browser.run("return window.seen");
  std::vector<double> late;
  const auto status = desk.world.status(tenant);
  for (const auto& step : status.at("steps").as_array()) {
    const auto* shown = seen.as_object().if_contains(step.at("id").as_string());
    if (shown == nullptr || step.at("state") == "skipped") continue;
    const auto ended = browser.run("return Date.parse(arguments[0])", {step.at("completed_at")});
    late.push_back(json::value_to<double>(*shown) - json::value_to<double>(ended));
  }
  REQUIRE(late.size() >= 9);
  std::sort(late.begin(), late.end());
  const auto p95 = late[late.size() * 95 / 100];
  WARN("a change is seen after " << late[late.size() / 2] << " ms (median), " << p95 << " ms (p95); first paint after "
                                 << json::serialize(painted) << " ms");
  CHECK(p95 < 3000);
}

TEST_CASE("a stream that is cut goes on where it was, and a host that was away is found again") {
  Desk desk;
  auto& browser = desk.browser;
  desk.slow("Warehouse", 3000);
  const auto tenant = desk.start("Acme");
  desk.open_run(tenant);
  REQUIRE(desk.step_shows("step_4_warehouses", "running"));
  REQUIRE(browser.becomes("document.querySelector('.connection').className.includes('is-live')"));
  browser.online(false);
  CHECK(browser.becomes("document.querySelector('.connection').className.includes('is-offline')"));
  CHECK(browser.text("h1") == "Acme");  // what was known stays
  browser.picture("run_offline");
  browser.online(true);
  CHECK(browser.becomes("document.querySelector('.connection').className.includes('is-live')"));
  CHECK(desk.shows("Completed"));
  CHECK(browser.run("return document.querySelectorAll('.graph-step.is-running, .graph-step.is-pending').length")
            .as_int64() == 0);
}

TEST_CASE("two tabs show the same run, and what one commands the other sees") {
  Desk desk;
  auto& browser = desk.browser;
  desk.slow("Warehouse", 3000);
  const auto tenant = desk.start("Acme");
  desk.open_run(tenant);
  const auto first = browser.tab();
  browser.switch_to(browser.new_tab());
  browser.size(1280, 800);
  browser.open(desk.url("/console/tenants/" + tenant));
  CHECK(browser.becomes("document.querySelector('#email')"));  // a token belongs to one tab
  desk.sign_in();
  REQUIRE(browser.becomes("document.querySelector('.graph-step')"));
  desk.command("cancel");
  REQUIRE(desk.shows("Cancelled"));
  browser.switch_to(first);
  CHECK(desk.shows("Cancelled"));
  desk.command("retry");
  CHECK(desk.shows("Completed"));
}

TEST_CASE("the list is live, and many failures are continued at once") {
  Desk desk;
  auto& browser = desk.browser;
  desk.refuse("POS Profile");
  desk.open("/console/tenants?status=FAILED");
  REQUIRE(browser.becomes("document.querySelector('.empty')"));
  std::vector<std::string> tenants;
  for (const auto* name : {"Acme", "Baraka", "Jambo"}) tenants.push_back(desk.start(name));
  REQUIRE(browser.becomes("document.querySelectorAll('.tenant-name').length === 3", 60));
  CHECK(desk.faults() == "");
  desk.world.no_faults();
  browser.click("button", "Continue all");
  REQUIRE(browser.becomes("document.querySelectorAll('.batch li.hue-good').length === 3"));
  browser.picture("batch");
  CHECK(desk.faults() == "");
  for (const auto& tenant : tenants) CHECK(desk.world.word(tenant) == "FAILED");
  browser.click("dialog button[type=submit]");
  REQUIRE(browser.becomes("document.querySelector('dialog').textContent.includes('3 accepted, 0 refused.')"));
  browser.click("dialog button", "Close");
  for (const auto& tenant : tenants) CHECK(desk.world.reaches(tenant, "COMPLETED"));
  CHECK(browser.becomes("document.querySelector('.empty')"));
}

TEST_CASE("signing out forgets the token, and a session that ended leads back to where one was") {
  Desk desk;
  auto& browser = desk.browser;
  desk.open("/console/engines");
  REQUIRE(browser.becomes("document.querySelector('.engines')"));
  browser.click("[aria-label='Sign out']");
  REQUIRE(browser.becomes("document.querySelector('#email')"));
  CHECK(browser.run("return sessionStorage.length").as_int64() == 0);
  CHECK(desk.world.call("GET", "/api/auth/me").status == 401);
  desk.sign_in();
  CHECK(browser.becomes("document.querySelector('h1')?.textContent === 'Engines'"));
  // The host forgets the token behind the page's back.
  desk.world.use_token(json::value_to<std::string>(browser.run("return sessionStorage.getItem('tenantry.token')")));
  REQUIRE(desk.world.post("/api/auth/logout", "").status == 204);
  browser.click("a", "Operations");
  REQUIRE(browser.becomes("document.querySelector('#email')"));
  CHECK(browser.text(".form-problem").find("session is over") != std::string::npos);
  desk.sign_in();
  CHECK(browser.becomes("document.querySelector('h1')?.textContent === 'Operations'"));
}
