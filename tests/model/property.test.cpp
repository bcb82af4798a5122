#include <algorithm>

#include "model/simulation.hpp"
#include "support/catch.hpp"

namespace test = tenantry::model::test;

TEST_CASE("20,000 random graphs, failures, crashes and commands keep every promise") {
  for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
    const auto broken = test::simulate(seed);
    INFO("seed " << seed << ": " << broken);
    REQUIRE(broken.empty());
  }
  CHECK(test::moves_missed(false) == "");
}

TEST_CASE("a history that breaks a promise is told in its smallest form") {
  std::vector<std::uint32_t> choices(300);
  for (std::size_t i = 0; i < choices.size(); ++i) choices[i] = static_cast<std::uint32_t>(i);
  const auto least = test::shrink(choices, [](const std::vector<std::uint32_t>& tried) -> std::string {
    const auto at = std::find(tried.begin(), tried.end(), 77U);
    return at != tried.end() && std::find(at, tried.end(), 200U) != tried.end() ? "77 before 200" : "";
  });
  CHECK(least.promise == "77 before 200");
  CHECK(least.choices == std::vector<std::uint32_t>{77, 200});
}
