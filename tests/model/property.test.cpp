#include "model/simulation.hpp"
#include "support/catch.hpp"

TEST_CASE("10,000 random graphs, failures, crashes and commands keep every promise") {
  for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
    const auto broken = tenantry::model::test::simulate(seed);
    INFO("seed " << seed << ": " << broken);
    REQUIRE(broken.empty());
  }
}
