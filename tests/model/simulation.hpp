// A random world for the heart of the host: a random graph, random ends of calls, crashes and commands, and after each
// fact the promises of the model are checked. One seed is one history; the same seed is the same history.
#pragma once
#include <cstdint>
#include <string>

namespace tenantry::model::test {

// Empty if every promise held; otherwise which one did not, and where.
[[nodiscard]] std::string simulate(std::uint64_t seed);

}  // namespace tenantry::model::test
