#include "pace/breaker.hpp"

#include "support/catch.hpp"

using namespace tenantry;
using namespace std::chrono_literals;
using pace::Breaker;
using pace::News;
using pace::Sign;

namespace {

const base::Time kStart = base::from_millis(1'800'000'000'000);
constexpr bool kProbe = true;
constexpr bool kOther = false;

Breaker opened() {
  Breaker breaker({3, 4s, 10s});
  CHECK(breaker.hear(Sign::kUnreachable, kOther, kStart, 0.0) == News::kNone);
  CHECK(breaker.hear(Sign::kUnreachable, kOther, kStart, 0.0) == News::kNone);
  CHECK(breaker.hear(Sign::kUnreachable, kOther, kStart, 0.0) == News::kOpened);
  return breaker;
}

}  // namespace

TEST_CASE("a breaker opens after so many transport failures in a row, and says so once") {
  auto breaker = opened();
  CHECK_FALSE(breaker.is_closed());
  for (int i = 0; i < 100; ++i) CHECK(breaker.hear(Sign::kUnreachable, kOther, kStart + 1s, 0.0) == News::kNone);
  CHECK(breaker.next(kStart + 1s) == kStart + 2s);  // and what was under way changes nothing
}

TEST_CASE("any answer in between begins the count anew; what says nothing of the server does not") {
  Breaker breaker({2, 4s, 10s});
  CHECK(breaker.hear(Sign::kUnreachable, kOther, kStart, 0.0) == News::kNone);
  SECTION("an answer") {
    CHECK(breaker.hear(Sign::kAnswered, kOther, kStart, 0.0) == News::kNone);
    CHECK(breaker.hear(Sign::kUnreachable, kOther, kStart, 0.0) == News::kNone);
    CHECK(breaker.is_closed());
  }
  SECTION("nothing") {
    CHECK(breaker.hear(Sign::kNothing, kOther, kStart, 0.0) == News::kNone);
    CHECK(breaker.hear(Sign::kUnreachable, kOther, kStart, 0.0) == News::kOpened);
  }
}

TEST_CASE("a breaker that is switched off never opens") {
  Breaker breaker({0, 4s, 10s});
  for (int i = 0; i < 100; ++i) CHECK(breaker.hear(Sign::kUnreachable, kOther, kStart, 0.0) == News::kNone);
  CHECK(breaker.next(kStart) == kStart);
}

TEST_CASE("one probe at a time") {
  auto breaker = opened();
  CHECK(breaker.next(kStart) == kStart + 2s);
  CHECK(breaker.next(kStart + 2s) <= kStart + 2s);
  CHECK(breaker.sent());
  CHECK(breaker.next(kStart + 2s) == base::Time::max());
  CHECK(breaker.next(kStart + 1h) == base::Time::max());
  CHECK(breaker.hear(Sign::kAnswered, kOther, kStart + 3s, 0.0) == News::kNone);  // sent before it opened
  CHECK_FALSE(breaker.is_closed());
  CHECK(breaker.hear(Sign::kAnswered, kProbe, kStart + 3s, 0.0) == News::kClosed);
  CHECK(breaker.is_closed());
  CHECK_FALSE(breaker.sent());
  CHECK(breaker.hear(Sign::kUnreachable, kOther, kStart + 3s, 0.0) == News::kNone);  // counts from nothing
  CHECK(breaker.hear(Sign::kUnreachable, kOther, kStart + 3s, 0.0) == News::kNone);
  CHECK(breaker.hear(Sign::kUnreachable, kOther, kStart + 3s, 0.0) == News::kOpened);
}

TEST_CASE("pauses between probes double up to a cap, each with its jitter") {
  auto breaker = opened();
  auto now = kStart + 2s;
  for (const auto pause : {8s, 10s, 10s}) {
    const double random = GENERATE(0.0, 0.999);
    CHECK(breaker.sent());
    CHECK(breaker.hear(Sign::kUnreachable, kProbe, now, random) == News::kNone);
    const auto wait = breaker.next(now) - now;
    CHECK(wait >= pause / 2);
    CHECK(wait <= pause);
    if (random > 0.9) CHECK(wait > pause * 9 / 10);
    now = breaker.next(now);
  }
}

TEST_CASE("a probe that was never made, or says nothing, makes room for another one at once") {
  auto breaker = opened();
  CHECK(breaker.sent());
  SECTION("never made") { breaker.dropped(kStart + 2s); }
  SECTION("says nothing") { CHECK(breaker.hear(Sign::kNothing, kProbe, kStart + 2s, 0.0) == News::kNone); }
  CHECK(breaker.next(kStart + 2s) <= kStart + 2s);
  CHECK(breaker.sent());
  CHECK(breaker.hear(Sign::kAnswered, kProbe, kStart + 3s, 0.0) == News::kClosed);
  breaker.dropped(kStart + 3s);  // it was heard already
  CHECK(breaker.is_closed());
}

TEST_CASE("a clock that is set back does not keep a breaker from probing") {
  const auto breaker = opened();
  CHECK(breaker.next(kStart - 1h) <= kStart - 1h);
}
