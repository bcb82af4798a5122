#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <regex>
#include <sstream>

#include "sandbox/fixture.hpp"
#include "sandbox/replay_script.hpp"
#include "sandbox/shape.hpp"
#include "support/catch.hpp"

namespace {

using namespace tenantry::sandbox;
using namespace tenantry::sandbox::testing;

struct Recording {
  std::string file;
  std::string number;
  json::value content;
};

std::vector<Recording> read_recordings() {
  std::vector<Recording> result;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(RECORDED_DIR) + "/erpnext")) {
    const std::string file = entry.path().filename().string();
    if (entry.path().extension() != ".json") continue;
    std::ifstream stream(entry.path());
    std::stringstream text;
    text << stream.rdbuf();
    result.push_back({file, file.substr(0, file.find('-')), json::parse(text.str())});
  }
  std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) { return a.file < b.file; });
  return result;
}

std::string encode_url(const std::string& text, const std::string& also_plain) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || std::string("-_.~").find(c) != std::string::npos ||
        also_plain.find(c) != std::string::npos) {
      result += c;
    } else {
      result += '%';
      result += kDigits[byte >> 4U];
      result += kDigits[byte & 15U];
    }
  }
  return result;
}

std::string encode_form(const json::value& fields) {
  std::string result;
  if (!fields.is_object()) return result;
  for (const auto& member : fields.get_object()) {
    const std::string value =
        member.value().is_string() ? std::string(member.value().get_string()) : json::serialize(member.value());
    result += (result.empty() ? "" : "&") + encode_url(member.key(), "") + "=" + encode_url(value, "");
  }
  return result;
}

std::string base64(const std::string& text) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    const auto byte = [&](std::size_t at) -> unsigned {
      return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
    };
    const unsigned bits = byte(i) << 16U | byte(i + 1) << 8U | byte(i + 2);
    for (unsigned digit = 0; digit < 4; ++digit)
      result += i + digit > text.size() ? '=' : kAlphabet[bits >> (18U - 6U * digit) & 63U];
  }
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

// Times, ports and random names differ from run to run.
std::string settled(std::string text) {
  static const std::regex kTime(R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+)");
  static const std::regex kPort(R"(\.local:\d+)");
  static const std::regex kLedger(R"(GL Entry/\w+\\*">\w+<)");
  text = std::regex_replace(text, kTime, "TIME");
  text = std::regex_replace(text, kPort, ".local");
  return std::regex_replace(text, kLedger, "GL Entry");
}

// One run through all recordings.
class Replay {
 public:
  Replay() : sandbox_({}, false) { sandbox_.control("POST", "settings", {{"db_root_password", "***"}}); }

  // Differences; empty: it is as recorded.
  std::vector<std::string> play(const Recording& recording) {
    static const Around kNothing;
    const auto found = script().find(recording.number);
    const Around& around = found == script().end() ? kNothing : found->second;
    std::vector<std::string> differences;
    if (around.await_background && background_.get()) differences.push_back("the client that gave up has an answer");
    if (around.await_background) await_set_up(recording);
    for (const auto& step : around.before) apply(step);
    for (auto& difference :
         recording.content.as_object().contains("command") ? play_command(recording) : play_request(recording, around))
      differences.push_back(std::move(difference));
    for (const auto& step : around.after) apply(step);
    if (recording.number == "008") await_server();
    return differences;
  }

  int texts_alike = 0;
  int texts_compared = 0;

 private:
  void apply(const ControlCall& step) const {
    (void)call(sandbox_.port(), step.method, "/__sandbox/" + step.target, {}, step.body);
  }

  void await_set_up(const Recording& recording) const {
    const std::string host = text_of(member(member(recording.content.at("request"), "headers"), "Host"));
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (sandbox_.control("GET", "state?site=" + host).at("sites").at(host).at("setup_complete") != true &&
           std::chrono::steady_clock::now() < end)
      std::this_thread::yield();
  }

