#include "http/serving.hpp"

#include "http/problem.hpp"

using namespace tenantry;
using namespace tenantry::http;

namespace {

Router small() {
  Router router;
  router.add(Method::kGet, "/hello", echo, {Where::kIoThread, 0});
  router.add(Method::kPost, "/echo", echo);
  router.add(Method::kPost, "/echo/now", echo, {Where::kIoThread});
  router.add(Method::kPost, "/small", echo, {Where::kPool, 16});
  return router;
}

}  // namespace

TEST_CASE("a request is answered, and the connection stays") {
  Serving serving(small());
  auto client = serving.client();
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.get("/hello?n=" + std::to_string(i));
    CHECK(answer.status == 200);
    CHECK(answer.body == "GET /hello?n=" + std::to_string(i) + " ");
    CHECK(answer.header("Connection").empty());
    CHECK(answer.header("Server").empty());
    CHECK(answer.header("X-Content-Type-Options") == "nosniff");
    CHECK(answer.header("Cache-Control") == "no-store");
    CHECK(answer.header("Date").ends_with(" GMT"));
  }
  CHECK(client.post_json("/echo", "{}").body == "POST /echo {}");
  CHECK(client.post_json("/echo/now", "{}").body == "POST /echo/now {}");
  CHECK(serving.server.connections() == 1);
}
