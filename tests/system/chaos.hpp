// Everything that can go wrong, at random, for a time: hosts killed, stopped, frozen and started again, engines killed,
// the store restarted or locked, an ERP that answers all sorts of things, commands to whichever host. What is chosen
// follows from the seed. For chaos.test.cpp and the soak.
#pragma once
#include <iostream>
#include <random>
#include <utility>

#include "checker.hpp"

namespace tenantry::system {

struct ChaosReport {
  std::string problems;  // empty: every promise was kept
  std::size_t tenants = 0;
  int kills = 0;
  int stops = 0;
  int freezes = 0;
  int engine_kills = 0;
  int store_failures = 0;
  int faults = 0;
  int commands = 0;
};

class Chaos {
 public:
  // Three hosts on PostgreSQL, or the one that SQLite can have. It lasts longer on a slow machine: until so many
  // tenants have been begun.
  Chaos(unsigned seed, std::chrono::seconds length, const Product& product, Database database, std::size_t tenants = 0)
      : random_(seed), length_(length), least_(tenants), erp_(product) {
    ClusterOptions options;
    options.database = database;
    if (database == Database::kPostgres) {
      server_ = &test::Postgres::shared();
      database_ = server_->create_database();
      options.url = server_->url(database_);
      options.hosts = 3;
    }
    options.lease_ms = 1'500;
    hosts_ = std::make_unique<Cluster>(erp_, options);
  }

  ChaosReport run() {
    hosts_->start_all();
    hosts_->sign_in();
    const auto like = provision("Undisturbed");
    (void)erp_.control("POST", "faults", R"({"id":"slow","action":"none","millis":3,"jitter_millis":10})");
    const auto begin = std::chrono::steady_clock::now();
    const auto lasts = [&](int times) { return std::chrono::steady_clock::now() < begin + times * length_; };
    while (lasts(1) || (tenants_.size() < least_ && lasts(8))) {
      if (unfinished() < 8) begin_tenant();
      disturb();
      ::usleep(static_cast<unsigned>(pick(20, 400)) * 1'000);
    }
    (void)erp_.control("DELETE", "faults");
    for (int i = 0; i < hosts_->options().hosts; ++i) hosts_->thaw(i);
    finish_all();
    Records records(server_ != nullptr ? server_->url(database_) : hosts_->sqlite_file());
    Checker checker(erp_, like);
    report_.problems += checker.check(records, tenants_);
    auto all = tenants_;
    all.push_back(like);
    report_.problems += checker.check_databases(all);
    report_.tenants = tenants_.size();
    return report_;
  }

 private:
  int pick(int from, int to) { return std::uniform_int_distribution<int>(from, to)(random_); }

  std::string provision(const std::string& name) {
    const auto tenant = hosts_->create_tenant(name);
    hosts_->start_run(tenant);
    if (!hosts_->reaches(tenant, "COMPLETED")) throw std::runtime_error("not completed: " + name);
    return tenant;
  }
  void begin_tenant() {
    const auto tenant = hosts_->create_tenant("Tenant " + std::to_string(tenants_.size()));
    hosts_->start_run(tenant);
    tenants_.push_back(tenant);
  }
  int unfinished() {
    return static_cast<int>(
        json::parse(hosts_->any("GET", "/api/iam/tenants?status=IN_PROGRESS&limit=100").body).as_array().size());
  }
  std::string some_tenant() {
    return tenants_[static_cast<std::size_t>(pick(0, static_cast<int>(tenants_.size()) - 1))];
  }

  void disturb() {
    const int host = pick(0, hosts_->options().hosts - 1);
    const int what = pick(0, 99);
    if (what < 20) {
      hosts_->kill(host);
      ::usleep(static_cast<unsigned>(pick(0, 1'500)) * 1'000);
      hosts_->start(host);
      ++report_.kills;
    } else if (what < 25) {
      (void)hosts_->stop(host);
      hosts_->start(host);
      ++report_.stops;
    } else if (what < 32) {
      hosts_->freeze(host);
      ::usleep(static_cast<unsigned>(pick(100, 3'000)) * 1'000);
      hosts_->thaw(host);
      ++report_.freezes;
    } else if (what < 50) {
      report_.engine_kills += hosts_->kill_engines(host);
    } else if (what < 55) {
      lose_store();
      ++report_.store_failures;
    } else if (what < 80) {
      static const std::vector<json::object> rules{{{"action", "error"}, {"status", 500}},
                                                   {{"action", "html"}, {"status", 502}},
                                                   {{"action", "too_many"}, {"retry_after", 1}},
                                                   {{"action", "drop_before"}},
                                                   {{"action", "drop_after"}}};
      auto rule = rules[static_cast<std::size_t>(pick(0, static_cast<int>(rules.size()) - 1))];
      rule["skip"] = pick(0, 10);
      rule["times"] = pick(1, 2);
      (void)erp_.fault(some_tenant(), std::move(rule));
      ++report_.faults;
    } else {
      // Either is refused if the run is not in that state; both leave the end of the run as it is.
      const auto tenant = some_tenant();
      const auto paused = hosts_->any("POST", Cluster::verb(tenant, "pause"), "{}");
      if (paused.status == 202) paused_.push_back(tenant);
      while (!paused_.empty() && pick(0, 1) == 1) resume_one();
      ++report_.commands;
    }
  }
  void lose_store() {
    const auto millis = static_cast<unsigned>(pick(0, 1'000));
    if (server_ == nullptr) {
      Records file(hosts_->sqlite_file());
      (void)file.rows("begin immediate");
      ::usleep(4 * millis * 1'000);
      (void)file.rows("rollback");
      return;
    }
    server_->stop(pick(0, 1) == 1);
    ::usleep(millis * 1'000);
    server_->start();
  }
  void resume_one() {
    (void)hosts_->any("POST", Cluster::verb(paused_.back(), "resume"), "{}");
    paused_.pop_back();
  }
  // A step that failed for good in all that is retried, once all is quiet: then everything has to end well.
  void finish_all() {
    for (const auto& tenant : tenants_) {
      const bool ended = before(std::chrono::seconds(120), [&] {
        const auto status = hosts_->status(tenant);
        const auto word = json::value_to<std::string>(status.at("status"));
        if (status.at("state") == "paused") (void)hosts_->any("POST", Cluster::verb(tenant, "resume"), "{}");
        if (word == "FAILED" || word == "PARTIAL") (void)hosts_->any("POST", Cluster::verb(tenant, "retry"), "{}");
        return word == "COMPLETED";
      });
      if (!ended) report_.problems += tenant + ": stuck: " + json::serialize(hosts_->status(tenant)) + "\n";
    }
  }

  std::mt19937 random_;
  const std::chrono::seconds length_;
  const std::size_t least_;
  test::Postgres* server_ = nullptr;  // nullptr: the store is a SQLite file
  std::string database_;
  Erp erp_;
  std::unique_ptr<Cluster> hosts_;
  std::vector<std::string> tenants_;
  std::vector<std::string> paused_;
  ChaosReport report_;
};

inline std::ostream& operator<<(std::ostream& out, const ChaosReport& report) {
  return out << report.tenants << " tenants; " << report.kills << " kills, " << report.stops << " stops and "
             << report.freezes << " freezes of hosts, " << report.engine_kills << " kills of engines, "
             << report.store_failures << " failures of the store, " << report.faults << " faults of the ERP, "
             << report.commands << " commands\n"
             << (report.problems.empty() ? "every promise was kept\n" : report.problems);
}

}  // namespace tenantry::system
