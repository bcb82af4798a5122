// How the console looks: every state, in light and dark, wide and narrow, with a mouse or without; the answers are
// fixtures.js's.
#include "gallery.hpp"

using namespace tenantry::console;

namespace {

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
    CHECK(browser.becomes("document.querySelector('.run-head .badge .icon')"));
    CHECK(browser.counts(".graph-step", 13));
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
    browser.picture("run_" + state + "_dark");
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
  browser.click("theme-switch button");
  CHECK(browser.becomes("document.querySelector('theme-switch button').title.includes('dark')"));
  CHECK(ground() != light);
  CHECK(gallery.faults() == "");
  browser.click("theme-switch button");
  CHECK(browser.becomes("document.querySelector('theme-switch button').title.includes('light')"));
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
  // The fastest of several rounds: what else runs on the machine is not the page's doing.
  const auto drawn = browser.await(
      "const page = document.querySelector('tenants-page'); let best = Infinity;"
      "for (let round = 0; round < 5; ++round) {"
      "  const begin = performance.now();"
      "  for (let i = 0; i < 20; ++i) { page.rows = page.rows.with(i, { ...page.rows[i], progress: i + round }); "
      "page.draw(); }"
      "  document.body.offsetHeight; best = Math.min(best, (performance.now() - begin) / 20);"
      "}"
      "return best;");
  WARN("1,000 rows are there after " << json::serialize(took) << " ms of scrolling; one change among them is drawn in "
                                     << json::serialize(drawn) << " ms");
  CHECK(json::value_to<double>(drawn) < 100);
  browser.press("/");
  browser.press("zawadi");
  CHECK(browser.becomes("new URLSearchParams(location.search).get('q') === 'zawadi'"));
  CHECK(browser.becomes(
      "[...document.querySelectorAll('.tenant-name')].every((one) => one.textContent.includes('Zawadi'))"));
  CHECK(browser.becomes("document.activeElement.id === 'search' && document.activeElement.value === 'zawadi'"));
}

TEST_CASE("nothing is lost by who spaces text wider, forces colours of their own, or wants nothing to move") {
  Gallery gallery;
  auto& browser = gallery.browser;
  for (const int width : {320, 1440})
    for (const auto* path : {"/console/tenants", "/console/tenants/ten_fixture"}) {
      CAPTURE(width, path);
      browser.size(width, 900);
      gallery.show(path, "partial", 24, "document.querySelector('.row[data-tenant], .graph-step')");
      // As WCAG 1.4.12 spaces it.
      browser.run(
          "const sheet = new CSSStyleSheet();"
          "sheet.replaceSync('* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em "
          "!important } p { margin-bottom: 2em !important }');"
          "document.adoptedStyleSheets = [sheet];");
      CHECK(browser.becomes("document.documentElement.scrollWidth <= document.documentElement.clientWidth"));
      // What is cut off can be had in whole where it is pressed or pointed at.
      CHECK(browser.run("return [...document.querySelectorAll('main button:not(.timeline-label):not(.graph-step), h1, "
                        "h2, .badge, label')].filter((one) => one.checkVisibility() && one.scrollWidth > "
                        "one.clientWidth + 1 && getComputedStyle(one).overflowX !== 'visible').map((one) => "
                        "one.textContent)") == json::array{});
      browser.picture("spaced_" + std::to_string(width) + (path[16] == '/' ? "_run" : "_tenants"));
    }
  browser.cdp("Emulation.setEmulatedMedia",
              {{"features", json::array{json::object{{"name", "forced-colors"}, {"value", "active"}},
                                        json::object{{"name", "prefers-reduced-motion"}, {"value", "reduce"}}}}});
  gallery.show_run("running");
  CHECK(browser.becomes("matchMedia('(forced-colors: active)').matches"));
  CHECK(browser.becomes("document.getAnimations().length === 0"));
  browser.picture("run_forced_colours");
}

TEST_CASE("what the checks of a page are to find is found") {
  Gallery gallery;
  auto& browser = gallery.browser;
  gallery.show_run("failed");
  REQUIRE(gallery.faults() == "");
  const std::vector<std::pair<std::string, std::string>> wrongs{
      {"main.append(make('button', {}, ''))", "has no name"},
      {"main.append(make('input', { 'aria-label': '' }, ''))", "has no label"},
      {"main.append(make('h5', {}, 'Deep'), make('h1', {}, 'Second'))", "there is not one h1 but 2"},
      {"main.append(make('p', { style: 'color: #999; background: #fff' }, 'pale'))", "has a contrast of"},
      {"main.append(make('a', { href: '/', style: 'display: block; width: 9px; height: 9px; overflow: hidden' }, 'x'))",
       "is only 9 by 9"},
      {"main.append(make('div', { style: 'width: 4000px' }, 'wide'))", "has to be scrolled sideways"},
      {"main.append(make('div', { role: 'buton' }, 'x'))", "has the unknown role buton"},
      {"main.append(make('div', { role: 'progressbar', 'aria-label': 'x' }, ''))", "without aria-valuenow"},
      {"main.append(make('button', { 'aria-pressed': 'maybe' }, 'x'))", "that means nothing"},
      {"main.append(make('ul', {}, 'x')); main.querySelector('ul:last-child').append(make('p', {}, 'y'))",
       "is a list of something else than items"},
      {"document.body.append(make('p', {}, 'outside'))", "is in no landmark"},
      {"document.querySelector('nav [aria-current]').removeAttribute('aria-current')", "is the current one"},
      {"main.id = 'elsewhere'", "the skip link leads to nothing"},
      {"const box = make('div', { 'aria-hidden': 'true' }, ''); box.append(make('button', {}, 'x')); main.append(box)",
       "is hidden from those who listen"},
      {"main.append(make('button', { 'aria-label': 'Send' }, 'Delete'))", "is called otherwise"},
      {"main.append(make('p', { tabindex: '3' }, 'first'))", "has an order of its own"},
      {"main.append(make('p', { 'aria-describedby': 'nobody' }, 'x'))", "refers to nothing (nobody)"},
      {"main.append(make('p', { id: 'main' }, 'x'))", "the id main is there 2 times"},
      {"document.documentElement.lang = ''", "does not say its language"},
      {"const box = make('div', { style: 'height: 20px; overflow: auto' }, ''); box.append(make('p', { style: 'height: "
       "90px' }, 'x')); main.append(box)",
       "can be scrolled, but not with keys"},
      {"document.querySelector('.verbs').style.flexDirection = 'row-reverse'", "has the focus after what is"}};
  for (const auto& [script, expected] : wrongs) {
    CAPTURE(script);
    gallery.show_run("failed");
    browser.run(
        "const main = document.querySelector('main');"
        "const make = (tag, attributes, text) => { const one = document.createElement(tag); for (const name in "
        "attributes) name === 'style' ? (one.style.cssText = attributes.style) : one.setAttribute(name, "
        "attributes[name]); one.textContent = text; return one; };" +
        script);
    CHECK(gallery.faults().find(expected) != std::string::npos);
  }
}
