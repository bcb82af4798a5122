#include "browser.hpp"

#include <chrono>
#include <fstream>
#include <stdexcept>

#include "support/catch.hpp"

namespace tenantry::console {
namespace {

// One after the other: a key is a code point.
std::vector<std::string> code_points(const std::string& text) {
  std::vector<std::string> points;
  for (const char byte : text) {
    if ((static_cast<unsigned char>(byte) & 0xC0U) == 0x80U && !points.empty())
      points.back() += byte;
    else
      points.emplace_back(1, byte);
  }
  return points;
}

std::string from_base64(const std::string& text) {
  static const std::string kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned int bits = 0;
  int count = 0;
  for (const char digit : text) {
    const auto value = kDigits.find(digit);
    if (value == std::string::npos) break;
    bits = (bits << 6U) | static_cast<unsigned int>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>((bits >> static_cast<unsigned int>(count)) & 0xFFU);
  }
  return bytes;
}

}  // namespace

Browser::Browser() {
  driver_ = std::make_unique<test::Process>(
      std::vector<std::string>{"/usr/bin/chromedriver", "--port=0", "--log-level=WARNING"},
      std::vector<std::pair<std::string, std::string>>{
          {"TMPDIR", folder_.path()}, {"HOME", folder_.path()}, {"XDG_CONFIG_HOME", folder_.path()}, {"TZ", "UTC"}},
      folder_ / "chromedriver.log", "started successfully on port");
  client_ = std::make_unique<test::HttpClient>(driver_->port(), "127.0.0.1", std::chrono::seconds(60));
  const json::array arguments{"--headless=new",
                              "--no-sandbox",
                              "--disable-gpu",
                              "--disable-extensions",
                              "--disable-dev-shm-usage",
                              "--window-size=1440,900",
                              "--hide-scrollbars",
                              "--no-first-run",
                              "--lang=en-GB"};
  const json::object options{{"binary", "/usr/bin/chromium"}, {"args", arguments}};
  const auto made = call(
      "POST", "/session",
      json::object{{"capabilities",
                    json::object{{"alwaysMatch", json::object{{"browserName", "chrome"},
                                                              {"goog:chromeOptions", options},
                                                              {"goog:loggingPrefs", json::object{{"browser", "ALL"}}},
                                                              {"timeouts", json::object{{"script", 30'000}}}}}}}});
  session_ = "/session/" + json::value_to<std::string>(made.at("sessionId"));
  size(1440, 900);
}

Browser::~Browser() {
  try {
    call("DELETE", session_);
  } catch (const std::exception&) {  // it is gone already
  }
  driver_->terminate();
}

json::value Browser::call(const std::string& method, const std::string& path, json::value body) {
  const auto answer =
      method == "POST" ? client_->post_json(path, json::serialize(body)) : client_->request(method, path);
  if (answer.status == 0) throw std::runtime_error("the browser's driver does not answer to " + path);
  const auto parsed = json::parse(answer.body);
  if (answer.status == 200) return parsed.at("value");
  throw std::runtime_error(path + ": " + json::value_to<std::string>(parsed.at_pointer("/value/message")));
}

void Browser::open(const std::string& address) { call("POST", session_ + "/url", json::object{{"url", address}}); }

json::value Browser::execute(const std::string& how, const std::string& script, json::array arguments) {
  return call("POST", session_ + "/execute/" + how, json::object{{"script", script}, {"args", std::move(arguments)}});
}

json::value Browser::run(const std::string& script, json::array arguments) {
  return execute("sync", script, std::move(arguments));
}

json::value Browser::await(const std::string& script, json::array arguments) {
  return execute("sync", "return (async function () {" + script + "}).apply(null, arguments)", std::move(arguments));
}

bool Browser::becomes(const std::string& expression, int seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  // In short turns: none outlives the driver's limit for a script, nor for long the document it runs in.
  while (!await("const end = performance.now() + 2000;"
                "const test = () => { try { return Boolean(" +
                expression +
                "); } catch { return false; } };"
                "while (!test()) {"
                "  if (performance.now() > end) return false;"
                "  await new Promise((go) => setTimeout(go, 20));"
                "}"
                "return true;")
              .as_bool())
    if (std::chrono::steady_clock::now() > end) return false;
  return true;
}

bool Browser::says(const std::string& selector, const std::string& text, int seconds) {
  const bool said = becomes("document.querySelector(" + json::serialize(json::value(selector)) +
                                ").textContent.includes(" + json::serialize(json::value(text)) + ")",
                            seconds);
  if (!said) UNSCOPED_INFO(selector << " says '" << this->text(selector) << "'");
  return said;
}

bool Browser::counts(const std::string& selector, std::size_t number, int seconds) {
  const auto all = "document.querySelectorAll(" + json::serialize(json::value(selector)) + ").length";
  const bool found = becomes(all + " === " + std::to_string(number), seconds);
  if (!found) UNSCOPED_INFO(selector << " finds " << json::serialize(run("return " + all)));
  return found;
}

std::string Browser::element(const std::string& selector, const std::string& text) {
  const auto found = await(
      "const [selector, text] = arguments;"
      "const end = performance.now() + 15000;"
      "const seen = (one) => one.checkVisibility({ visibilityProperty: true }) && one.textContent.includes(text);"
      "for (;;) {"
      "  const one = [...document.querySelectorAll(selector)].find(seen);"
      "  if (one) return one;"
      "  if (performance.now() > end) return null;"
      "  await new Promise((go) => setTimeout(go, 20));"
      "}",
      {json::string(selector), json::string(text)});
  if (found.is_null()) throw std::runtime_error("nothing is seen of " + selector + " with '" + text + "'");
  return json::value_to<std::string>(found.as_object().begin()->value());
}

void Browser::click(const std::string& selector, const std::string& text) {
  // What was found may be gone, or below a message, by the time it is pressed: then it was not.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(15);
  for (;;) {
    try {
      call("POST", session_ + "/element/" + element(selector, text) + "/click");
      return;
    } catch (const std::runtime_error& failure) {
      const std::string why = failure.what();
      const bool passes =
          why.find("stale element") != std::string::npos || why.find("not clickable") != std::string::npos;
      if (!passes || std::chrono::steady_clock::now() > end) throw;
    }
  }
}

void Browser::type(const std::string& selector, const std::string& text) {
  const auto id = element(selector + ":not(:disabled)", {});
  call("POST", session_ + "/element/" + id + "/clear");
  call("POST", session_ + "/element/" + id + "/value", json::object{{"text", text}});
}

void Browser::press(const std::string& keys) {
  json::array actions;
  for (const auto& key : code_points(keys)) {
    actions.push_back(json::object{{"type", "keyDown"}, {"value", key}});
    actions.push_back(json::object{{"type", "keyUp"}, {"value", key}});
  }
  call("POST", session_ + "/actions",
       json::object{{"actions", json::array{json::object{{"type", "key"}, {"id", "keys"}, {"actions", actions}}}}});
}

std::string Browser::text(const std::string& selector) {
  // Not innerText: of rows that were not painted yet it knows nothing.
  return json::value_to<std::string>(
      run("return document.querySelector(arguments[0])?.textContent ?? ''", {json::string(selector)}));
}

std::string Browser::new_tab() {
  const auto made = call("POST", session_ + "/window/new", json::object{{"type", "tab"}});
  return json::value_to<std::string>(made.at("handle"));
}

std::string Browser::tab() { return json::value_to<std::string>(call("GET", session_ + "/window")); }

void Browser::switch_to(const std::string& tab) { call("POST", session_ + "/window", json::object{{"handle", tab}}); }

void Browser::cdp(const std::string& command, json::object parameters) {
  call("POST", session_ + "/goog/cdp/execute", json::object{{"cmd", command}, {"params", std::move(parameters)}});
}

void Browser::dark(bool on) {
  cdp("Emulation.setEmulatedMedia",
      {{"features", json::array{json::object{{"name", "prefers-color-scheme"}, {"value", on ? "dark" : "light"}}}}});
}

void Browser::size(int width, int height) {
  cdp("Emulation.setDeviceMetricsOverride",
      {{"width", width}, {"height", height}, {"deviceScaleFactor", 1}, {"mobile", false}});
}

void Browser::online(bool on) {
  cdp("Network.enable", {});
  cdp("Network.emulateNetworkConditions",
      {{"offline", !on}, {"latency", 0}, {"downloadThroughput", -1}, {"uploadThroughput", -1}});
}

void Browser::picture(const std::string& name) {
  std::filesystem::create_directories(TEST_PICTURES);
  const auto image = call("GET", session_ + "/screenshot");
  std::ofstream(std::string(TEST_PICTURES) + "/" + name + ".png", std::ios::binary)
      << from_base64(json::value_to<std::string>(image));
}

std::vector<std::string> Browser::complaints() {
  std::vector<std::string> found;
  const auto entries = call("POST", session_ + "/se/log", json::object{{"type", "browser"}});
  for (const auto& entry : entries.as_array()) {
    auto message = json::value_to<std::string>(entry.at("message"));
    const bool refused =
        message.find("/api/") != std::string::npos && message.find("Failed to load") != std::string::npos;
    if (entry.at("level").as_string() == "SEVERE" && !refused) found.push_back(std::move(message));
  }
  return found;
}

}  // namespace tenantry::console
