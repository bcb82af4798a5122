// What tests/system/hot.test.cpp does briefly: an engine is replaced 1,000 times, or as often as HOT_SOAK says, while
// runs are started all the time.
#include <cstdlib>

#include "hot.hpp"

TEST_CASE("an engine is replaced again and again under load: no run is lost, and nothing is left behind") {
  const char* times = std::getenv("HOT_SOAK");
  tenantry::system::Moving moving;
  CHECK(moving.replace_under_load(times != nullptr ? std::atoi(times) : 1'000) == "");
}
