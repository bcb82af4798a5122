// A random world for the heart of the host: a random graph, random ends of calls, crashes and commands, and after each
// fact the promises of the model are checked. One seed is one history; the same seed is the same history.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "model/advance.hpp"

namespace tenantry::model::test {

// Hears of each change: the run after it, and the change.
using Seen = std::function<void(const Run& after, const Change& change)>;

// Empty if every promise held; otherwise which one did not, where, and the smallest history found that breaks one.
[[nodiscard]] std::string simulate(std::uint64_t seed, const Seen& seen = {});

// The moves in model/rules.hpp that no history so far has made: a row that never happens is a promise nobody needs.
// Those of steps include rare ones, which take some 100,000 histories.
[[nodiscard]] std::string moves_missed(bool of_steps);

// The same for a history whose every choice is given: the tests of the shrinking use it.
struct Shrunk {
  std::string promise;
  std::vector<std::uint32_t> choices;
};
[[nodiscard]] Shrunk shrink(std::vector<std::uint32_t> choices,
                            const std::function<std::string(const std::vector<std::uint32_t>&)>& broken);

}  // namespace tenantry::model::test
