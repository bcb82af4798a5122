// Which events can be relied on to be complete, told from what one snapshot after the other shows.
#include "store/frontier.hpp"

#include <vector>

#include "support/catch.hpp"

using namespace tenantry;
using store::Frontier;
using store::OpenWriters;

namespace {

constexpr base::Time kNow{base::Millis{1'000'000}};
using Ids = std::vector<std::int64_t>;

Frontier begun(std::int64_t newest) {
  Frontier frontier;
  REQUIRE(frontier.begin(newest, {}, kNow));
  return frontier;
}

}  // namespace

TEST_CASE("a gap is not taken for dead at first sight, although no transaction is known to be open") {
  auto frontier = begun(10);
  CHECK(frontier.advance(Ids{11, 12, 15}, {60, 60}, kNow) == 2);
  CHECK(frontier.in_doubt());
  SECTION("at the second it is") { CHECK(frontier.advance(Ids{15, 16}, {61, 61}, kNow) == 2); }
  SECTION("at the second it is filled") { CHECK(frontier.advance(Ids{13, 14, 15}, {61, 61}, kNow) == 3); }
  CHECK_FALSE(frontier.in_doubt());
}

TEST_CASE("a store that commits ids in their order has no open writers") {
  Frontier frontier;
  REQUIRE(frontier.begin(0, {}, kNow));
  CHECK(frontier.advance(Ids{3, 4, 9}, {}, kNow) == 3);
}

TEST_CASE("ids without a gap are settled whoever writes") {
  auto frontier = begun(10);
  CHECK(frontier.advance(Ids{11, 12, 13}, {40, 60}, kNow) == 3);
  CHECK_FALSE(frontier.in_doubt());
}

TEST_CASE("a gap is waited for as long as a transaction from before it may fill it") {
  auto frontier = begun(10);
  CHECK(frontier.advance(Ids{11, 13, 14}, {40, 60}, kNow) == 1);
  CHECK(frontier.settled() == 11);
  CHECK(frontier.in_doubt());
  SECTION("it is filled") {
    CHECK(frontier.advance(Ids{12, 13, 14, 15}, {45, 70}, kNow) == 4);
    CHECK_FALSE(frontier.in_doubt());
  }
  SECTION("it is not, although some transactions have ended") {
    CHECK(frontier.advance(Ids{13, 14, 15}, {59, 70}, kNow) == 0);
    CHECK(frontier.advance(Ids{13, 14, 15}, {59, 90}, kNow) == 0);
  }
  SECTION("all that were open then have ended: it was rolled back; what showed later is another matter") {
    CHECK(frontier.advance(Ids{13, 14, 16, 17}, {60, 90}, kNow) == 2);
    CHECK(frontier.settled() == 14);
    CHECK(frontier.advance(Ids{16, 17}, {89, 95}, kNow) == 0);
    CHECK(frontier.advance(Ids{15, 16, 17}, {89, 95}, kNow) == 3);
  }
  SECTION("a transaction that goes on for ever holds nobody up for ever") {
    CHECK(frontier.advance(Ids{13, 14}, {40, 90}, kNow + base::Millis{59'000}) == 0);
    CHECK(frontier.advance(Ids{13, 14}, {40, 90}, kNow + base::Millis{61'000}) == 2);
  }
}

TEST_CASE("the beginning waits for whoever may still write below it") {
  Frontier frontier;
  CHECK_FALSE(frontier.begin(10, {40, 60}, kNow));
  CHECK_FALSE(frontier.begin(25, {59, 70}, kNow));
  CHECK(frontier.begin(30, {60, 80}, kNow));
  CHECK(frontier.settled() == 10);
  CHECK(frontier.advance(Ids{11, 12}, {60, 80}, kNow) == 2);
}
