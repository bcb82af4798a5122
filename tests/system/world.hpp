// A whole installation on loopback: the sandbox as the ERP, the host with the ERPNext engine on a SQLite file, and a
// client signed in as administrator.
#pragma once
#include <signal.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/http_client.hpp"
#include "support/process.hpp"
#include "support/signals.hpp"
#include "support/temp_dir.hpp"

namespace tenantry::system {

namespace json = boost::json;
using tenantry::test::eventually;
using tenantry::test::HttpAnswer;
using tenantry::test::HttpClient;

inline constexpr const char* kKey = "canary-erp-key-4711";
inline constexpr const char* kSecret = "canary-erp-secret-0815";
inline constexpr const char* kAdminPassword = "canary-admin-pass-1";
inline constexpr const char* kTenantPassword = "canary-Tenant-pass-2!";

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

class World {
 public:
  explicit World(const std::string& server_settings = R"(settings = { site = "{tenant}" })", int concurrency = 8) {
    sandbox_ =
        std::make_unique<test::Process>(std::vector<std::string>{TENANTRY_SANDBOX, "--port", "0", "--site", "*",
                                                                 "--api-key", kKey, "--api-secret", kSecret},
                                        std::vector<std::pair<std::string, std::string>>{}, folder_ / "sandbox.log");
    std::filesystem::create_directories(folder_.path() / "engines");
    std::filesystem::copy(TENANTRY_ERPNEXT, folder_.path() / "engines" / "erpnext.so");
    std::ofstream(folder_ / "tenantry.toml")
        << "data_dir = \"data\"\n[listen]\nport = 0\n[store]\nurl = \"sqlite:data/tenantry.db\"\n"
        << "[engines]\ndirectories = [\"engines\"]\n[limits]\ndrain_ms = 5000\n"
        << "[[servers]]\nid = \"erp\"\nengine = \"erpnext\"\nurl = \"http://127.0.0.1:" << sandbox_->port() << "\"\n"
        << server_settings << "\nsecrets = { api_key = \"env:ERP_KEY\", api_secret = \"env:ERP_SECRET\" }\n"
        << "limits = { concurrency = " << concurrency << " }\n";
    start_host();
  }

  // Without an ERP: the host with one engine of the tests, and more lines for the section [engines].
  struct Bare {
    std::string engine;
    std::string engine_file;
    std::string options;
  };
  explicit World(const Bare& bare) : engine_(bare.engine) {
    std::filesystem::create_directories(folder_.path() / "engines");
    std::filesystem::copy(bare.engine_file, folder_.path() / "engines");
    std::ofstream(folder_ / "tenantry.toml")
        << "data_dir = \"data\"\n[listen]\nport = 0\n[store]\nurl = \"sqlite:data/tenantry.db\"\n"
        << "[engines]\ndirectories = [\"engines\"]\n"
        << bare.options << "\n[limits]\ndrain_ms = 5000\n";
    start_host();
  }

  void start_host() {
    test::let_signals_through();
    host_ = std::make_unique<test::Process>(
        std::vector<std::string>{TENANTRY_HOST, "serve", "--config", folder_ / "tenantry.toml"},
        std::vector<std::pair<std::string, std::string>>{{"TENANTRY_ADMIN_EMAIL", "admin@example.org"},
                                                         {"TENANTRY_ADMIN_PASSWORD", kAdminPassword},
                                                         {"ERP_KEY", kKey},
                                                         {"ERP_SECRET", kSecret},
                                                         {"TMPDIR", folder_.path()}},
        folder_ / "host.log");
    if (token_.empty()) token_ = sign_in("admin@example.org", kAdminPassword);
  }
  void kill_host() { host_->kill_hard(); }
  // The processes that the host has its engines in; `file` is part of the engine's file name.
  std::vector<pid_t> engine_processes(const std::string& file = {}) {
    std::vector<pid_t> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const auto name = entry.path().filename().string();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      std::ifstream stat(entry.path() / "stat");
      std::string pid;
      std::string program;
      std::string state;
      pid_t parent = 0;
      if (!(stat >> pid >> program >> state >> parent) || parent != host_->pid() || state == "Z") continue;
      if (read_file(entry.path() / "cmdline").find(file) != std::string::npos) found.push_back(std::stoi(pid));
    }
    return found;
  }
  // kill -9 of every engine; the host goes on. How many there were.
  int kill_engines() {
    int killed = 0;
    for (const auto pid : engine_processes()) killed += ::kill(pid, SIGKILL) == 0 ? 1 : 0;
    return killed;
  }
  int stop_host() { return host_->terminate(); }

