// Ten minutes (or TENANTRY_CHAOS_SECONDS) of everything that can go wrong, with TENANTRY_CHAOS_ERP (erpnext, which is
// the default, or odoo) on TENANTRY_CHAOS_STORE (postgresql, which is the default, or sqlite). TENANTRY_CHAOS_SEED
// makes the same choices as an earlier run, which printed it.
#include "chaos.hpp"

#include <cstdlib>

#include "support/catch.hpp"

using namespace tenantry::system;

namespace {

std::string given(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

}  // namespace

TEST_CASE("chaos") {
  const auto seconds = std::stoi(given("TENANTRY_CHAOS_SECONDS", "600"));
  const auto seed =
      static_cast<unsigned>(std::stoul(given("TENANTRY_CHAOS_SEED", std::to_string(std::random_device{}()))));
  const auto product = given("TENANTRY_CHAOS_ERP", "erpnext") == "odoo" ? odoo() : erpnext();
  const auto database =
      given("TENANTRY_CHAOS_STORE", "postgresql") == "sqlite" ? Database::kSqlite : Database::kPostgres;
  std::cout << product.title << " on " << (database == Database::kSqlite ? "SQLite" : "PostgreSQL") << ", seed " << seed
            << std::endl;
  const auto report = Chaos(seed, std::chrono::seconds(seconds), product, database).run();
  std::cout << report;
  CHECK(report.problems == "");
}
