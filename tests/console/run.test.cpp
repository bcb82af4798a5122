// A person provisions workspaces with the console: each test is a real browser on a real host, several seconds long.
#include "desk.hpp"

using namespace tenantry::console;

namespace {

const char* const kDoneSteps = ".graph-step.is-completed, .graph-step.is-exists, .graph-step.is-skipped";

}  // namespace

TEST_CASE("a person signs in, makes a workspace and watches it to the end") {
  Desk desk;
  auto& browser = desk.browser;
  browser.open(desk.url("/"));
  desk.look("sign_in");
  browser.type("#email", "admin@example.org");
  browser.type("#password", "not the password");
  browser.click("button", "Sign in");
  CHECK(browser.becomes("document.querySelector('.form-problem').textContent.length > 10"));
  desk.sign_in();
  REQUIRE(browser.becomes("document.querySelector('h1')?.textContent === 'Tenants'"));
  CHECK(browser.run("return localStorage.length + document.cookie.length").as_int64() == 0);

  browser.click("a", "Make the first one");
  REQUIRE(browser.becomes("document.querySelector('#tenant-name')"));
  desk.look("new_workspace");
  browser.type("#tenant-name", "Acme Nairobi");
  browser.type("#tenant-admin_name", "Asha");
  browser.type("#tenant-admin_email", "asha@example.org");
  browser.type("#tenant-admin_password", tenantry::system::kTenantPassword);
  browser.click("button", "Make and start");
  // What is missing is said at its field, and the field has the focus.
  REQUIRE(
      browser.becomes("document.querySelector('#tenant-country_code[aria-invalid=true]') === document.activeElement"));
  CHECK(browser.becomes("document.querySelector('#tenant-country_code-wrong').textContent.length > 3"));
  desk.look("new_workspace_refused");
  browser.run(
      "const one = document.querySelector('#tenant-country_code'); one.value = 'KE'; one.dispatchEvent(new "
      "Event('change'))");
  browser.type("#parameters-company-abbr", "not an abbreviation");
  browser.click("button", "Make and start");
  REQUIRE(browser.becomes("document.querySelector('#parameters-company-abbr[aria-invalid=true]')"));
  browser.type("#parameters-company-abbr", "ACME");
  browser.click("button:not([aria-disabled])", "Start");

  REQUIRE(browser.counts(".graph-step", 11));
  CHECK(browser.counts("h1", 1));
  CHECK(desk.shows("Completed"));
  CHECK(browser.counts(kDoneSteps, 11));
  CHECK(browser.says(".run-progress", "100 %"));
  CHECK(browser.becomes("document.querySelectorAll('.segment-good').length >= 8"));
  desk.look("run_completed");
  CHECK(browser.complaints() == std::vector<std::string>{});

  browser.click("a", "Operations");
  REQUIRE(
      browser.becomes("[...document.querySelectorAll('.operations .row')].some((one) => "
                      "one.textContent.includes('Start') && one.textContent.includes('admin@example.org'))"));
  CHECK(desk.faults() == "");
  browser.click("a", "Engines");
  REQUIRE(browser.becomes("document.querySelector('.engines')?.textContent.includes('Active')"));
  browser.click("button", "Show the steps");
  CHECK(browser.counts(".graph-step", 11));
  desk.look("engines");
}

