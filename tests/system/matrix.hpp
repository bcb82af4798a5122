// The failure matrix: what can go wrong around one call, each on each kind of store and with each ERP. For
// matrix.test.cpp and the page of host/execution.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "checker.hpp"

namespace tenantry::system {

// One row on one store: hosts of its own, a tenant of its own in the common ERP. Throws what goes wrong.
class Cell {
 public:
  Cell(Erp& erp, Database database);
  ~Cell();
  Cell(const Cell&) = delete;
  Cell& operator=(const Cell&) = delete;

  static constexpr int kLease = 1'000;  // milliseconds

  // A server of its own rather than the common one, for what befalls the server.
  void own_server();
  // The store on a disk of its own that can be filled. false: that takes root.
  [[nodiscard]] bool small_disk();
  void fill_disk();
  void clear_disk();

  // The first host, with TENANTRY_FAULT, and the tenant's run. On PostgreSQL also a second host.
  void begin(const std::string& fault = {});
  // The rule hits the request that makes the step's object.
  std::string fault(json::object rule);
  void wait_until(const std::string& what, const std::function<bool()>& is_so, int seconds = 20);
  // The first host is dead. On SQLite its next life goes on; on PostgreSQL the second host does.
  void go_on(const std::string& fault = {});
  // The run has ended as it should; `since` the trouble was over.
  void expect_completed();
  void expect_attempts(int wanted);

  [[nodiscard]] bool is_shared() const { return database_ == Database::kPostgres; }
  [[nodiscard]] Cluster& hosts() { return *hosts_; }
  [[nodiscard]] Erp& erp() { return erp_; }
  [[nodiscard]] Records& records();
  [[nodiscard]] const std::string& tenant() const { return tenant_; }
  [[nodiscard]] test::Postgres& server() { return own_ ? *own_ : test::Postgres::shared(); }
  [[nodiscard]] std::string at_step(const std::string& what) const { return what + ":" + erp_.product.step; }
  void over() { over_ = std::chrono::steady_clock::now(); }
  [[nodiscard]] long long recovery_ms() const { return recovery_ms_; }

 private:
  Erp& erp_;
  const Database database_;
  test::TempDir disk_;
  bool mounted_ = false;
  std::unique_ptr<test::Postgres> own_;
  std::string name_;  // of the database
  std::unique_ptr<Cluster> hosts_;
  std::unique_ptr<Records> records_;
  std::string tenant_;
  std::chrono::steady_clock::time_point over_ = std::chrono::steady_clock::now();
  long long recovery_ms_ = 0;
};

struct MatrixRow {
  std::string what;
  std::string then;                  // how the run gets on
  std::function<bool(Cell&)> act;    // false: cannot be done here (root is needed)
  std::optional<int> attempts = {};  // that the step took
};

[[nodiscard]] const std::vector<MatrixRow>& matrix();

// The table as the page shows it, with a column for each ERP and store.
[[nodiscard]] std::string matrix_page();

}  // namespace tenantry::system
