#include "pace/limits.hpp"

#include "support/catch.hpp"

using namespace tenantry;
using namespace std::chrono_literals;
using model::FailureClass;
using model::Outcome;
using model::WaitReason;
using pace::Keys;
using pace::Limits;
using pace::News;
using pace::Sign;
using pace::sign_of;

namespace {

const base::Time kNow = base::from_millis(1'800'000'000'000);

model::StepReport report(Outcome outcome, std::optional<FailureClass> cause = {}, base::Millis after = {},
                         std::string code = "test.cause") {
  model::StepReport made;
  made.outcome = outcome;
  made.retry_after = after;
  if (cause) made.failure = model::Failure{*cause, std::move(code), "no", {}, {}};
  return made;
}

Keys keys(std::string tenant, std::string server = "erp", std::string engine = "e", std::string exclusive = {}) {
  return {std::move(engine), std::move(server), std::move(tenant), std::move(exclusive)};
}

// How many steps of this kind may still start; they are given back.
int room(Limits& limits, Keys wanted, base::Time now = kNow, bool many_tenants = true) {
  std::vector<Keys> taken;
  for (;;) {
    if (many_tenants) wanted.tenant = "t" + std::to_string(taken.size());
    if (limits.take(wanted, now) != WaitReason::kNone) break;
    taken.push_back(wanted);
  }
  for (const auto& one : taken) limits.give_back(one, now);
  return static_cast<int>(taken.size());
}

}  // namespace

TEST_CASE("of all limits the strictest wins, and none is held after it was given back") {
  pace::Options options;
  options.host = 20;
  options.per_engine = 15;
  options.per_tenant = 3;
  options.any_server.concurrency = 10;
  options.server["small"].concurrency = 5;
  Limits limits(options);
  for (int again = 0; again < 2; ++again) {
    CHECK(room(limits, keys("t", "small")) == 5);
    CHECK(room(limits, keys("t", "erp")) == 10);
    CHECK(room(limits, keys("t", "")) == 15);
    CHECK(room(limits, keys("t", "erp"), kNow, false) == 3);
    CHECK(room(limits, keys("t", "erp", "e", "name")) == 1);
  }
  std::vector<Keys> other;
  for (int i = 0; i < 12; ++i) {
    auto one = keys("o" + std::to_string(i), "s" + std::to_string(i), "other");
    CHECK(limits.take(one, kNow) == WaitReason::kNone);
    other.push_back(one);
  }
  CHECK(room(limits, keys("t", "erp")) == 8);  // the host's
  CHECK(limits.running() == 12);
  for (const auto& one : other) limits.give_back(one, kNow);
  CHECK(limits.running() == 0);
}

TEST_CASE("a step that may not start takes nothing") {
  pace::Options options;
  options.any_server.concurrency = 2;
  Limits limits(options);
  auto first = keys("a", "erp", "e", "name");
  CHECK(limits.take(first, kNow) == WaitReason::kNone);
  for (int i = 0; i < 10; ++i) {
    auto second = keys("b", "erp", "e", "name");
    CHECK(limits.take(second, kNow) == WaitReason::kExclusive);
  }
  CHECK_FALSE(limits.is_free("name"));
  auto third = keys("c");
  CHECK(limits.take(third, kNow) == WaitReason::kNone);
  limits.give_back(first, kNow);
  CHECK(limits.is_free("name"));
}

TEST_CASE("steps start at the server's rate; what waits for it is not counted as running") {
  pace::Options options;
  options.server["erp"].rate = 10;
  options.server["erp"].burst = 2;
  Limits limits(options);
  CHECK(room(limits, keys("t")) == 2);
  const auto found = limits.obstacle("e", "erp", kNow);
  CHECK(found.reason == WaitReason::kRateLimit);
  CHECK(found.until == kNow + 100ms);
  CHECK(limits.obstacle("e", "other", kNow).reason == WaitReason::kNone);
  CHECK(limits.running() == 0);
  CHECK(room(limits, keys("t"), found.until) == 1);
}

TEST_CASE("a server that refuses by rate is left alone by all, for as long as it says and within the cap") {
  pace::Options options;
  options.pause = 2s;
  options.longest_pause = 1min;
  Limits limits(options);
  auto one = keys("t");
  REQUIRE(limits.take(one, kNow) == WaitReason::kNone);
  base::Millis until{0};
  SECTION("as it says") {
    CHECK(limits.hear(one, report(Outcome::kRetry, FailureClass::kRateLimited, 7s), kNow, 0) == News::kNone);
    until = 7s;
  }
  SECTION("not longer than the cap") {
    CHECK(limits.hear(one, report(Outcome::kRetry, FailureClass::kRateLimited, 24h), kNow, 0) == News::kNone);
    until = 1min;
  }
  SECTION("a little while, if it does not say") {
    CHECK(limits.hear(one, report(Outcome::kRetry, FailureClass::kRateLimited), kNow, 0) == News::kNone);
    until = 2s;
  }
  limits.give_back(one, kNow);
  CHECK(limits.obstacle("e", "erp", kNow).reason == WaitReason::kRateLimit);
  CHECK(limits.obstacle("e", "erp", kNow).until == kNow + until);
  CHECK(limits.obstacle("e", "other", kNow).reason == WaitReason::kNone);
  CHECK(limits.obstacle("e", "erp", kNow + until).reason == WaitReason::kNone);
  CHECK(limits.answers("erp"));
}

