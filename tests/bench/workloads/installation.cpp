#include "bench/workloads/installation.hpp"

#include <libpq-fe.h>
#include <sqlite3.h>

#include <boost/json.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "bench/workloads/machine.hpp"

namespace tenantry::bench {
namespace {

namespace json = boost::json;
using test::HttpClient;
using Clock = std::chrono::steady_clock;

constexpr const char* kPassword = "bench-admin-password";

[[noreturn]] void fail(const test::HttpAnswer& answer, const std::string& what) {
  throw std::runtime_error(what + ": " + std::to_string(answer.status) + " " + answer.body);
}

class SqliteLook final : public Installation::Look {
 public:
  explicit SqliteLook(const std::string& path) {
    if (sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK)
      throw std::runtime_error("the store cannot be looked into");
  }
  SqliteLook(const SqliteLook&) = delete;
  SqliteLook& operator=(const SqliteLook&) = delete;
  ~SqliteLook() override { sqlite3_close(db_); }

  int number(const std::string& sql) override {
    sqlite3_stmt* statement = nullptr;
    int value = -1;
    if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
      value = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return value;
  }

 private:
  sqlite3* db_ = nullptr;
};

class PostgresLook final : public Installation::Look {
 public:
  explicit PostgresLook(const std::string& url) : db_(PQconnectdb(url.c_str()), PQfinish) {
    PQclear(PQexec(db_.get(), "set enable_seqscan = off"));
  }

  int number(const std::string& sql) override {
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(db_.get(), sql.c_str()), PQclear);
    return PQresultStatus(result.get()) == PGRES_TUPLES_OK ? std::stoi(PQgetvalue(result.get(), 0, 0)) : -1;
  }

 private:
  std::unique_ptr<PGconn, decltype(&PQfinish)> db_;
};

// Each client has a connection and takes every `clients`-th piece of work.
template <class Act>
void share(int clients, std::size_t pieces, std::uint16_t port, Act act) {
  std::vector<std::thread> threads;
  for (int c = 0; c < clients; ++c)
    threads.emplace_back([=, &act] {
      HttpClient client(port, "127.0.0.1", std::chrono::seconds(60));
      for (auto i = static_cast<std::size_t>(c); i < pieces; i += static_cast<std::size_t>(clients)) act(client, i);
    });
  for (auto& thread : threads) thread.join();
}

}  // namespace

Installation::Installation(const Kind& kind, const std::string& engine, bool with_log) : engine_(engine) {
  namespace fs = std::filesystem;
  fs::create_directories(folder_.path() / "engines");
  fs::copy(std::string(BENCH_ENGINES) + "/bench_" + engine + ".so", folder_.path() / "engines");
  std::string store = "sqlite:data/tenantry.db";
  database_ = folder_ / "data/tenantry.db";
  if (kind.store == "postgresql") {
    server_ = std::make_unique<test::Postgres>(test::Postgres::Size::kAsInstalled);
    store = database_ = server_->url(server_->create_database());
  }
  std::ofstream config(folder_ / "tenantry.toml");
  config << "data_dir = \"data\"\n[listen]\nport = 0\n[store]\nurl = \"" << store << "\"\n"
         << "[engines]\ndirectories = [\"engines\"]\nisolation = \"" << kind.isolation << "\"\ncalls = 64\n"
         << "[limits]\nsteps = 64\n[log]\nlevel = \"warn\"\n";
  if (with_log) config << "[engines.settings." << engine << "]\nlog = \"" << log_file() << "\"\n";
  config.close();
  start_host();
}

Installation::~Installation() {
  if (host_) (void)host_->terminate();
}

void Installation::start_host() {
  host_ = std::make_unique<test::Process>(
      std::vector<std::string>{TENANTRY_HOST, "serve", "--config", folder_ / "tenantry.toml"},
      std::vector<std::pair<std::string, std::string>>{{"TENANTRY_ADMIN_EMAIL", "admin@example.org"},
                                                       {"TENANTRY_ADMIN_PASSWORD", kPassword}},
      folder_ / "host.log");
  if (!token_.empty()) return;
  HttpClient client(port());
  const auto answer = client.post_json(
      "/api/auth/login", json::serialize(json::object{{"email", "admin@example.org"}, {"password", kPassword}}));
  if (answer.status != 200) fail(answer, "sign-in");
  token_ = json::value_to<std::string>(json::parse(answer.body).at("access_token"));
}

void Installation::kill_host() { host_->kill_hard(); }
void Installation::stop_host() { (void)host_->terminate(); }

HttpClient::Headers Installation::headers() const { return {{"Authorization", "Bearer " + token_}}; }

void Installation::create_tenants(int count) {
  const auto first = tenants_.size();
  tenants_.resize(first + static_cast<std::size_t>(count));
  share(16, static_cast<std::size_t>(count), port(), [&](HttpClient& client, std::size_t i) {
    const auto answer = client.post_json("/api/iam/tenants",
                                         json::serialize(json::object{{"name", "tenant " + std::to_string(first + i)},
                                                                      {"admin_email", "owner@example.org"},
                                                                      {"admin_name", "The Owner"},
                                                                      {"admin_password", "bench-tenant-password"},
                                                                      {"country_code", "KE"},
                                                                      {"engine", engine_}}),
                                         headers());
    if (answer.status != 201) fail(answer, "create a tenant");
    tenants_[first + i] = json::value_to<std::string>(json::parse(answer.body).at_pointer("/tenant/id"));
  });
}

void Installation::start_one(HttpClient& client, std::size_t tenant) const {
  const auto answer = client.post_json("/api/provisioning/tenants/" + tenants_[tenant] + "/start", "{}", headers());
  if (answer.status != 202) fail(answer, "start");
}

std::string Installation::status_path(std::size_t tenant) const {
  return "/api/provisioning/tenants/" + tenants_[tenant] + "/status";
}

std::vector<double> Installation::start_all(int clients) {
  std::vector<double> times(tenants_.size());
  share(clients, tenants_.size(), port(), [&](HttpClient& client, std::size_t i) {
    const auto from = Clock::now();
    start_one(client, i);
    times[i] = std::chrono::duration<double, std::milli>(Clock::now() - from).count();
  });
  return times;
}

int Installation::number(const std::string& sql) {
  if (!look_ && server_)
    look_ = std::make_unique<PostgresLook>(database_);
  else if (!look_)
    look_ = std::make_unique<SqliteLook>(database_);
  return look_->number(sql);
}

int Installation::unfinished() { return number("select count(*) from runs where owner is not null"); }
int Installation::completed() { return number("select count(*) from runs where state = 'completed'"); }

void Installation::wait_until_finished() {
  const auto end = Clock::now() + std::chrono::minutes(2);
  while (number("select count(*) from (select 1 from runs where owner is not null limit 1) one") != 0) {
    if (Clock::now() > end) throw std::runtime_error("runs are still going after two minutes");
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

double Installation::cpu_seconds() const {
  return bench::cpu_seconds(pid()) + (server_ ? bench::cpu_seconds(server_->pid()) : 0);
}
double Installation::memory() const { return bench::memory(pid()) + (server_ ? bench::memory(server_->pid()) : 0); }

}  // namespace tenantry::bench
