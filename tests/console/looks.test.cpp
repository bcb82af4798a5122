// How the console looks: every state, in light and dark, wide and narrow, with a mouse or without; the answers are
// fixtures.js's.
#include <set>

#include "desk.hpp"

using namespace tenantry::console;

namespace {

// One browser, and a host for nothing but the page.
struct Gallery : Desk {
  Gallery() { browser.open(url("/console/nothing")); }
  void show(const std::string& path, const std::string& state, int tenants, const std::string& until) {
    browser.open(url("/console/nothing"));
    browser.run(script("fixtures.js"), {json::string(state), tenants});
    browser.run(
        "history.pushState(null, '', arguments[0]); dispatchEvent(new PopStateEvent('popstate'));"
        "document.querySelector('console-app').draw();",
        {json::string(path)});
    REQUIRE(browser.becomes(until));
  }
  void show_run(const std::string& state) {
    show("/console/tenants/ten_fixture", state, 3, "document.querySelector('.graph-step')");
  }
};

const std::vector<std::pair<std::string, std::string>> kStates{
    {"not_started", "Not started"}, {"queued", "Queued"},           {"running", "Running"},
    {"paused", "Paused"},           {"cancelling", "Cancelling"},   {"compensating", "Rolling back"},
    {"completed", "Completed"},     {"partial", "Partial"},         {"failed", "Failed"},
    {"cancelled", "Cancelled"},     {"compensated", "Rolled back"}, {"compensation_failed", "Rollback failed"}};

}  // namespace

TEST_CASE("every state of a run and of a step is told by an icon and a word, in light and in dark") {
  Gallery gallery;
  auto& browser = gallery.browser;
  for (const auto& [state, word] : kStates) {
    CAPTURE(state);
    gallery.show_run(state);
    CHECK(gallery.shows(word));
    CHECK(browser.count(".run-head .badge .icon") >= 1);
    CHECK(browser.count(".graph-step") == 13);
    CHECK(browser
              .run("return [...document.querySelectorAll('.graph-step')].every((one) => one.querySelector('.icon') && "
                   "one.querySelector('.graph-state').textContent)")
              .as_bool());
    CHECK(browser
              .run("return [...document.querySelectorAll('[aria-disabled][data-verb]')].every((one) => "
                   "one.title.length > 10)")
              .as_bool());
    CHECK(gallery.faults() == "");
    browser.picture("run_" + state);
    browser.dark(true);
    CHECK(gallery.faults() == "");
    if (state == "running") browser.picture("run_" + state + "_dark");
    browser.dark(false);
  }
  gallery.show_run("failed");
  for (const auto* step : {"Pending", "Blocked", "Ready", "Running", "Waiting", "Completed", "Exists", "Skipped",
                           "Failed", "Cancelled", "Unknown"}) {
    CAPTURE(step);
    CHECK(browser
              .run("return [...document.querySelectorAll('.graph-state')].some((one) => "
                   "one.textContent.startsWith(arguments[0]))",
                   {json::string(step)})
              .as_bool());
  }
  CHECK(browser.complaints() == std::vector<std::string>{});
}

TEST_CASE("every page fits 320 pixels and follows the system into the dark, or its own switch") {
  Gallery gallery;
  auto& browser = gallery.browser;
  const std::vector<std::pair<std::string, std::string>> pages{{"/console/tenants", ".row[data-tenant]"},
                                                               {"/console/tenants/ten_fixture", ".graph-step"},
                                                               {"/console/operations", ".operations"}};
  for (const int width : {320, 768, 1440})
    for (const bool dark : {false, true})
      for (const auto& [path, part] : pages) {
        CAPTURE(path, width, dark);
        browser.size(width, 900);
        browser.dark(dark);
        gallery.show(path, "partial", 24, "document.querySelector('" + part + "')");
        CHECK(gallery.faults() == "");
        const auto name = path.substr(path.rfind('/') + 1);
        browser.picture(name + "_" + std::to_string(width) + (dark ? "_dark" : ""));
      }
  browser.dark(false);
  const auto ground = [&] { return browser.run("return getComputedStyle(document.documentElement).backgroundColor"); };
  const auto light = ground();
  browser.click("theme-switch button");  // auto -> dark
  CHECK(ground() != light);
  CHECK(gallery.faults() == "");
  browser.click("theme-switch button");  // light
  browser.dark(true);
  CHECK(ground() == light);
}

