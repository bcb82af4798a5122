#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <regex>
#include <sstream>
#include <thread>

#include "sandbox/odoo_fixture.hpp"
#include "sandbox/odoo_script.hpp"
#include "sandbox/shape.hpp"
#include "support/catch.hpp"

namespace {

using namespace tenantry::sandbox;
using namespace tenantry::sandbox::testing;

struct Recording {
  std::string name;    // of the file, without its ending
  std::string number;  // "o18-001"
  json::value content;
};

std::string read(const std::filesystem::path& path) {
  std::ifstream stream(path);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::vector<Recording> read_recordings() {
  std::vector<Recording> result;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(RECORDED_DIR) + "/odoo")) {
    const std::string name = entry.path().stem().string();
    result.push_back({name, name.substr(0, 7), json::parse(read(entry.path()))});
  }
  std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return result;
}

const json::value& member(const json::value& object, const char* name) {
  static const json::value kNull;
  const auto* found = object.is_object() ? object.get_object().if_contains(name) : nullptr;
  return found ? *found : kNull;
}

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : std::string{};
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

// The port of the recorded PostgreSQL is its own.
std::string settled(const std::string& text) {
  static const std::regex kPort(R"(port \d+)");
  return std::regex_replace(text, kPort, "port");
}

using Sent = std::optional<Answer>;

class Replay {
 public:
  // Differences; empty: it is as recorded.
  std::vector<std::string> play(const Recording& recording, const std::vector<Recording>& all) {
    static const OdooStep kNothing;
    const auto found = odoo_script().find(recording.number);
    const OdooStep& step = found == odoo_script().end() ? kNothing : found->second;
    OdooSandbox& sandbox = sandbox_for(recording);
    if (!step.awaited_database.empty()) await_ready(sandbox, step.awaited_database);
    if (!step.await.empty()) through_[step.await] = begun_.at(step.await).get();
    for (const auto& call : step.before) apply(sandbox, call);
    if (!step.begin.empty()) begin(sandbox, step.begin, all);
    if (step.twice) (void)send(sandbox, recording, step.timeout_millis);
    Sent answer;
    if (const auto early = through_.find(recording.number); early != through_.end())
      answer = early->second;
    else if (const auto running = begun_.find(recording.number); running != begun_.end())
      answer = running->second.get();
    else
      answer = send(sandbox, recording, step.timeout_millis);
    for (const auto& call : step.after) apply(sandbox, call);
    if (recording.number == "o18-001") await_server(sandbox);
    remember(sandbox, answer);
    return compare(recording, answer);
  }

  int texts_compared = 0;
  int texts_alike = 0;
  int values_compared = 0;
  int values_alike = 0;
  std::string other_values;

 private:
  OdooSandbox& sandbox_for(const Recording& recording) {
    const bool old = text_of(recording.content.at("request").at("url")).find(":19069") == std::string::npos;
    return old ? old_ : new_;
  }

  static void apply(const OdooSandbox& sandbox, const ControlCall& step) {
    (void)call(sandbox.port(), step.method, "/__sandbox/" + step.target, {}, step.body);
  }

  template <typename Condition>
  static void wait_until(const Condition& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  }
  static json::value stage(const OdooSandbox& sandbox, const std::string& database) {
    const json::value state = sandbox.control("GET", "state?site=" + database);
    return member(member(member(state, "sites"), database.c_str()), "stage");
  }
  static void await_ready(const OdooSandbox& sandbox, const std::string& database) {
    wait_until([&] { return stage(sandbox, database) == "ready"; });
  }
  static void await_server(const OdooSandbox& sandbox) {
    wait_until([&] { return call(sandbox.port(), "GET", "/__sandbox/load").has_value(); });
  }

