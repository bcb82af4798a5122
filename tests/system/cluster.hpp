// Hosts that share one store on loopback, and a client that asks any of them, as a load balancer would. Nothing here
// asserts: what goes wrong is thrown, so that it can be used on any thread.
#pragma once
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "erp.hpp"
#include "support/postgres.hpp"
#include "support/signals.hpp"

namespace tenantry::system {

enum class Database { kSqlite, kPostgres };

struct ClusterOptions {
  Database database = Database::kSqlite;
  std::string url;  // of the PostgreSQL database
  int hosts = 1;
  int lease_ms = 1'000;
  int steps = 32;
  int concurrency = 64;           // at the ERP
  std::string store_folder = {};  // of the SQLite file; empty: beside the host's data
};

class Cluster {
 public:
  Cluster(Erp& erp, ClusterOptions options) : erp_(erp), options_(std::move(options)) {
    test::let_signals_through();
    hosts_.resize(static_cast<std::size_t>(options_.hosts));
    ports_.resize(hosts_.size());
    for (int i = 0; i < options_.hosts; ++i) configure(i);
  }
  ~Cluster() {
    for (auto& host : hosts_)
      if (host && host->pid() > 0) ::kill(host->pid(), SIGCONT);
  }
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // `fault`: as TENANTRY_FAULT.
  void start(int i, const std::string& fault = {}) {
    std::vector<std::pair<std::string, std::string>> environment{{"TENANTRY_ADMIN_EMAIL", "admin@example.org"},
                                                                 {"TENANTRY_ADMIN_PASSWORD", "cluster-admin-pass"},
                                                                 {"TENANTRY_KEY", std::string(64, 'a')},
                                                                 {"ERP_KEY", kErpKey},
                                                                 {"ERP_SECRET", kErpSecret},
                                                                 {"TMPDIR", folder_.path()},
                                                                 {"TENANTRY_FAULT", fault}};
    auto host = std::make_unique<test::Process>(
        std::vector<std::string>{TENANTRY_HOST, "serve", "--config", file(i, "tenantry.toml")}, environment,
        file(i, "host.log"));
    const std::lock_guard lock(mutex_);
    at(i) = std::move(host);
    ports_[static_cast<std::size_t>(i)] = at(i)->port();
  }
  void start_all() {
    for (int i = 0; i < options_.hosts; ++i) start(i);
  }
  void kill(int i) {
    forget_port(i);
    at(i)->kill_hard();
  }
  int stop(int i) {
    forget_port(i);
    return at(i)->terminate();
  }
  void freeze(int i) { ::kill(at(i)->pid(), SIGSTOP); }
  void thaw(int i) { ::kill(at(i)->pid(), SIGCONT); }
  [[nodiscard]] pid_t pid(int i) { return at(i)->pid(); }
  [[nodiscard]] bool is_frozen(int i) {
    std::ifstream stat("/proc/" + std::to_string(at(i)->pid()) + "/stat");
    std::string pid;
    std::string program;
    std::string state;
    return stat >> pid >> program >> state && state == "T";
  }
  // Has it ended by itself?
  [[nodiscard]] bool has_ended(int i) {
    siginfo_t ended{};
    return ::waitid(P_PID, static_cast<id_t>(at(i)->pid()), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           ended.si_pid == at(i)->pid();
  }
  // Is this in its log?
  [[nodiscard]] bool has_said(int i, const std::string& words) const {
    std::ifstream log(file(i, "host.log"));
    return std::string(std::istreambuf_iterator<char>(log), {}).find(words) != std::string::npos;
  }
  int kill_engines(int i) {
    int killed = 0;
    std::error_code gone;
    for (const auto& thread :
         std::filesystem::directory_iterator("/proc/" + std::to_string(at(i)->pid()) + "/task", gone)) {
      std::ifstream children(thread.path() / "children");
      for (pid_t child = 0; children >> child;) killed += ::kill(child, SIGKILL) == 0 ? 1 : 0;
    }
    return killed;
  }

  // One request to one host. Status 0: it did not answer.
  HttpAnswer ask(int i, const std::string& method, const std::string& path, const std::string& body = {},
                 const HttpClient::Headers& more = {}) {
    std::uint16_t port = 0;
    {
      const std::lock_guard lock(mutex_);
      port = ports_[static_cast<std::size_t>(i)];
    }
    if (port == 0) return {};
    HttpClient client(port, "127.0.0.1", std::chrono::seconds(10));
    if (!client.connected()) return {};
    auto headers = more;
    if (!token_.empty()) headers.emplace_back("Authorization", "Bearer " + token_);
    if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
    return client.request(method, path, body, headers);
  }
  // Of whichever host answers; asked again while none does, or with 503.
  HttpAnswer any(const std::string& method, const std::string& path, const std::string& body = {},
                 std::chrono::milliseconds limit = std::chrono::seconds(40)) {
    HttpAnswer answer;
    const bool answered = before(limit, [&] {
      answer = ask(static_cast<int>(next_++ % hosts_.size()), method, path, body);
      return answer.status != 0 && answer.status != 503 && answer.status != 500;
    });
    if (!answered) throw std::runtime_error(method + " " + path + ": " + std::to_string(answer.status) + answer.body);
    return answer;
  }
  void sign_in() {
    token_.clear();
    const auto answer =
        any("POST", "/api/auth/login", R"({"email":"admin@example.org","password":"cluster-admin-pass"})");
    if (answer.status != 200) throw std::runtime_error("no sign-in: " + answer.body);
    token_ = json::value_to<std::string>(json::parse(answer.body).at("access_token"));
  }

  // Made and not started yet. `name` is its own, so that asking twice makes one.
  std::string create_tenant(const std::string& name) {
    const auto answer = any("POST", "/api/iam/tenants",
                            json::serialize(json::object{{"name", name},
                                                         {"admin_email", "owner@example.org"},
                                                         {"admin_name", "The Owner"},
                                                         {"admin_password", "cluster-owner-pass"},
                                                         {"country_code", "KE"},
                                                         {"engine", erp_.product.engine}}));
    if (answer.status == 201) return json::value_to<std::string>(json::parse(answer.body).at_pointer("/tenant/id"));
    const auto list = json::parse(any("GET", "/api/iam/tenants?limit=500").body);
    for (const auto& tenant : list.as_array())
      if (json::value_to<std::string>(tenant.at("name")) == name) return json::value_to<std::string>(tenant.at("id"));
    throw std::runtime_error("no tenant " + name + ": " + answer.body);
  }
  static std::string verb(const std::string& tenant, const std::string& word) {
    return "/api/provisioning/tenants/" + tenant + "/" + word;
  }
  // Also when the host that was asked dies before it answers: then another one knows.
  void start_run(const std::string& tenant) {
    const bool started = before(std::chrono::seconds(40), [&] {
      const auto answer = any("POST", verb(tenant, "start"), erp_.product.parameters);
      if (answer.status != 202 && answer.status != 409) throw std::runtime_error("no start: " + answer.body);
      return answer.status == 202 || word(tenant) != "NOT_STARTED";
    });
    if (!started) throw std::runtime_error("no start of " + tenant);
  }
  json::value status(const std::string& tenant) { return json::parse(any("GET", verb(tenant, "status")).body); }
  std::string word(const std::string& tenant) { return json::value_to<std::string>(status(tenant).at("status")); }
  [[nodiscard]] bool reaches(const std::string& tenant, const std::string& wanted,
                             std::chrono::milliseconds limit = std::chrono::seconds(40)) {
    return before(limit, [&] { return word(tenant) == wanted; });
  }
  [[nodiscard]] bool is_at(const std::string& tenant, const std::string& step, const std::string& state) {
    const auto answer = status(tenant);
    for (const auto& one : answer.at("steps").as_array())
      if (json::value_to<std::string>(one.at("id")) == step)
        return json::value_to<std::string>(one.at("state")) == state;
    return false;
  }

  [[nodiscard]] std::string sqlite_file() const {
    return (options_.store_folder.empty() ? folder_ / "store" : options_.store_folder) + "/tenantry.db";
  }
  [[nodiscard]] std::string file(int i, const std::string& name) const {
    return folder_ / ("host-" + std::to_string(i)) + "/" + name;
  }
  [[nodiscard]] const ClusterOptions& options() const { return options_; }
  [[nodiscard]] Erp& erp() const { return erp_; }

 private:
  std::unique_ptr<test::Process>& at(int i) { return hosts_[static_cast<std::size_t>(i)]; }
  void forget_port(int i) {
    const std::lock_guard lock(mutex_);
    ports_[static_cast<std::size_t>(i)] = 0;
  }
  void configure(int i) {
    std::filesystem::create_directories(file(i, "engines"));
    std::filesystem::copy(erp_.product.file, file(i, "engines"));
    std::filesystem::create_directories(folder_ / "store");
    const auto store = options_.database == Database::kSqlite ? "sqlite:" + sqlite_file() : options_.url;
    std::ofstream(file(i, "tenantry.toml"))
        << "data_dir = \"data\"\n[listen]\nport = 0\nthreads = 1\n[store]\nconnections = 2\nurl = \"" << store << "\"\n"
        << "[engines]\ndirectories = [\"engines\"]\nwatch_ms = 0\n[limits]\ndrain_ms = 5000\nlease_ms = "
        << options_.lease_ms << "\nsteps = " << options_.steps << "\n"
        << "[[servers]]\nid = \"erp\"\nengine = \"" << erp_.product.engine
        << "\"\nurl = \"http://127.0.0.1:" << erp_.port() << "\"\n"
        << erp_.product.server << "limits = { concurrency = " << options_.concurrency << " }\n";
  }

  Erp& erp_;
  ClusterOptions options_;
  test::TempDir folder_;
  std::mutex mutex_;  // guards ports_ and what hosts_ point to
  std::vector<std::unique_ptr<test::Process>> hosts_;
  std::vector<std::uint16_t> ports_;  // 0: not there
  std::atomic<std::size_t> next_{0};
  std::string token_;
};

}  // namespace tenantry::system
