// The console without a mouse.
#include <set>

#include "gallery.hpp"

using namespace tenantry::console;

TEST_CASE("keys choose workspaces and steps, ask for help and for commands, and the focus comes back") {
  Gallery gallery;
  auto& browser = gallery.browser;
  gallery.show("/console/tenants", "failed", 5, "document.querySelectorAll('.row[data-tenant]').length === 5");
  browser.press("jj");
  CHECK(browser.becomes("document.activeElement.textContent === 'Baraka Stores'"));
  browser.press("k");
  CHECK(browser.becomes("document.activeElement.textContent === 'Acme Nairobi'"));
  CHECK(browser.becomes("getComputedStyle(document.activeElement.closest('.row')).boxShadow !== 'none'"));
  browser.press("?");
  CHECK(browser.becomes("document.querySelector('dialog[open]')?.textContent.includes('next and previous')"));
  gallery.look("help");
  browser.press(keys::kEscape);
  CHECK(browser.becomes("!document.querySelector('dialog')"));
  CHECK(browser.becomes("document.activeElement.textContent === 'Acme Nairobi'"));
  browser.press(keys::kEnter);
  REQUIRE(browser.becomes("document.querySelector('.graph-step')"));
  browser.press("k");
  CHECK(browser.becomes("document.activeElement.dataset.step === 'demo_items'"));
  CHECK(browser.says("step-panel h2", "Demo items"));
  browser.press("c");
  REQUIRE(browser.becomes("document.querySelector('dialog[open]')"));
  CHECK(browser.says("dialog h2", "Continue"));
  browser.press(keys::kEscape);
  REQUIRE(browser.becomes("!document.querySelector('dialog')"));
  browser.press("r");
  REQUIRE(browser.becomes("document.querySelector('dialog[open]')"));
  CHECK(browser.says("dialog h2", "Retry"));
  browser.press(keys::kEscape);
  REQUIRE(browser.becomes("!document.querySelector('dialog')"));
}

TEST_CASE("Tab reaches every command in light and dark, and one sees where one is") {
  Gallery gallery;
  auto& browser = gallery.browser;
  const bool dark = GENERATE(false, true);
  CAPTURE(dark);
  browser.dark(dark);
  gallery.show_run("failed");
  // Tab reaches every command, also those that only say why they are not to be had, and each shows that it is reached.
  std::set<std::string> reached;
  browser.run("document.querySelector('.skip-link').focus()");
  for (int i = 0; i < 45; ++i) {
    browser.run("window.before = document.activeElement");
    browser.press(keys::kTab);
    REQUIRE(browser.becomes("document.activeElement !== window.before"));
    const auto at = browser.run(
        "const one = document.activeElement;"
        "return [one.dataset.verb ?? '', one.localName === 'body' ? 'body' : one.outerHTML.slice(0, 120)]");
    const auto verb = json::value_to<std::string>(at.at(0));
    CAPTURE(at);
    const bool is_new = reached.insert(verb.empty() ? json::value_to<std::string>(at.at(1)) : verb).second;
    if (!is_new || at.at(1) == "body") continue;
    const auto found = browser.run(script("page_checks.js"));
    CHECK(json::value_to<double>(found.at("focus_contrast")) >= 3);
  }
  for (const auto* verb : {"continue", "retry", "pause", "cancel", "verify", "rollback", "deprovision"})
    CHECK(reached.count(verb) == 1);
}

TEST_CASE("who has no mouse signs in, finds the workspace that failed, and continues it") {
  Desk desk;
  auto& browser = desk.browser;
  desk.refuse("POS Profile");
  const auto other = desk.start("Baraka");
  const auto tenant = desk.start("Acme");
  REQUIRE(desk.world.reaches(tenant, "FAILED"));
  REQUIRE(desk.world.reaches(other, "FAILED"));
  desk.world.no_faults();

  browser.open(desk.url("/"));
  REQUIRE(browser.becomes("document.activeElement.id === 'email'"));
  browser.press("admin@example.org");
  browser.press(keys::kTab);
  REQUIRE(browser.becomes("document.activeElement.id === 'password'"));
  browser.press(tenantry::system::kAdminPassword);
  browser.press(keys::kEnter);
  REQUIRE(browser.counts(".tenant-name", 2));
  browser.press("/");
  REQUIRE(browser.becomes("document.activeElement.id === 'search'"));
  browser.press("acme");
  REQUIRE(browser.counts(".tenant-name", 1));
  browser.press(keys::kEscape);
  REQUIRE(browser.becomes("document.activeElement.id !== 'search'"));
  browser.press("j");
  REQUIRE(browser.becomes("document.activeElement.textContent === 'Acme'"));
  browser.press(keys::kEnter);
  REQUIRE(desk.shows("Failed"));
  browser.press("c");
  // The focus waits at the button that agrees.
  REQUIRE(browser.becomes("document.querySelector('.scope-parts') && document.activeElement.type === 'submit'"));
  browser.press(keys::kEnter);
  CHECK(desk.shows("Completed"));
  CHECK(desk.world.word(other) == "FAILED");
  browser.press("gt");
  CHECK(browser.becomes("document.querySelector('h1').textContent === 'Tenants'"));
}