  std::string sign_in(const std::string& email, const std::string& password) {
    HttpClient client(host_->port());
    const auto answer =
        client.post_json("/api/auth/login", json::serialize(json::object{{"email", email}, {"password", password}}));
    INFO(answer.body);
    REQUIRE(answer.status == 200);
    return json::value_to<std::string>(json::parse(answer.body).at("access_token"));
  }

  // One request on a connection of its own; everything that was answered is kept for the canary test.
  HttpAnswer call(const std::string& method, const std::string& path, const std::string& body = {},
                  const HttpClient::Headers& more = {}) {
    HttpClient client(host_->port(), "127.0.0.1", std::chrono::seconds(20));
    auto headers = more;
    headers.emplace_back("Authorization", "Bearer " + token_);
    if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
    auto answer = client.request(method, path, body, headers);
    answers_ += answer.body;
    return answer;
  }
  json::value get(const std::string& path) {
    const auto answer = call("GET", path);
    INFO(path << " -> " << answer.status << " " << answer.body);
    REQUIRE(answer.status == 200);
    return json::parse(answer.body);
  }
  HttpAnswer post(const std::string& path, const std::string& body = "{}", const HttpClient::Headers& more = {}) {
    return call("POST", path, body, more);
  }

  std::string create_tenant(const std::string& name, const std::string& country = "KE",
                            const std::string& engine = {}) {
    const auto answer =
        post("/api/iam/tenants", json::serialize(json::object{{"name", name},
                                                              {"admin_email", "owner@example.org"},
                                                              {"admin_name", "The Owner"},
                                                              {"admin_password", kTenantPassword},
                                                              {"country_code", country},
                                                              {"engine", engine.empty() ? engine_ : engine}}));
    INFO(answer.body);
    REQUIRE(answer.status == 201);
    return json::value_to<std::string>(json::parse(answer.body).at_pointer("/tenant/id"));
  }
  static std::string verb(const std::string& tenant, const std::string& word) {
    return "/api/provisioning/tenants/" + tenant + "/" + word;
  }
  json::value status(const std::string& tenant) { return get(verb(tenant, "status")); }
  std::string word(const std::string& tenant) { return json::value_to<std::string>(status(tenant).at("status")); }
  [[nodiscard]] bool reaches(const std::string& tenant, const std::string& wanted,
                             std::chrono::milliseconds limit = std::chrono::seconds(60)) {
    const bool reached = eventually([&] { return word(tenant) == wanted; }, limit);
    if (!reached) UNSCOPED_INFO(json::serialize(status(tenant)));
    return reached;
  }
  std::string step_state(const std::string& tenant, const std::string& id) {
    const auto answer = status(tenant);
    for (const auto& step : answer.at("steps").as_array())
      if (json::value_to<std::string>(step.at("id")) == id) return json::value_to<std::string>(step.at("state"));
    return "no such step";
  }

  // The sandbox's control routes.
  json::value erp(const std::string& method, const std::string& path, const std::string& body = {}) {
    HttpClient client(sandbox_->port());
    HttpClient::Headers headers;
    if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
    const auto answer = client.request(method, "/__sandbox/" + path, body, headers);
    INFO(path << " -> " << answer.status << " " << answer.body);
    REQUIRE(answer.status / 100 == 2);
    return answer.body.empty() ? json::value() : json::parse(answer.body);
  }
  void fault(const std::string& rule) { (void)erp("POST", "faults", rule); }
  void no_faults() { (void)erp("DELETE", "faults"); }
  // Duplicate objects that the sandbox found, as text; empty: none.
  std::string duplicates() {
    std::string found;
    const auto state = erp("GET", "state");
    for (const auto& site : state.at("sites").as_object())
      if (const auto* list = site.value().as_object().if_contains("duplicates");
          list != nullptr && !list->as_array().empty())
        found += std::string(site.key()) + ": " + json::serialize(*list) + "\n";
    return found;
  }

  [[nodiscard]] pid_t host_pid() const { return host_->pid(); }
  [[nodiscard]] std::uint16_t port() const { return host_->port(); }
  [[nodiscard]] const std::string& token() const { return token_; }
  void use_token(std::string token) { token_ = std::move(token); }
  [[nodiscard]] const std::string& answers() const { return answers_; }
  [[nodiscard]] std::string file(const std::string& name) const { return folder_ / name; }

 private:
  test::TempDir folder_;
  std::unique_ptr<test::Process> sandbox_;
  std::unique_ptr<test::Process> host_;
  std::string engine_ = "erpnext";
  std::string token_;
  std::string answers_;
};

}  // namespace tenantry::system