TEST_CASE("a thousand workspaces are there at once, and are narrowed while one types") {
  Gallery gallery;
  auto& browser = gallery.browser;
  gallery.show("/console/tenants", "running", 1000, "document.querySelectorAll('.row[data-tenant]').length === 200");
  const auto took = browser.await(
      "const begin = performance.now();"
      "while (document.querySelectorAll('.row[data-tenant]').length < 1000) {"
      "  document.querySelector('.end-of-list')?.scrollIntoView();"
      "  await new Promise((go) => setTimeout(go, 5));"
      "}"
      "return performance.now() - begin;");
  browser.run("scrollTo(0, 0)");
  const auto drawn = browser.await(
      "const page = document.querySelector('tenants-page'); const begin = performance.now();"
      "for (let i = 0; i < 20; ++i) { page.rows = page.rows.with(i, { ...page.rows[i], progress: i }); page.draw(); }"
      "document.body.offsetHeight; return (performance.now() - begin) / 20;");
  WARN("1,000 rows are there after " << json::serialize(took) << " ms of scrolling; one change among them is drawn in "
                                     << json::serialize(drawn) << " ms");
  CHECK(json::value_to<double>(drawn) < 100);
  browser.press("/");
  browser.press("zawadi");
  CHECK(browser.becomes("new URLSearchParams(location.search).get('q') === 'zawadi'"));
  CHECK(browser.becomes(
      "[...document.querySelectorAll('.tenant-name')].every((one) => one.textContent.includes('Zawadi'))"));
  CHECK(browser.run("return document.activeElement.id").as_string() == "search");
  CHECK(browser.run("return document.activeElement.value").as_string() == "zawadi");
}

TEST_CASE("everything can be done with keys alone") {
  Gallery gallery;
  auto& browser = gallery.browser;
  gallery.show("/console/tenants", "failed", 5, "document.querySelectorAll('.row[data-tenant]').length === 5");
  browser.press("jj");
  CHECK(browser.run("return document.activeElement.textContent").as_string() == "Baraka Stores");
  browser.press("k");
  CHECK(browser.run("return document.activeElement.textContent").as_string() == "Acme Nairobi");
  CHECK(browser.run("return getComputedStyle(document.activeElement.closest('.row')).boxShadow !== 'none'").as_bool());
  browser.press("?");
  CHECK(browser.becomes("document.querySelector('dialog[open]')?.textContent.includes('next and previous')"));
  CHECK(gallery.faults() == "");
  browser.picture("help");
  browser.press(keys::kEscape);
  CHECK(browser.becomes("!document.querySelector('dialog')"));
  CHECK(browser.run("return document.activeElement.textContent").as_string() == "Acme Nairobi");
  browser.press(keys::kEnter);
  REQUIRE(browser.becomes("document.querySelector('.graph-step')"));
  browser.press("k");
  CHECK(browser.becomes("document.activeElement.dataset.step === 'demo_items'"));
  CHECK(browser.text("step-panel h2") == "Demo items");
  browser.press("c");
  REQUIRE(browser.becomes("document.querySelector('dialog[open]')"));
  CHECK(browser.text("dialog h2").find("Continue") == 0);
  browser.press(keys::kEscape);
  REQUIRE(browser.becomes("!document.querySelector('dialog')"));
  browser.press("r");
  REQUIRE(browser.becomes("document.querySelector('dialog[open]')"));
  CHECK(browser.text("dialog h2").find("Retry") == 0);
  browser.press(keys::kEscape);
  // Tab reaches every command, also those that only say why they are not to be had, and each shows that it is reached.
  std::set<std::string> reached;
  browser.run("document.querySelector('.skip-link').focus()");
  for (int i = 0; i < 45; ++i) {
    browser.press(keys::kTab);
    const auto at = browser.run(
        "const one = document.activeElement; const style = getComputedStyle(one);"
        "return [one.dataset.verb ?? '', style.outlineStyle !== 'none' || style.boxShadow !== 'none' || one.localName "
        "=== 'body']");
    reached.insert(json::value_to<std::string>(at.at(0)));
    CHECK(at.at(1).as_bool());
  }
  for (const auto* verb : {"continue", "retry", "pause", "cancel", "verify", "rollback", "deprovision"})
    CHECK(reached.count(verb) == 1);
}