TEST_CASE("a failed run says what to do, and Continue does what it said before") {
  Desk desk;
  auto& browser = desk.browser;
  desk.refuse("POS Profile");
  const auto tenant = desk.start("Acme Nairobi");
  desk.open_run(tenant);
  REQUIRE(desk.shows("Failed"));
  REQUIRE(browser.becomes("document.querySelector('.troubles')"));
  CHECK(browser.says(".troubles", "POS profile"));
  CHECK(browser.says(".troubles", "then Continue"));
  CHECK(browser.says(".troubles", "2 steps are blocked"));
  CHECK(browser.becomes("document.querySelector('step-panel .attempt')"));
  CHECK(browser.becomes("document.querySelector('step-panel .log li')"));
  CHECK(browser.says("step-panel h2", "POS profile"));
  desk.look("run_failed");

  // Why a button is not to be had is said by the button.
  CHECK(browser.becomes(
      "document.querySelector('.run-head [data-verb=pause]').getAttribute('aria-description').length > 10"));

  desk.world.no_faults();
  browser.click(".run-head [data-verb=continue]:not([aria-disabled])");
  CHECK(browser.counts(".scope-run li", 3));
  CHECK(browser.counts(".scope-verify li", 7));
  CHECK(browser.says("dialog button[type=submit]", "Continue: run 3 steps"));
  desk.look("scope");
  CHECK(desk.world.word(tenant) == "FAILED");  // only asked
  browser.press(keys::kEscape);
  CHECK(browser.becomes("!document.querySelector('dialog')"));
  CHECK(desk.world.word(tenant) == "FAILED");

  desk.command("continue");
  CHECK(desk.shows("Completed"));
  browser.click("[data-step=step_8_pos_profile]");
  // The failed attempt is still there.
  CHECK(browser.counts("step-panel .attempt", 2));
  CHECK(browser.says("step-panel .attempts", "not allowed"));
}

TEST_CASE("one step is retried, another is skipped") {
  Desk desk;
  auto& browser = desk.browser;
  desk.refuse("Warehouse");
  desk.refuse("Item");
  const auto tenant = desk.world.create_tenant("Acme");
  REQUIRE(desk.world.post(World::verb(tenant, "start"), R"({"parameters":{"include_demo_data":true}})").status == 202);
  desk.open_run(tenant);
  REQUIRE(desk.shows("Partial"));
  REQUIRE(desk.step_shows("step_4_warehouses", "failed"));
  browser.click("[data-step=step_4_warehouses]");
  desk.world.no_faults();
  desk.refuse("Item");
  desk.command("retry", "step-panel");
  REQUIRE(desk.step_shows("step_4_warehouses", "completed"));
  REQUIRE(desk.shows("Partial"));
  REQUIRE(desk.step_shows("step_6_items", "failed"));
  browser.click("[data-step=step_6_items]");
  browser.click("step-panel [data-verb=skip-step]:not([aria-disabled])");
  REQUIRE(browser.becomes("document.querySelector('#reason')"));
  browser.type("#reason", "The customer brings his own items.");
  browser.click("dialog button[type=submit]:not([aria-disabled])");
  REQUIRE(desk.step_shows("step_6_items", "skipped"));
  CHECK(browser.becomes("document.querySelector('step-panel').textContent.includes('brings his own items')"));
  browser.open(desk.url("/console/operations"));
  CHECK(browser.becomes("document.querySelector('.operations')?.textContent.includes('brings his own items')"));
}

TEST_CASE("a run is paused, resumed, cancelled and rolled back") {
  Desk desk;
  auto& browser = desk.browser;
  desk.slow("Customer", 5000);
  desk.slow("POS Profile", 20'000);
  const auto tenant = desk.world.create_tenant("Acme");
  desk.open_run(tenant);
  desk.start_made(tenant);
  REQUIRE(desk.step_shows("step_7_customer", "running"));
  desk.command("pause");
  REQUIRE(desk.shows("Paused"));
  browser.picture("run_paused");
  desk.command("resume");
  REQUIRE(desk.step_shows("step_8_pos_profile", "running"));
  desk.command("cancel");
  REQUIRE(desk.shows("Cancelled"));
  desk.world.no_faults();
  browser.click(".run-head [data-verb=rollback]:not([aria-disabled])");
  REQUIRE(browser.becomes("document.querySelector('.scope-undo li')"));
  browser.type("#reason", "It was only a trial.");
  browser.click("dialog button[type=submit]:not([aria-disabled])");
  REQUIRE(desk.shows("Rolled back"));
  CHECK(browser.becomes("document.querySelector('[data-step=step_2_company]').textContent.includes('Taken back')"));
  desk.look("run_rolled_back");
}
