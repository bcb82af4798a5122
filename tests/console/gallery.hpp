// The console without anything behind it: what it shows is what fixtures.js answers.
#pragma once
#include "desk.hpp"

namespace tenantry::console {

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

}  // namespace tenantry::console
