#include "pace/bucket.hpp"

#include "support/catch.hpp"

using namespace tenantry;
using namespace std::chrono_literals;
using pace::Bucket;

namespace {

const base::Time kStart = base::from_millis(1'800'000'000'000);

// Takes tokens as soon as there are any; how many until `end`, exclusively.
int taken(Bucket& bucket, base::Time from, base::Time end) {
  int count = 0;
  for (auto now = from; (now = std::max(now, bucket.next(now))) < end; ++count) bucket.take(now);
  return count;
}

}  // namespace

TEST_CASE("a bucket without a rate is always full") {
  Bucket bucket;
  for (int i = 0; i < 1'000; ++i) bucket.take(kStart);
  CHECK(bucket.next(kStart) == kStart);
}

TEST_CASE("tokens come at the rate, after a burst of what the bucket holds") {
  Bucket bucket(4, 10);
  CHECK(taken(bucket, kStart, kStart + 1ms) == 10);
  CHECK(bucket.next(kStart) == kStart + 250ms);
  CHECK(taken(bucket, kStart, kStart + 10s) == 39);  // at 250 ms, 500 ms, ...
  CHECK(taken(bucket, kStart + 1h, kStart + 1h + 1ms) == 10);
}

TEST_CASE("rates that are no whole number of milliseconds lose nothing over an hour") {
  const double rate = GENERATE(0.1, 0.7, 3.0, 7.3);
  Bucket bucket(rate, 1);
  const auto most = static_cast<int>(rate * 3'600);
  const auto found = taken(bucket, kStart, kStart + 1h);
  CAPTURE(rate);
  CHECK(found <= most + 1);
  CHECK(found >= most * 98 / 100);  // each token is late by less than a millisecond
}

TEST_CASE("a bucket holds one token at least") {
  Bucket bucket(0.5, 0.5);
  CHECK(bucket.next(kStart) == kStart);
  bucket.take(kStart);
  CHECK(bucket.next(kStart) == kStart + 2s);
}

TEST_CASE("a held bucket gives nothing until the hold is over, and then no burst") {
  Bucket bucket(2, 10);
  bucket.hold(kStart, 30s);
  CHECK(bucket.next(kStart) == kStart + 30s);
  CHECK(bucket.next(kStart + 29'999ms) == kStart + 30s);
  CHECK(taken(bucket, kStart, kStart + 30s) == 0);
  CHECK(taken(bucket, kStart + 30s, kStart + 30s + 1ms) == 1);
  CHECK(bucket.next(kStart + 30s) == kStart + 30'500ms);

  SECTION("also without a rate") {
    Bucket free;
    free.hold(kStart, 5s);
    CHECK(free.next(kStart) == kStart + 5s);
    CHECK(free.next(kStart + 5s) == kStart + 5s);
  }
  SECTION("a shorter hold does not end a longer one, a longer one prolongs it") {
    bucket.hold(kStart + 40s, 30s);
    bucket.hold(kStart + 41s, 1s);
    CHECK(bucket.next(kStart + 42s) == kStart + 70s);
    bucket.hold(kStart + 43s, 60s);
    CHECK(bucket.next(kStart + 43s) == kStart + 103s);
  }
}

TEST_CASE("a clock that is set back by an hour does not keep a bucket shut for an hour") {
  Bucket bucket(1, 1);
  bucket.take(kStart);
  CHECK(bucket.next(kStart - 1h) <= kStart - 1h + 1s);
  bucket.hold(kStart, 10s);
  CHECK(bucket.next(kStart - 1h) <= kStart - 1h + 1s);
}
