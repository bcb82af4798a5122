// A host of our own to be measured, as an operator would run it: its own process, real files, REST over loopback.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "support/http_client.hpp"
#include "support/postgres.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"

namespace tenantry::bench {

struct Kind {
  std::string store;      // "sqlite" or "postgresql"
  std::string isolation;  // "process" or "in_process"
  [[nodiscard]] std::string name() const { return store + ", " + isolation; }
};

class Installation {
 public:
  // Questions to the store that the host writes to.
  struct Look {
    Look() = default;
    Look(const Look&) = delete;
    Look& operator=(const Look&) = delete;
    virtual ~Look() = default;
    virtual int number(const std::string& sql) = 0;  // -1: no answer
  };

  // `engine`: chain, fan or sleeper. With a log, every step that is executed leaves a line in log_file().
  Installation(const Kind& kind, const std::string& engine, bool with_log = false);
  Installation(const Installation&) = delete;
  Installation& operator=(const Installation&) = delete;
  ~Installation();

  void start_host();
  void kill_host();
  void stop_host();  // in order

  void create_tenants(int count);
  // POST start for all of them over `clients` connections; milliseconds that each call took.
  std::vector<double> start_all(int clients);
  void start_one(test::HttpClient& client, std::size_t tenant) const;
  [[nodiscard]] std::string status_path(std::size_t tenant) const;
  [[nodiscard]] test::HttpClient::Headers headers() const;

  // Runs that are not finished, as the database says.
  [[nodiscard]] int unfinished();
  [[nodiscard]] int completed();
  void wait_until_finished();  // throws after two minutes

  [[nodiscard]] std::string log_file() const { return folder_ / "steps.log"; }
  [[nodiscard]] std::string folder() const { return folder_.path().string(); }
  [[nodiscard]] const std::string& database() const { return database_; }  // a file, or a URL
  [[nodiscard]] std::uint16_t port() const { return host_->port(); }
  [[nodiscard]] pid_t pid() const { return host_->pid(); }
  [[nodiscard]] const std::string& token() const { return token_; }
  [[nodiscard]] double cpu_seconds() const;  // of the host, its engines and its database server
  [[nodiscard]] double memory() const;

 private:
  [[nodiscard]] int number(const std::string& sql);

  test::TempDir folder_;
  std::string engine_;
  std::unique_ptr<test::Postgres> server_;
  std::string database_;
  std::unique_ptr<Look> look_;  // one for all questions: what looks on must not cost what is measured
  std::unique_ptr<test::Process> host_;
  std::string token_;
  std::vector<std::string> tenants_;
};

}  // namespace tenantry::bench
