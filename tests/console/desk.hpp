// A person in front of a console: an installation (system/world.hpp) and a browser on it.
#pragma once
#include "browser.hpp"
#include "world.hpp"

namespace tenantry::console {

using system::World;
using test::eventually;

// A script of this folder.
[[nodiscard]] inline std::string script(const std::string& name) {
  return system::read_file(std::string(TEST_CONSOLE) + "/" + name);
}

struct Desk {
  World world;
  Browser browser;

  [[nodiscard]] std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(world.port()) + path;
  }
  // As who has signed in already.
  void open(const std::string& path) {
    browser.open(url("/console/nothing"));
    browser.run("sessionStorage.setItem('tenantry.token', arguments[0])", {json::string(world.token())});
    browser.open(url(path));
  }
  void sign_in() {
    browser.type("#email", "admin@example.org");
    browser.type("#password", system::kAdminPassword);
    browser.click("button", "Sign in");
  }
  void open_run(const std::string& tenant) {
    open("/console/tenants/" + tenant);
    REQUIRE(browser.becomes("document.querySelector('.graph-step')"));
  }
  // The word beside the name of the run that is shown.
  [[nodiscard]] bool shows(const std::string& word, int seconds = 60) {
    const bool shown =
        browser.becomes("document.querySelector('.run-head .badge').textContent === '" + word + "'", seconds);
    if (!shown) UNSCOPED_INFO(browser.text("main"));
    return shown;
  }
  [[nodiscard]] bool step_shows(const std::string& step, const std::string& state, int seconds = 60) {
    return browser.becomes("document.querySelector('[data-step=" + step + "].is-" + state + "')", seconds);
  }
  // Presses the verb's button, waits for the preview and agrees to it.
  void command(const std::string& verb, const std::string& within = ".run-head") {
    browser.click(within + " [data-verb=" + verb + "]:not([aria-disabled])");
    REQUIRE(browser.becomes("document.querySelector('.scope-parts')"));
    browser.click("dialog button[type=submit]:not([aria-disabled])");
    const bool closed = browser.becomes("!document.querySelector('dialog')");
    INFO(browser.text("dialog"));
    REQUIRE(closed);
  }
  // What page_checks.js finds; empty: nothing.
  [[nodiscard]] std::string faults() {
    const auto found = browser.run(script("page_checks.js"));
    std::string all;
    for (const auto& problem : found.at("problems").as_array()) all += json::value_to<std::string>(problem) + "\n";
    if (found.at("texts").as_int64() < 5) all += "there is next to nothing on the page\n";
    return all;
  }
  // The page as it is now, in light and in dark: nothing is wrong with it, and there is a picture of each.
  void look(const std::string& name) {
    CAPTURE(name);
    CHECK(faults() == "");
    browser.picture(name);
    browser.dark(true);
    CHECK(faults() == "");
    browser.picture(name + "_dark");
    browser.dark(false);
  }
  void refuse(const std::string& doctype) {
    world.fault(R"({"id":")" + doctype + R"(","method":"POST","doctype":")" + doctype +
                R"(","action":"error","status":403,"exc_type":"PermissionError","message":"not allowed"})");
  }
  // Every request of this kind takes so long.
  void slow(const std::string& doctype, int millis) {
    world.fault(R"({"id":"slow-)" + doctype + R"(","method":"POST","doctype":")" + doctype +
                R"(","action":"none","times":100000,"millis":)" + std::to_string(millis) + "}");
  }
  void start_made(const std::string& tenant) { REQUIRE(world.post(World::verb(tenant, "start")).status == 202); }
  [[nodiscard]] std::string start(const std::string& name) {
    auto tenant = world.create_tenant(name);
    start_made(tenant);
    return tenant;
  }
};

}  // namespace tenantry::console