  void begin(OdooSandbox& sandbox, const std::string& number, const std::vector<Recording>& all) {
    const auto other = std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.number == number; });
    begun_[number] = std::async(std::launch::async, [this, &sandbox, other] { return send(sandbox, *other, 20000); });
    wait_until([&] { return sandbox.control("GET", "load").at("in_flight") != 0; });
    // It is in the database's creation, or its copy, as soon as its fault is spent.
    wait_until([&] {
      const json::value rules = sandbox.control("GET", "faults");
      for (const auto& rule : rules.as_array())
        if (rule.at("hits").as_int64() > 0) return true;
      return false;
    });
  }

  Sent send(OdooSandbox& sandbox, const Recording& recording, int timeout_millis) const {
    const auto& request = recording.content.at("request");
    std::map<std::string, std::string> headers{{"Host", "127.0.0.1"}};
    for (const auto& entry : request.at("headers").as_object()) headers[entry.key()] = text_of(entry.value());
    const std::string& key = &sandbox == &old_ ? old_key_ : new_key_;
    const std::string& cookie = &sandbox == &old_ ? old_cookie_ : new_cookie_;
    if (headers.contains("Authorization"))
      headers["Authorization"] = replaced(headers["Authorization"], "<APIKEY-REDACTED>", key);
    if (headers.contains("Cookie")) headers["Cookie"] = cookie;
    const auto& body = request.at("body");
    const std::string text = body.is_null() ? "" : body.is_string() ? text_of(body) : json::serialize(body);
    const std::string url = text_of(request.at("url"));
    return call(sandbox.port(), text_of(request.at("method")), url.substr(url.find('/', 7)), headers,
                replaced(text, "<APIKEY-REDACTED>", key), std::chrono::milliseconds(timeout_millis));
  }

  void remember(const OdooSandbox& sandbox, const Sent& answer) {
    if (!answer) return;
    static const std::regex kKey("\"default_key\":\"(\\w+)\"");
    std::smatch match;
    if (std::regex_search(answer->body, match, kKey)) (&sandbox == &old_ ? old_key_ : new_key_) = match[1];
    const std::string cookie = answer->header("set-cookie");
    if (answer->body.find("\"uid\"") != std::string::npos && !cookie.empty())
      (&sandbox == &old_ ? old_cookie_ : new_cookie_) = cookie.substr(0, cookie.find(';'));
  }

  std::vector<std::string> compare(const Recording& recording, const Sent& answer) {
    const auto& status = recording.content.at("status");
    if (status.is_null()) {
      if (answer) return {"no answer became " + std::to_string(answer->status) + " " + answer->body};
      return {};
    }
    if (!answer) return {"there is no answer"};
    if (answer->status != status.as_int64())
      return {"status " + json::serialize(status) + " became " + std::to_string(answer->status) + " " + answer->body};
    json::value expected = recording.content.at("response");
    boost::system::error_code bad;
    const json::value actual = json::parse(answer->body, bad);
    const std::string type = text_of(member(recording.content.at("response_headers"), "Content-Type"));
    if (!type.starts_with("application/json")) {
      const auto media = [](const std::string& text) { return text.substr(0, text.find(';')); };
      std::vector<std::string> differences;
      if (media(answer->header("content-type")) != media(type))
        differences.push_back("another content type: " + answer->body);
      const std::string alert = "alert-danger";
      if (text_of(expected).find(alert) != std::string::npos && answer->body.find(alert) == std::string::npos)
        differences.push_back("there is no alert");
      const auto& location = member(recording.content.at("response_headers"), "Location");
      if (text_of(location) != answer->header("location"))
        differences.push_back("location " + text_of(location) + " became " + answer->header("location"));
      return differences;
    }
    if (bad) return {"no JSON: " + answer->body};
    if (expected.is_string()) {
      const std::string text = text_of(expected);
      expected = json::parse(text, bad);
      if (bad) return compare_cut(text, actual);
    }
    return compare_bodies(recording, expected, actual);
  }

  // Of a body that was cut short, what can be seen.
  static std::vector<std::string> compare_cut(const std::string& recorded, const json::value& actual) {
    static const std::regex kName("\"data\": \\{\"name\": \"([\\w.]+)\"");
    std::smatch match;
    const std::string name = text_of(member(member(member(actual, "error"), "data"), "name"));
    if (std::regex_search(recorded, match, kName) && match[1] != name)
      return {"error " + match[1].str() + " became " + name};
    if (recorded.starts_with("{\"modules\"") && !member(actual, "modules").is_array()) return {"there are no modules"};
    return {};
  }

  std::vector<std::string> compare_bodies(const Recording& recording, const json::value& expected,
                                          const json::value& actual) {
    std::vector<std::string> differences;
    static const std::set<std::string> kNone;
    const auto exempt = odoo_exemptions().find(recording.number);
    compare_shapes(expected, actual, "", exempt == odoo_exemptions().end() ? kNone : exempt->second, differences);
    if (!differences.empty()) differences.push_back("it is " + json::serialize(actual).substr(0, 600));
    const bool rpc = member(expected, "jsonrpc").is_string();
    const auto& error = rpc ? member(member(expected, "error"), "data") : expected;
    const auto& other = rpc ? member(member(actual, "error"), "data") : actual;
    if (rpc && member(member(expected, "error"), "code") != member(member(actual, "error"), "code"))
      differences.push_back("another error code");
    if (member(error, "arguments").is_array()) {
      if (member(error, "name") != member(other, "name"))
        differences.push_back("error " + text_of(member(error, "name")) + " became " + text_of(member(other, "name")) +
                              ": " + text_of(member(other, "message")));
      ++texts_compared;
      if (settled(text_of(member(error, "message"))) == settled(text_of(member(other, "message"))))
        ++texts_alike;
      else
        other_values += recording.name + ": " + text_of(member(other, "message")) + "\n";
    } else {
      ++values_compared;
      const auto& left = rpc ? member(expected, "result") : expected;
      const auto& right = rpc ? member(actual, "result") : actual;
      if (left == right)
        ++values_alike;
      else
        other_values += recording.name + ": " + json::serialize(left).substr(0, 200) + "\n    became " +
                        json::serialize(right).substr(0, 200) + "\n";
    }
    return differences;
  }

  static odoo::Options of_version(int version) {
    odoo::Options options;
    options.version = version;
    return options;
  }

  OdooSandbox old_{of_version(18)};
  OdooSandbox new_{of_version(19)};
  std::string old_key_ = "none";
  std::string new_key_ = "none";
  std::string old_cookie_;
  std::string new_cookie_;
  std::map<std::string, std::future<Sent>> begun_;
  std::map<std::string, Sent> through_;
};

}  // namespace

TEST_CASE("the Odoo sandbox answers as the recorded servers did") {
  const auto recordings = read_recordings();
  Replay replay;
  int covered = 0;
  std::size_t left_out = 0;
  for (const auto& recording : recordings) {
    if (not_covered().contains(recording.name)) {
      ++left_out;
      continue;
    }
    const auto differences = replay.play(recording, recordings);
    std::string text;
    for (const auto& difference : differences) text += "\n    " + difference;
    INFO(recording.name << text);
    CHECK(differences.empty());
    if (differences.empty()) ++covered;
  }
  std::ostringstream figures;
  figures << "recorded Odoo exchanges: " << recordings.size() - left_out << ", alike: " << covered
          << "; error texts: " << replay.texts_compared << ", alike: " << replay.texts_alike
          << "; other bodies: " << replay.values_compared << ", alike to the last value: " << replay.values_alike;
  std::cout << figures.str() << std::endl;
  if (std::getenv("SHOW_OTHER_VALUES") != nullptr) std::cout << replay.other_values;
  CHECK(left_out == not_covered().size());
  // The page says the same.
  CHECK(read(std::string(RECORDED_DIR) + "/../../examples/sandbox/README.md").find(figures.str()) != std::string::npos);
}
