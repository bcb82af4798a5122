#include "retention/pruner.hpp"

#include "database/sqlite.hpp"
#include "store/sample.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/manual_clock.hpp"

using namespace tenantry;
using namespace tenantry::testing;
using retention::Policy;
using retention::Pruner;

namespace {

base::Time at(std::int64_t millis) { return base::from_millis(1'800'000'000'000 + millis); }
void set(test::ManualClock& clock, base::Time now) { clock.advance(now - clock.now()); }
const store::HostLife kSelf{"host-a", "boot-1"};
const store::HostLife kOther{"host-b", "boot-1"};

// A store in which one tenant has had `runs` runs, one each second.
class Past {
 public:
  explicit Past(int runs) {
    database::SqliteOptions options;
    options.read_manifest = read_sample_manifest;
    auto opened = database::open_sqlite(":memory:", std::move(options));
    REQUIRE(opened.has_value());
    store_ = std::move(*opened);
    const Bench bench(*store_, 1);
    const auto manifest = sample_manifest("engine", 1);
    for (int i = 1; i <= runs; ++i) {
      auto [run, created] = sample_run("run_" + std::to_string(i), bench.tenant(0), manifest, at(i * 1'000));
      run.head.state = model::RunState::kCompleted;
      run.head.completed_at = at(i * 1'000);
      created.head = run.head;
      const store::RunWrite write{&run, &created, 1, true};
      REQUIRE(store_->write({&write, 1}, kSelf, at(1'000'000)).value().front() == store::Written::kDone);
    }
  }
  [[nodiscard]] store::Store& store() const { return *store_; }
  [[nodiscard]] bool has(int run) const {
    return store_->run(base::RunId("run_" + std::to_string(run))).value().has_value();
  }
  [[nodiscard]] std::size_t events() const { return store_->look_at_events(0, 10'000).value().events.size(); }

 private:
  std::unique_ptr<store::Store> store_;
};

}  // namespace

TEST_CASE("what is older than the policy wants it is deleted, and nothing else") {
  const Past past(10);
  test::ManualClock clock;
  set(clock, at(10'500));
  Policy policy;
  SECTION("everything is kept") {
    Pruner pruner(past.store(), clock, kSelf, policy);
    CHECK_FALSE(pruner.look().value().any());
    CHECK(past.has(1));
    CHECK(past.events() == 10);
  }
  SECTION("events") {
    policy.events = base::Millis{4'000};
    Pruner pruner(past.store(), clock, kSelf, policy);
    CHECK(pruner.look().value().events == 6);
    CHECK(past.has(1));
    CHECK(past.events() == 4);
    CHECK_FALSE(pruner.look().value().any());
    set(clock, at(12'000));
    CHECK(pruner.look().value().events == 1);
  }
  SECTION("runs") {
    policy.runs = base::Millis{4'000};
    Pruner pruner(past.store(), clock, kSelf, policy);
    const auto counts = pruner.look().value();
    CHECK(counts.runs == 6);
    CHECK(counts.events == 0);
    CHECK_FALSE(past.has(6));
    CHECK(past.has(7));
    set(clock, at(1'000'000));
    CHECK(pruner.look().value().runs == 0);  // no host lives: nobody acts
    REQUIRE(past.store().renew_leases(kSelf, at(2'000'000)).has_value());
    CHECK(pruner.look().value().runs == 3);
    CHECK(past.has(10));
  }
}

TEST_CASE("beside an elder host nothing is deleted") {
  const Past past(3);
  test::ManualClock clock;
  set(clock, at(10'000));
  REQUIRE(past.store().renew_leases(kOther, at(1'000'000)).has_value());
  Pruner younger(past.store(), clock, kOther, {base::Millis{1}, base::Millis{1}, {}});
  CHECK_FALSE(younger.look().value().any());
  CHECK(past.events() == 3);
}

TEST_CASE("more than one helping is deleted in one go, unless the host ends meanwhile") {
  const Past past(550);
  SECTION("to the end") {
    retention::Before before;
    before.runs = at(10'000'000);
    int rests = 0;
    const auto pruned = retention::prune(past.store().retention(), before, store::Prune::kDelete, [&] {
      ++rests;
      return true;
    });
    CHECK(pruned.value().runs == 549);
    CHECK(rests >= 5);
  }
  SECTION("until it is enough") {
    retention::Before before;
    before.events = at(10'000'000);
    before.runs = at(10'000'000);
    const auto pruned = retention::prune(past.store().retention(), before, store::Prune::kDelete, [] { return false; });
    CHECK(pruned.value().events == 500);
    CHECK(pruned.value().runs == 0);
    CHECK(past.has(1));
  }
}

TEST_CASE("how often a host looks follows from how long things are kept") {
  const auto between = [](std::optional<std::int64_t> seconds) {
    Policy policy;
    policy.runs = std::chrono::hours{24 * 90};
    if (seconds) policy.events = std::chrono::seconds{*seconds};
    return *retention::between_looks(policy);
  };
  CHECK_FALSE(retention::between_looks({}).has_value());
  CHECK(between(1) == std::chrono::seconds{1});
  CHECK(between(200) == std::chrono::seconds{10});
  CHECK(between(std::nullopt) == std::chrono::hours{1});
}

TEST_CASE("the thread looks by itself, and ends at once when it is told to") {
  const Past past(3);
  test::ManualClock clock;
  set(clock, at(10'000));
  Pruner pruner(past.store(), clock, kSelf, {base::Millis{1'000}, {}, {}});
  pruner.start();
  CHECK(test::eventually([&] { return past.events() == 1; }));
  const auto before = std::chrono::steady_clock::now();
  pruner.stop();
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds{1});
}
