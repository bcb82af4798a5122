// Every row of the failure matrix on SQLite and on PostgreSQL, with each ERP: the run completes, each object is in the
// ERP once, no step is done twice, no event is missing.
#include <deque>
#include <iomanip>
#include <iostream>

#include "matrix.hpp"
#include "support/catch.hpp"

using namespace tenantry::system;
using namespace std::chrono_literals;

namespace {

struct Outcome {
  const MatrixRow* row = nullptr;
  Database database{};
  std::string problem;  // empty: all is well
  std::string tenant;
  bool skipped = false;
  long long recovery_ms = 0;
};

void carry_out(Erp& erp, Checker& checker, Outcome& outcome) {
  Cell cell(erp, outcome.database);
  try {
    if (!outcome.row->act(cell)) {
      outcome.skipped = true;
      return;
    }
    cell.expect_completed();
    outcome.recovery_ms = cell.recovery_ms();
    // A host that shares the store may lose its lease on a slow machine, and the next one needs another attempt.
    if (outcome.row->attempts && !cell.is_shared()) cell.expect_attempts(*outcome.row->attempts);
    outcome.problem = checker.check(cell.records(), {cell.tenant()});
  } catch (const std::exception& error) {
    outcome.problem = error.what();
  }
  outcome.tenant = cell.tenant();
}

// A tenant that nobody disturbs, in the same ERP.
std::string undisturbed(Erp& erp) {
  Cell cell(erp, Database::kSqlite);
  cell.begin();
  cell.hosts().start_run(cell.tenant());
  cell.expect_completed();
  return cell.tenant();
}

void run_matrix(const Product& product) {
  Erp erp(product);
  (void)tenantry::test::Postgres::shared();  // ends with the thread that starts it
  const auto like = undisturbed(erp);
  std::deque<Outcome> outcomes;
  for (const auto& row : matrix())
    for (const auto database : {Database::kSqlite, Database::kPostgres})
      outcomes.push_back({&row, database, {}, {}, false, 0});
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 5; ++i)
    threads.emplace_back([&] {
      Checker checker(erp, like);
      for (auto at = next++; at < outcomes.size(); at = next++) carry_out(erp, checker, outcomes[at]);
    });
  for (auto& thread : threads) thread.join();

  std::cout << "\n"
            << product.title << ": ms from the end of the trouble to the end of the run\n     SQLite  PostgreSQL\n";
  std::vector<std::string> tenants{like};
  for (const auto& outcome : outcomes) {
    const auto* store = outcome.database == Database::kSqlite ? "SQLite" : "PostgreSQL";
    const auto shown = outcome.skipped           ? "needs root"
                       : outcome.problem.empty() ? std::to_string(outcome.recovery_ms)
                                                 : "FAILED";
    std::cout << std::setw(outcome.database == Database::kSqlite ? 11 : 12) << shown;
    if (outcome.database == Database::kPostgres) std::cout << "  " << outcome.row->what << "\n";
    INFO(outcome.row->what << " on " << store << ": " << outcome.problem);
    CHECK(outcome.problem.empty());
    CHECK(outcome.recovery_ms < Cell::kLease + 30'000);
    tenants.push_back(outcome.tenant);
  }
  CHECK(Checker(erp, like).check_databases(tenants) == "");
}

}  // namespace

TEST_CASE("the failure matrix: ERPNext") { run_matrix(erpnext()); }

TEST_CASE("the failure matrix: Odoo") { run_matrix(odoo()); }

TEST_CASE("the failure matrix: the page shows the rows that are tested") {
  const auto file = std::filesystem::path(TENANTRY_ROOT) / "host/execution/README.md";
  std::ifstream in(file);
  const std::string page{std::istreambuf_iterator<char>(in), {}};
  const std::string open = "<!-- written by tests/system/matrix.test.cpp -->\n";
  const auto from = page.find(open);
  REQUIRE(from != std::string::npos);
  const auto to = page.find("<!-- end -->", from);
  REQUIRE(to != std::string::npos);
  if (std::getenv("TENANTRY_WRITE_PAGES") != nullptr)
    std::ofstream(file) << page.substr(0, from + open.size()) << matrix_page() << page.substr(to);
  else
    CHECK(page.substr(from + open.size(), to - from - open.size()) == matrix_page());
}
