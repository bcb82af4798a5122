#include "http/router.hpp"

#include "support/catch.hpp"

using namespace tenantry::http;

namespace {

void nothing(const Request&, const Reply&) {}

Router some() {
  Router router;
  router.add(Method::kGet, "/", nothing);
  router.add(Method::kGet, "/api/tenants", nothing);
  router.add(Method::kPost, "/api/tenants", nothing);
  router.add(Method::kGet, "/api/tenants/{id}", nothing);
  router.add(Method::kDelete, "/api/tenants/{id}", nothing);
  router.add(Method::kPost, "/api/tenants/{id}/start", nothing);
  router.add(Method::kPost, "/api/tenants/bulk", nothing);
  router.add(Method::kGet, "/api/{area}/x/{id}", nothing);
  router.add(Method::kGet, "/assets/{path...}", nothing);
  return router;
}

std::string where(const Router& router, Method method, std::string_view path) {
  const auto match = router.match(method, path);
  return match.route != nullptr ? match.route->pattern : match.allow.empty() ? "404" : "405 " + match.allow;
}

}  // namespace

TEST_CASE("a path finds its route") {
  const auto router = some();
  CHECK(where(router, Method::kGet, "/") == "/");
  CHECK(where(router, Method::kGet, "/api/tenants") == "/api/tenants");
  CHECK(where(router, Method::kGet, "/api/tenants/t1") == "/api/tenants/{id}");
  CHECK(where(router, Method::kHead, "/api/tenants/t1") == "/api/tenants/{id}");
  CHECK(where(router, Method::kPost, "/api/tenants/t1/start") == "/api/tenants/{id}/start");
  CHECK(where(router, Method::kPost, "/api/tenants/bulk") == "/api/tenants/bulk");
  CHECK(where(router, Method::kPost, "/api/tenants/bulk/start") == "/api/tenants/{id}/start");
  CHECK(where(router, Method::kGet, "/api/tenants/x/9") == "/api/{area}/x/{id}");
  CHECK(where(router, Method::kGet, "/assets/a/b.js") == "/assets/{path...}");
}

TEST_CASE("a path without a route is 404, one with other methods 405") {
  const auto router = some();
  for (const auto* path : {"/api", "/api/", "/api/tenants/", "//", "/api//tenants", "/api/tenants/t1/start/", "/API",
                           "/api/tenants/t1/stop", "/assets", ""})
    CHECK(where(router, Method::kGet, path) == "404");
  CHECK(where(router, Method::kPut, "/api/tenants") == "405 GET, HEAD, POST, OPTIONS");
  CHECK(where(router, Method::kOther, "/") == "405 GET, HEAD, OPTIONS");
  CHECK(where(router, Method::kGet, "/api/tenants/bulk") == "405 POST, OPTIONS");
  CHECK(where(router, Method::kOptions, "/api/tenants/t1") == "405 GET, HEAD, DELETE, OPTIONS");
}

TEST_CASE("parameters are decoded after the path was cut") {
  const auto router = some();
  const auto param = [&](std::string_view path) { return Router::params(router.match(Method::kGet, path)); };
  CHECK(param("/api/tenants/a%2Fb%20c").value() == Fields{{"id", "a/b c"}});
  CHECK(param("/api/b/x/%C3%A4").value() == Fields{{"area", "b"}, {"id", "ä"}});
  CHECK(param("/assets/a/%62.js").value() == Fields{{"path", "a/b.js"}});
  for (const auto* bad : {"/api/tenants/%", "/api/tenants/%4", "/api/tenants/%zz", "/api/tenants/%00",
                          "/api/tenants/%ff", "/api/tenants/%C3"})
    CHECK(param(bad).error().code == "http.encoding");
}

TEST_CASE("a route that cannot be meant is a mistake of ours, found at the start") {
  auto router = some();
  const auto refused = [&](Method method, const char* pattern) {
    try {
      router.add(method, pattern, nothing);
    } catch (const std::logic_error&) {
      return true;
    }
    return false;
  };
  CHECK(refused(Method::kGet, ""));
  CHECK(refused(Method::kGet, "api"));
  CHECK(refused(Method::kGet, "/api/{id"));
  CHECK(refused(Method::kGet, "/api/x{id}"));
  CHECK(refused(Method::kGet, "/{path...}/x"));
  CHECK(refused(Method::kGet, "/api/tenants/{other}"));
  CHECK(refused(Method::kHead, "/head"));
  CHECK(router.routes().size() == 9);
}

TEST_CASE("a path of nothing but slashes is just not found") {
  // Fails (stack overflow) with a router that recurses per character, as Pistache's std::regex does.
  const auto router = some();
  CHECK(where(router, Method::kGet, std::string(1'000'000, '/')) == "404");
  std::string deep = "/assets";
  for (int i = 0; i < 100'000; ++i) deep += "/a";
  CHECK(where(router, Method::kGet, deep) == "/assets/{path...}");
}
