// Ten minutes (or TENANTRY_CHAOS_SECONDS) of everything that can go wrong; TENANTRY_CHAOS_SEED makes the same choices
// as an earlier run, which printed it.
#include "chaos.hpp"

#include <cstdlib>

#include "support/catch.hpp"

TEST_CASE("chaos") {
  const char* length = std::getenv("TENANTRY_CHAOS_SECONDS");
  const char* given = std::getenv("TENANTRY_CHAOS_SEED");
  const unsigned seed =
      given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
  std::cout << "seed " << seed << std::endl;
  const auto report =
      tenantry::system::Chaos(seed, std::chrono::seconds(length != nullptr ? std::atoi(length) : 600)).run();
  std::cout << report;
  CHECK(report.problems.empty());
}