  void await_server() const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!call(sandbox_.port(), "GET", "/__sandbox/load") && std::chrono::steady_clock::now() < end)
      std::this_thread::yield();
  }

  std::vector<std::string> play_command(const Recording& recording) {
    std::string line = text_of(recording.content.at("command"));
    line = std::regex_replace(line, std::regex(R"(--admin-password \*\*\*)"), "--admin-password admin");
    std::istringstream words(line);
    std::string word;
    words >> word;
    json::array arguments;
    while (words >> word) arguments.emplace_back(word);
    const auto result =
        sandbox_.control("POST", "bench", {{"args", arguments}, {"stop_at", stop_at(recording.number)}});
    std::vector<std::string> differences;
    if (result.at("exit") != recording.content.at("exit"))
      differences.push_back("exit " + json::serialize(recording.content.at("exit")) + " became " +
                            json::serialize(result.at("exit")));
    // What a killed command had printed depends on the moment.
    if (recording.content.at("exit") == -9) return differences;
    const std::string expected = last_line(text_of(recording.content.at("output_tail")));
    const std::string actual = last_line(text_of(result.at("output")));
    if (expected != actual) differences.push_back("last line \"" + expected + "\" became \"" + actual + "\"");
    return differences;
  }

  // Without progress bars and what the shell's `time` added.
  static std::string last_line(const std::string& text) {
    std::istringstream lines(text);
    std::string line;
    std::string result;
    while (std::getline(lines, line)) {
      if (line.find_first_not_of(" \t") == std::string::npos || line.find("Updating DocTypes") != std::string::npos ||
          line.starts_with("real\t") || line.starts_with("user\t") || line.starts_with("sys\t"))
        continue;
      result = line.starts_with("{\"api_secret\"") ? "{\"api_secret\"" : line;
    }
    return result;
  }

  std::string token(const std::string& host, Credentials credentials) {
    const auto site = sandbox_.application.sites().find(host);
    if (!site) return "token none:none";
    const std::lock_guard lock(site->mutex);
    const std::string user = credentials == Credentials::kCashier
                                 ? "cashier@" + host.substr(0, host.rfind('.')) + ".example"
                                 : "Administrator";
    auto& keys = site->keys[user];
    if (keys.key.empty()) keys = {"key-of-" + user, "secret-of-" + user};
    return (credentials == Credentials::kWrongKey ? "wrong" : keys.key) + ":" +
           (credentials == Credentials::kWrongSecret ? "wrong" : keys.secret);
  }

  Sandbox::Headers headers_for(const Recording& recording, const Around& around) {
    Sandbox::Headers headers;
    const auto& request = recording.content.at("request");
    if (member(request, "headers").is_object())
      for (const auto& entry : member(request, "headers").get_object()) headers[entry.key()] = text_of(entry.value());
    // A few were recorded without their headers, all of them on tenant-b.
    if (!headers.contains("Host")) {
      headers["Host"] = "tenant-b.local";
      headers["Authorization"] = "token <api_key>:<api_secret>";
    }
    const std::string host = headers["Host"];
    if (headers["Authorization"].starts_with("token <"))
      headers["Authorization"] = "token " + token(host, around.credentials);
    if (headers["Authorization"].starts_with("Basic "))
      headers["Authorization"] = "Basic " + base64(token(host, Credentials::kRecorded));
    if (headers["Authorization"].empty()) headers.erase("Authorization");
    if (headers.contains("Cookie")) headers["Cookie"] = "sid=" + sid_[host];
    if (headers.contains("X-Frappe-CSRF-Token")) headers["X-Frappe-CSRF-Token"] = csrf_[host];
    return headers;
  }

  static std::string body_for(const json::value& request, Sandbox::Headers& headers) {
    if (member(request, "multipart").is_object()) {
      headers["Content-Type"] = "multipart/form-data; boundary=frontier";
      return "--frontier\r\nContent-Disposition: form-data; name=\"file\"; filename=\"coa.csv\"\r\nContent-Type: "
             "text/csv\r\n\r\n" +
             text_of(member(member(request, "multipart"), "content")) +
             "\r\n--frontier\r\nContent-Disposition: form-data; name=\"is_private\"\r\n\r\n1\r\n--frontier--\r\n";
    }
    if (!member(request, "form").is_null()) {
      headers["Content-Type"] = "application/x-www-form-urlencoded";
      return encode_form(member(request, "form"));
    }
    if (!member(request, "json").is_null()) {
      headers["Content-Type"] = "application/json";
      return json::serialize(member(request, "json"));
    }
    return text_of(member(request, "raw"));
  }

  std::vector<std::string> play_request(const Recording& recording, const Around& around) {
    const auto& request = recording.content.at("request");
    auto headers = headers_for(recording, around);
    const std::string host = headers["Host"];
    const std::string body = body_for(request, headers);
    std::string target = encode_url(text_of(member(request, "path")), "/%");
    const std::string query = encode_form(member(request, "params"));
    if (!query.empty()) target += "?" + query;
    const std::string method = text_of(member(request, "method"));
    const auto send = [=, this] {
      return call(sandbox_.port(), method, target, headers, body, std::chrono::milliseconds(around.timeout_millis));
    };
    if (around.in_background) {
      background_ = std::async(std::launch::async, send);
      const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
      while (sandbox_.control("GET", "state?site=" + host).at("sites").at(host).at("wizard_running") != true &&
             std::chrono::steady_clock::now() < end)
        std::this_thread::yield();
      return {};  // that its client saw nothing is looked at when it is awaited
    }
    for (const auto& document : around.documents)
      (void)call(sandbox_.port(), "POST", "/api/resource/" + encode_url(document.doctype, ""), headers,
                 document.payload);
    for (int i = 0; i < around.repeat_before; ++i) send();
    const auto answer = send();
    if (answer) remember(host, *answer);
    return compare(recording, answer);
  }

  void remember(const std::string& host, const Answer& answer) {
    const auto cookies = answer.headers.equal_range("set-cookie");
    for (auto cookie = cookies.first; cookie != cookies.second; ++cookie)
      if (cookie->second.starts_with("sid=") && !cookie->second.starts_with("sid=Guest"))
        sid_[host] = cookie->second.substr(4, cookie->second.find(';') - 4);
    static const std::regex kCsrf("csrf_token = \"(\\w+)\"");
    std::smatch match;
    if (std::regex_search(answer.body, match, kCsrf)) csrf_[host] = match[1];
  }

  std::vector<std::string> compare(const Recording& recording, const std::optional<Answer>& answer) {
    const auto* status = recording.content.as_object().if_contains("status");
    if (!status || status->is_null()) {
      if (answer) return {"no answer became status " + std::to_string(answer->status)};
      return {};
    }
    if (!answer) return {"there is no answer"};
    if (answer->status != status->as_int64())
      return {"status " + json::serialize(*status) + " became " + std::to_string(answer->status) + " " + answer->body};
    const auto* cut = recording.content.as_object().if_contains("trimmed");
    const json::value& expected = member(recording.content, "response");
    const bool head = text_of(member(recording.content.at("request"), "method")) == "HEAD";
    if ((cut && cut->is_bool() && cut->get_bool()) || expected.is_null() || head) return {};
    json::value actual = body_of(answer);
    if (expected.is_string()) {
      if (actual.is_null() && answer->header("content-type").starts_with("text/html")) return {};
      return {"HTML became " + answer->body};
    }
    return compare_bodies(expected, actual);
  }

  std::vector<std::string> compare_bodies(const json::value& expected, const json::value& actual) {
    std::vector<std::string> differences;
    std::set<std::string> exempt;
    for (const auto& exemption : exemptions()) exempt.insert(exemption.path);
    if (text_of(member(expected, "exc_type")) != text_of(member(actual, "exc_type")))
      differences.push_back("exc_type became " + text_of(member(actual, "exc_type")));
    compare_shapes(expected, actual, "", exempt, differences);
    for (const char* field : {"exc", "_server_messages"}) {
      if (member(expected, field).is_null() != member(actual, field).is_null())
        differences.push_back(std::string(field) + (member(actual, field).is_null() ? " is missing" : " is too much"));
    }
    if (!member(expected, "_server_messages").is_null()) {
      const json::value left = decode_messages(member(expected, "_server_messages"));
      const json::value right = decode_messages(member(actual, "_server_messages"));
      compare_shapes(left, right, "messages", exempt, differences);
      if (left.is_array() && right.is_array() && left.get_array().size() != right.get_array().size())
        differences.push_back("messages: another number of messages");
      compare_texts(json::serialize(member(left.get_array()[0], "message")),
                    right.is_array() && !right.get_array().empty()
                        ? json::serialize(member(right.get_array()[0], "message"))
                        : "");
    }
    if (!member(expected, "exception").is_null())
      compare_texts(text_of(member(expected, "exception")), text_of(member(actual, "exception")));
    return differences;
  }

  void compare_texts(const std::string& expected, const std::string& actual) {
    ++texts_compared;
    if (settled(expected) == settled(actual)) {
      ++texts_alike;
      return;
    }
  }

  Sandbox sandbox_;
  std::map<std::string, std::string> sid_;
  std::map<std::string, std::string> csrf_;
  std::future<std::optional<Answer>> background_;
};

}  // namespace

TEST_CASE("the sandbox answers as the recorded server did") {
  const auto recordings = read_recordings();
  Replay replay;
  int covered = 0;
  for (const auto& recording : recordings) {
    const auto differences = replay.play(recording);
    std::string text;
    for (const auto& difference : differences) text += "\n    " + difference;
    INFO(recording.file << text);
    CHECK(differences.empty());
    if (differences.empty()) ++covered;
  }
  std::cout << "recorded exchanges: " << recordings.size() << ", alike: " << covered
            << "; error texts compared: " << replay.texts_compared << ", alike: " << replay.texts_alike << std::endl;
  CHECK(covered >= 599);
  CHECK(replay.texts_alike >= 190);
}
