#include "catalog/versions.hpp"

#include "support/catch.hpp"

namespace tenantry::catalog {
namespace {

TEST_CASE("versions are compared by their numbers") {
  CHECK(compare_versions("1.10.0", "1.9.9") > 0);
  CHECK(compare_versions("1.0.0", "1.0.0") == 0);
  CHECK(compare_versions("1.0.0-rc.1", "1.0.0") < 0);
  CHECK(compare_versions("1.0.0-rc.2", "1.0.0-rc.10") < 0);
  CHECK(compare_versions("1.0.0-alpha", "1.0.0-alpha.1") < 0);
  CHECK(compare_versions("1.0.0-1", "1.0.0-alpha") < 0);
  CHECK(compare_versions("1.0.0+a", "1.0.0+b") == 0);
  CHECK(compare_versions("2.0.0", "10000000000000000000000.0.0") < 0);
}

TEST_CASE("a version before its release is known by its dash") {
  CHECK(is_released("1.0.0"));
  CHECK(is_released("1.0.0+build-7"));
  CHECK_FALSE(is_released("1.0.0-dev"));
}

}  // namespace
}  // namespace tenantry::catalog
