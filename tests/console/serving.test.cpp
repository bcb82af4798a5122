// How the console is served: from memory, whole, and with nothing from elsewhere. No browser.
#include "console/console.hpp"
#include "console/embedded.hpp"
#include "http/server.hpp"
#include "support/catch.hpp"
#include "support/http_client.hpp"

using namespace tenantry;

namespace {

struct Serving {
  Serving() {
    http::Router router;
    console::add_routes(router);
    server = std::make_unique<http::Server>(http::Options{}, std::move(router));
    REQUIRE(server->start().has_value());
  }
  [[nodiscard]] test::HttpAnswer get(const std::string& path, const test::HttpClient::Headers& headers = {}) const {
    return test::HttpClient(server->port()).get(path, headers);
  }
  [[nodiscard]] static std::string file(const std::string& path) {
    return "/console/files/" + std::string(console::version()) + "/" + path;
  }
  std::unique_ptr<http::Server> server;
};

std::size_t times(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("the page is there under every address of the console, and allows nothing but its own files") {
  const Serving serving;
  for (const auto* path : {"/", "/console", "/console/", "/console/tenants?status=FAILED", "/console/tenants/ten_1"}) {
    CAPTURE(path);
    const auto page = serving.get(path);
    CHECK(page.status == 200);
    CHECK(page.header("Content-Type") == "text/html; charset=utf-8");
    CHECK(page.header("Cache-Control") == "no-cache");
    const auto policy = page.header("Content-Security-Policy");
    for (const auto* rule : {"default-src 'none'", "script-src 'self';", "style-src 'self';", "connect-src 'self';",
                             "img-src 'self' data:", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"})
      CHECK(policy.find(rule) != std::string::npos);
    CHECK(policy.find("unsafe") == std::string::npos);
    CHECK(page.body.find("{version}") == std::string::npos);
    CHECK(times(page.body, "<script") == 1);
    CHECK(times(page.body, "</script>") == times(page.body, "></script>"));
    CHECK(times(page.body, "<style") == 0);
    CHECK(times(page.body, " style=") == 0);
    CHECK(times(page.body, "http") == times(page.body, "http://www.w3.org/"));
  }
}

TEST_CASE("the page is asked for again but not sent again, its files are kept for ever") {
  const Serving serving;
  const auto tag = serving.get("/").header("ETag");
  REQUIRE_FALSE(tag.empty());
  const auto again = serving.get("/", {{"If-None-Match", tag}});
  CHECK(again.status == 304);
  CHECK(again.body.empty());
  CHECK(serving.get("/", {{"If-None-Match", "\"another\""}}).status == 200);

  const auto file = serving.get(Serving::file("main.js"));
  CHECK(file.status == 200);
  CHECK(file.header("Content-Type") == "text/javascript; charset=utf-8");
  CHECK(file.header("Cache-Control") == "public, max-age=31536000, immutable");
  CHECK(serving.get("/console/files/0000000000000000/main.js").status == 404);
  CHECK(serving.get(Serving::file("../../etc/passwd")).status == 404);
  CHECK(serving.get(Serving::file("nothing.js")).status == 404);
}

TEST_CASE("every file that the page names is there") {
  const Serving serving;
  const auto page = serving.get("/").body;
  std::size_t named = 0;
  for (auto at = page.find("/console/files/"); at != std::string::npos; at = page.find("/console/files/", at + 1)) {
    const auto path = page.substr(at, page.find('"', at) - at);
    CAPTURE(path);
    CHECK(serving.get(path).status == 200);
    ++named;
  }
  CHECK(named >= 30);
}

TEST_CASE("who takes gzip gets it, and the whole console is less than 150 kB of it") {
  const Serving serving;
  const auto zipped = serving.get(Serving::file("main.js"), {{"Accept-Encoding", "gzip, br"}});
  CHECK(zipped.header("Content-Encoding") == "gzip");
  CHECK(zipped.header("Vary") == "Accept-Encoding");
  CHECK(zipped.body.substr(0, 2) == "\x1f\x8b");
  CHECK(serving.get(Serving::file("main.js")).header("Content-Encoding").empty());
  std::size_t bytes = 0;
  std::size_t plain = 0;
  for (const auto& file : console::files()) {
    CAPTURE(std::string(file.path));
    CHECK(file.zipped.size() > 20);
    CHECK_FALSE(file.text.empty());
    bytes += file.zipped.size();
    plain += file.text.size();
  }
  WARN("the console is " << bytes << " bytes zipped, " << plain << " plain, in " << console::files().size()
                         << " files");
  CHECK(bytes < 150'000);
}

TEST_CASE("no script of the console writes markup or runs text") {
  for (const auto& file : console::files()) {
    CAPTURE(std::string(file.path));
    for (const auto* way : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"})
      CHECK(file.text.find(way) == std::string_view::npos);
  }
}