TEST_CASE("what a report says about the server") {
  CHECK(sign_of(report(Outcome::kDone)) == Sign::kAnswered);
  CHECK(sign_of(report(Outcome::kDrifted)) == Sign::kAnswered);
  CHECK(sign_of(report(Outcome::kWait, FailureClass::kEngineUnavailable)) == Sign::kAnswered);
  CHECK(sign_of(report(Outcome::kFailed, FailureClass::kForbidden)) == Sign::kAnswered);
  CHECK(sign_of(report(Outcome::kRetry, FailureClass::kRateLimited)) == Sign::kAnswered);
  CHECK(sign_of(report(Outcome::kRetry, FailureClass::kEngineUnavailable)) == Sign::kUnreachable);
  CHECK(sign_of(report(Outcome::kFailed, FailureClass::kEngineUnavailable)) == Sign::kUnreachable);
  CHECK(sign_of(report(Outcome::kRetry, FailureClass::kTimeout)) == Sign::kUnreachable);
  CHECK(sign_of(report(Outcome::kRetry, FailureClass::kTimeout, {}, "host.deadline")) == Sign::kNothing);
  CHECK(sign_of(report(Outcome::kRetry, FailureClass::kEngineUnavailable, {}, "host.engine_busy")) == Sign::kNothing);
  CHECK(sign_of(report(Outcome::kLost, FailureClass::kEngineUnavailable)) == Sign::kNothing);
  CHECK(sign_of(report(Outcome::kCancelled)) == Sign::kNothing);
}

TEST_CASE("a server that is down gets one probe at a time, whatever its limits allow") {
  pace::Options options;
  options.any_server.breaker = {3, 4s, 60s};
  Limits limits(options);
  std::vector<Keys> out(5, keys("t"));
  for (auto& one : out) REQUIRE(limits.take(one, kNow) == WaitReason::kNone);
  int opened = 0;
  for (const auto& one : out) {
    opened += limits.hear(one, report(Outcome::kRetry, FailureClass::kEngineUnavailable), kNow, 0) == News::kOpened;
    limits.give_back(one, kNow);
  }
  CHECK(opened == 1);
  CHECK_FALSE(limits.answers("erp"));
  CHECK(limits.obstacle("e", "erp", kNow).reason == WaitReason::kEngineUnavailable);
  CHECK(limits.obstacle("e", "erp", kNow).until == kNow + 2s);
  CHECK(limits.obstacle("e", "other", kNow).reason == WaitReason::kNone);

  const auto later = kNow + 2s;
  CHECK(room(limits, keys("t"), later) == 1);  // and it was dropped: there may be another
  auto probe = keys("t");
  REQUIRE(limits.take(probe, later) == WaitReason::kNone);
  CHECK(probe.probe);
  CHECK(limits.obstacle("e", "erp", later).until == base::Time::max());
  CHECK(limits.hear(probe, report(Outcome::kDone), later, 0) == News::kClosed);
  limits.give_back(probe, later);
  CHECK(limits.answers("erp"));
  CHECK(room(limits, keys("t"), later) == 8);
}

TEST_CASE("hosts that share servers have a part each of what those take, and at least one step") {
  pace::Options options;
  options.any_server.concurrency = 10;
  options.server["small"].concurrency = 2;
  options.server["slow"].rate = 6;
  options.server["slow"].burst = 6;
  options.server["slow"].concurrency = 100;
  Limits limits(options);
  CHECK(room(limits, keys("t")) == 10);
  CHECK(room(limits, keys("t", "small")) == 2);
  limits.share(3, kNow);
  CHECK(room(limits, keys("t")) == 3);
  CHECK(room(limits, keys("t", "small")) == 1);
  CHECK(room(limits, keys("t", "other")) == 3);  // one that was not used before
  CHECK(room(limits, keys("t", "slow")) == 2);
  CHECK(room(limits, keys("t", "slow"), kNow + 999ms) == 1);
  limits.share(1, kNow + 999ms);
  CHECK(room(limits, keys("t")) == 10);
  CHECK(room(limits, keys("t", "small")) == 2);
  CHECK(room(limits, keys("t", "slow"), kNow + 10s) == 6);
  limits.share(0, kNow);
  CHECK(room(limits, keys("t")) == 10);
}

TEST_CASE("a share that shrinks takes nothing from steps that are running") {
  pace::Options options;
  options.any_server.concurrency = 4;
  Limits limits(options);
  std::vector<Keys> running;
  for (int i = 0; i < 4; ++i) {
    running.push_back(keys("t" + std::to_string(i)));
    REQUIRE(limits.take(running.back(), kNow) == WaitReason::kNone);
  }
  limits.share(2, kNow);
  auto one = keys("other");
  for (std::size_t i = 0; i < running.size(); ++i) {
    CHECK(limits.take(one, kNow) == (i < 3 ? WaitReason::kSlot : WaitReason::kNone));
    if (i < 3) limits.give_back(running[i], kNow);
  }
}
