// The property test of the model with as many histories as one likes: model_soak [cases] [first seed].
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "model/simulation.hpp"

int main(int count, char** arguments) {
  const std::uint64_t cases = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 100'000;
  const std::uint64_t first = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 1'000'000;
  for (std::uint64_t seed = first; seed < first + cases; ++seed) {
    const auto broken = tenantry::model::test::simulate(seed);
    if (broken.empty()) continue;
    std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), broken.c_str());
    return 1;
  }
  const auto missed = tenantry::model::test::moves_missed(true);
  if (!missed.empty()) std::printf("never seen: %s\n", missed.c_str());
  std::printf("%llu histories, every promise kept\n", static_cast<unsigned long long>(cases));
  return 0;
}
