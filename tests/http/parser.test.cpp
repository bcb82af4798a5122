#include "http/parser.hpp"

#include <random>

#include "support/catch.hpp"

using namespace tenantry;
using namespace tenantry::http;
using namespace std::string_literals;

namespace {

constexpr ParserLimits kLimits{2048, 16384, 100};

struct Outcome {
  Parser::Step last = Parser::Step::kMore;
  std::string code;
  std::size_t consumed = 0;
  std::vector<std::string> targets;
  std::string bodies;
};

// Feeds `bytes` in pieces of `size`, as a connection would, and frames as many requests as there are.
Outcome feed(const std::string& bytes, std::size_t size, std::size_t body_limit = 1024) {
  Parser parser(kLimits);
  Outcome outcome;
  for (std::size_t end = std::min(size, bytes.size());; end = std::min(end + size, bytes.size())) {
    for (;;) {
      outcome.last = parser.advance(std::string_view(bytes).substr(0, end), outcome.consumed);
      if (outcome.last == Parser::Step::kHead) {
        parser.allow_body(body_limit);
        continue;
      }
      if (outcome.last != Parser::Step::kDone) break;
      outcome.targets.push_back(parser.head().target);
      outcome.bodies += parser.body() + "|";
      parser.reset();
      if (outcome.consumed == end) break;
    }
    if (outcome.last == Parser::Step::kBad) outcome.code = parser.error().code;
    if (outcome.last == Parser::Step::kBad || end == bytes.size()) return outcome;
  }
}

std::string with(const std::string& headers) { return "POST /x HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n"; }

}  // namespace

TEST_CASE("a request is framed the same however its bytes arrive") {
  const std::string bytes =
      "\r\nGET /a?b=c HTTP/1.1\r\nHost: example.org:80\r\nAccept: */*\r\n\r\n"
      "POST /b HTTP/1.1\r\nHost: [::1]:8080\r\nContent-Length: 5\r\n\r\nhello"
      "POST /c HTTP/1.1\r\nhost:a\r\ntransfer-encoding:chunked\r\n\r\n3;ext=1\r\nabc\r\n0A\r\n0123456789\r\n0\r\nT: "
      "x\r\n\r\n"
      "GET http://proxy.example/d HTTP/1.0\r\n\r\n";
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    CAPTURE(size);
    const auto outcome = feed(bytes, size);
    REQUIRE(outcome.last == Parser::Step::kDone);
    CHECK(outcome.targets == std::vector<std::string>{"/a?b=c", "/b", "/c", "/d"});
    CHECK(outcome.bodies == "|hello|abc0123456789||");
    CHECK(outcome.consumed == bytes.size());
  }
}

