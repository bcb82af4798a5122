// The console stays true while things happen behind it.
#include "desk.hpp"

using namespace tenantry::console;

TEST_CASE("a stream that is cut goes on where it was, and a host that was away is found again") {
  Desk desk;
  auto& browser = desk.browser;
  desk.slow("Warehouse", 4000);
  const auto tenant = desk.world.create_tenant("Acme");
  desk.open_run(tenant);
  REQUIRE(browser.becomes("document.querySelector('.connection').className.includes('is-live')"));
  desk.start_made(tenant);
  REQUIRE(desk.step_shows("step_4_warehouses", "running"));
  browser.online(false);
  CHECK(browser.becomes("document.querySelector('.connection').className.includes('is-offline')"));
  CHECK(browser.says("h1", "Acme"));  // what was known stays
  browser.picture("run_offline");
  browser.online(true);
  CHECK(browser.becomes("document.querySelector('.connection').className.includes('is-live')"));
  CHECK(desk.shows("Completed"));
  CHECK(browser.counts(".graph-step.is-running, .graph-step.is-pending", 0));
}

TEST_CASE("two tabs show the same run, and what one commands the other sees") {
  Desk desk;
  auto& browser = desk.browser;
  desk.slow("Warehouse", 20'000);
  const auto tenant = desk.world.create_tenant("Acme");
  desk.open_run(tenant);
  const auto first = browser.tab();
  browser.switch_to(browser.new_tab());
  browser.size(1280, 800);
  browser.open(desk.url("/console/tenants/" + tenant));
  CHECK(browser.becomes("document.querySelector('#email')"));  // a token belongs to one tab
  desk.sign_in();
  REQUIRE(browser.becomes("document.querySelector('.graph-step')"));
  desk.start_made(tenant);
  REQUIRE(desk.step_shows("step_4_warehouses", "running"));
  desk.command("cancel");
  REQUIRE(desk.shows("Cancelled"));
  browser.switch_to(first);
  CHECK(desk.shows("Cancelled"));
  desk.world.no_faults();
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

TEST_CASE("fifty failed workspaces that a filter finds are retried, once one has seen what that does to each") {
  Desk desk;
  auto& browser = desk.browser;
  desk.refuse("Account");
  std::vector<std::string> shops;
  for (int i = 1; i <= 50; ++i) shops.push_back(desk.start("Shop " + std::to_string(i)));
  const auto other = desk.start("Somebody else");
  for (const auto& shop : shops) REQUIRE(desk.world.reaches(shop, "FAILED"));
  REQUIRE(desk.world.reaches(other, "FAILED"));
  desk.world.no_faults();

  desk.open("/console/tenants?status=FAILED&q=Shop");
  REQUIRE(browser.counts(".tenant-name", 50));
  browser.click("button", "Retry all");
  REQUIRE(browser.counts(".batch li.hue-good", 50));
  CHECK(browser.says("dialog [role=status]", "50 of 50 can."));
  CHECK(
      browser.becomes("[...document.querySelectorAll('.batch li')].every((one) => "
                      "one.textContent.includes('Shop') && one.textContent.includes('runs '))"));
  CHECK(browser.says("dialog button[type=submit]", "50 workspaces"));
  desk.look("batch_of_fifty");
  CHECK(desk.world.word(shops.front()) == "FAILED");  // only asked

  browser.type("#reason", "The right to make accounts was given.");
  browser.click("dialog button[type=submit]:not([aria-disabled])");
  CHECK(browser.says("dialog [role=status]", "50 accepted, 0 refused.", 60));
  browser.click("dialog button", "Close");
  for (const auto& shop : shops) CHECK(desk.world.reaches(shop, "COMPLETED"));
  CHECK(desk.world.word(other) == "FAILED");
  CHECK(browser.becomes("document.querySelector('.empty')", 60));
  const auto operations = desk.world.get("/api/operations?limit=200");
  std::size_t retried = 0;
  for (const auto& one : operations.at("operations").as_array())
    if (one.at("verb") == "retry" && one.at("reason") == "The right to make accounts was given.") ++retried;
  CHECK(retried == 50);
}

TEST_CASE("signing out forgets the token, and a session that ended leads back to where one was") {
  Desk desk;
  auto& browser = desk.browser;
  desk.open("/console/engines");
  REQUIRE(browser.becomes("document.querySelector('.engines')"));
  browser.click("[aria-label='Sign out']");
  REQUIRE(browser.becomes("document.querySelector('#email')"));
  CHECK(browser.becomes("sessionStorage.length === 0"));
  CHECK(desk.world.call("GET", "/api/auth/me").status == 401);
  desk.sign_in();
  CHECK(browser.becomes("document.querySelector('h1')?.textContent === 'Engines'"));
  // The host forgets the token behind the page's back.
  desk.world.use_token(json::value_to<std::string>(browser.run("return sessionStorage.getItem('tenantry.token')")));
  REQUIRE(desk.world.post("/api/auth/logout", "").status == 204);
  browser.click("a", "Operations");
  REQUIRE(browser.becomes("document.querySelector('#email')"));
  CHECK(browser.says(".form-problem", "session is over"));
  desk.sign_in();
  CHECK(browser.becomes("document.querySelector('h1')?.textContent === 'Operations'"));
}
