// A real Chromium, without a window, steered over the WebDriver protocol.
#pragma once
#include <boost/json.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "support/http_client.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"

namespace tenantry::console {

namespace json = boost::json;

// Not thread-safe. Whatever the browser refuses throws std::runtime_error with its own words; nothing waits longer than
// 30 s.
class Browser {
 public:
  Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;
  ~Browser();  // ends the browser and its driver

  void open(const std::string& address);
  // The body of a function: `arguments` are there, `return` gives the result.
  json::value run(const std::string& script, json::array arguments = {});
  // The same, async: what it returns is awaited.
  json::value await(const std::string& script, json::array arguments = {});
  // Waits until the expression is true, whatever the page is at meanwhile; false after `seconds`.
  [[nodiscard]] bool becomes(const std::string& expression, int seconds = 30);
  // Waits until the first one that `selector` finds holds the text, shown on the screen or further down.
  [[nodiscard]] bool says(const std::string& selector, const std::string& text, int seconds = 30);
  // Waits until `selector` finds so many.
  [[nodiscard]] bool counts(const std::string& selector, std::size_t number, int seconds = 30);

  // What a person does. `selector` is CSS and must find something that is seen; `text`, if given, is part of what it
  // says.
  void click(const std::string& selector, const std::string& text = {});
  void type(const std::string& selector, const std::string& text);  // what was there is replaced
  void press(const std::string& keys);                              // as they are; \uE007 and its like as UTF-8
  [[nodiscard]] std::string text(const std::string& selector);      // of the first, now; "" if there is none

  std::string new_tab();  // its handle; what was current is `tab()` before
  [[nodiscard]] std::string tab();
  void switch_to(const std::string& tab);

  void dark(bool on);                // what the system prefers
  void size(int width, int height);  // of the page
  void online(bool on);              // network of the page
  void cdp(const std::string& command, json::object parameters);
  // A PNG of what is seen in the build folder's `console` folder.
  void picture(const std::string& name);
  // What the page complained of since the last call: exceptions, files it may not load or that are not there. That the
  // host refuses a request is not a complaint.
  [[nodiscard]] std::vector<std::string> complaints();

 private:
  json::value call(const std::string& method, const std::string& path, json::value body = json::object());
  [[nodiscard]] std::string element(const std::string& selector, const std::string& text);
  json::value execute(const std::string& how, const std::string& script, json::array arguments);

  test::TempDir folder_;
  std::unique_ptr<test::Process> driver_;
  std::unique_ptr<test::HttpClient> client_;
  std::string session_;
};

namespace keys {
inline constexpr const char* kEnter = "\uE007";
inline constexpr const char* kEscape = "\uE00C";
inline constexpr const char* kTab = "\uE004";
inline constexpr const char* kSpace = " ";
}  // namespace keys

}  // namespace tenantry::console