TEST_CASE("what can be read in two ways is refused") {
  const std::vector<std::pair<std::string, std::string>> refused{
      {"GET / HTTP/1.1\n", "http.malformed"},
      {"GET / HTTP/1.1\r\nHost: a\n", "http.malformed"},
      {"GET  / HTTP/1.1\r\n", "http.malformed"},
      {"GET / a HTTP/1.1\r\n", "http.malformed"},
      {"GET /\r\n", "http.malformed"},
      {"GET / HTTP/1.10\r\n", "http.malformed"},
      {"GET / http/1.1\r\n", "http.malformed"},
      {"GET / HTTP/2.0\r\n", "http.version"},
      {"GET a HTTP/1.1\r\n", "http.malformed"},
      {"GET * HTTP/1.1\r\n", "http.malformed"},
      {"GET /\x01 HTTP/1.1\r\n", "http.malformed"},
      {"GET /\xc3\xa4 HTTP/1.1\r\n", "http.malformed"},
      {"GET /#top HTTP/1.1\r\n", "http.malformed"},
      {"G@T / HTTP/1.1\r\n", "http.malformed"},
      {" GET / HTTP/1.1\r\n", "http.malformed"},
      {"\x16\x03\x01", "http.malformed"},
      {"\r\n\r\n\r\n\r\n\r\n", "http.malformed"},
      {"GET / HTTP/1.1\r\n\r\n", "http.malformed"},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "http.malformed"},
      {"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", "http.malformed"},
      {"GET / HTTP/1.1\r\nHost: a:70000\r\n\r\n", "http.malformed"},
      {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "http.malformed"},
      {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", "http.malformed"},
      {with("NoColon\r\n"), "http.malformed"},
      {with("Space : x\r\n"), "http.malformed"},
      {with(": x\r\n"), "http.malformed"},
      {with(" folded: x\r\n"), "http.malformed"},
      {with("A: x\r\n folded\r\n"), "http.malformed"},
      {with("A: x\ry\r\n"), "http.malformed"},
      {with("A: x\0y\r\n"s), "http.malformed"},
      {with("Content-Length: -5\r\n"), "http.malformed"},
      {with("Content-Length: +5\r\n"), "http.malformed"},
      {with("Content-Length: 5 5\r\n"), "http.malformed"},
      {with("Content-Length: 5, 5\r\n"), "http.malformed"},
      {with("Content-Length: 0x5\r\n"), "http.malformed"},
      {with("Content-Length: abc\r\n"), "http.malformed"},
      {with("Content-Length:\r\n"), "http.malformed"},
      {with("Content-Length: 99999999999999999999\r\n"), "http.malformed"},
      {with("Content-Length: 10000000000\r\n"), "http.body_too_large"},
      {with("Content-Length: 5\r\nContent-Length: 5\r\n"), "http.malformed"},
      {with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), "http.malformed"},
      {with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), "http.malformed"},
      {with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), "http.malformed"},
      {with("Transfer-Encoding: gzip\r\n"), "http.transfer_coding"},
      {with("Transfer-Encoding: gzip, chunked\r\n"), "http.transfer_coding"},
      {with("Transfer-Encoding: xchunked\r\n"), "http.transfer_coding"},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "http.malformed"},
      {with("Expect: miracles\r\n"), "http.expectation"},
      {with("Authorization: a\r\nAuthorization: b\r\n"), "http.malformed"},
      {with("Transfer-Encoding: chunked\r\n") + "-1\r\n", "http.malformed"},
      {with("Transfer-Encoding: chunked\r\n") + "\r\n", "http.malformed"},
      {with("Transfer-Encoding: chunked\r\n") + "xyz\r\n", "http.malformed"},
      {with("Transfer-Encoding: chunked\r\n") + "3\r\nabcd\r\n", "http.malformed"},
      {with("Transfer-Encoding: chunked\r\n") + "3\nabc", "http.malformed"},
      {with("Transfer-Encoding: chunked\r\n") + "FFFFFFFFF\r\n", "http.malformed"},
      {with("Transfer-Encoding: chunked\r\n") + "FFFFFFFF\r\n", "http.body_too_large"},
      {with("Transfer-Encoding: chunked\r\n") + "3;" + std::string(300, 'x'), "http.malformed"},
      {"GET /" + std::string(2048, 'a') + " HTTP/1.1\r\n", "http.target_too_long"},
      {"GET /" + std::string(9000, '/'), "http.target_too_long"},
      {with("A: " + std::string(17000, 'x')), "http.headers_too_large"},
      {with("A: " + std::string(9000, 'x') + "\r\nB: " + std::string(9000, 'x') + "\r\n"), "http.headers_too_large"},
  };
  for (const auto& [bytes, code] : refused) {
    CAPTURE(bytes.substr(0, 200));
    for (const std::size_t size : {bytes.size(), std::size_t{1}, std::size_t{7}}) {
      const auto outcome = feed(bytes, size);
      CHECK(outcome.last == Parser::Step::kBad);
      CHECK(outcome.code == code);
    }
  }
  std::string many;
  for (int i = 0; i < 100; ++i) many += "A: b\r\n";
  CHECK(feed(with(many), 4096).code == "http.headers_too_large");
}

TEST_CASE("limits are exact") {
  CHECK(feed("GET /" + std::string(2047, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 4096).targets.size() == 1);
  CHECK(feed(with("Content-Length: 1024\r\n") + std::string(1024, 'x'), 4096).targets.size() == 1);
  CHECK(feed(with("Content-Length: 1025\r\n"), 4096).code == "http.body_too_large");
  CHECK(feed(with("Transfer-Encoding: chunked\r\n") + "200\r\n" + std::string(512, 'x') + "\r\n201\r\n", 4096).code ==
        "http.body_too_large");
}

TEST_CASE("a connection stays only if both sides expect it to") {
  const auto keeps = [](const std::string& bytes) {
    Parser parser(kLimits);
    std::size_t consumed = 0;
    REQUIRE(parser.advance(bytes, consumed) == Parser::Step::kHead);
    return parser.head().keep_alive;
  };
  CHECK(keeps("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  CHECK(keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n"));
  CHECK(keeps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  CHECK_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  CHECK_FALSE(keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: foo , CLOSE\r\n\r\n"));
}

TEST_CASE("mutated requests never break the parser, and pieces never change its mind") {
  std::mt19937 random(7);  // NOLINT: the same mutations every time
  const std::vector<std::string> seeds{
      "GET /a/b?c=d HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nCookie: a=b\r\n\r\n",
      with("Content-Length: 11\r\nContent-Type: application/json\r\n") + "{\"a\":[1,2]}",
      with("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n"};
  const std::string specials = "\r\n\0 :;/%?#,-\xff\x80\t0123456789aF"s;
  int bad = 0;
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = seeds[random() % seeds.size()];
    for (std::size_t change = 0, changes = 1 + random() % 4; change < changes; ++change) {
      const auto at = random() % bytes.size();
      switch (random() % 4) {
        case 0:
          bytes[at] = specials[random() % specials.size()];
          break;
        case 1:
          bytes.insert(at, 1, specials[random() % specials.size()]);
          break;
        case 2:
          bytes.erase(at, 1 + random() % 3);
          break;
        default:
          bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 16));
      }
      if (bytes.empty()) bytes = "x";
    }
    const auto whole = feed(bytes, bytes.size());
    const auto pieces = feed(bytes, 1 + random() % 9);
    CAPTURE(bytes);
    if (whole.last != pieces.last || whole.code != pieces.code || whole.targets != pieces.targets ||
        whole.bodies != pieces.bodies)
      FAIL("pieces are read differently");
    bad += whole.last == Parser::Step::kBad ? 1 : 0;
  }
  CHECK(bad > 5'000);
  CHECK(bad < 19'000);
}
