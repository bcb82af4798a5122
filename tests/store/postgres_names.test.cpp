#include <atomic>
#include <latch>
#include <thread>

#include "store/postgres_database.hpp"
#include "support/eventually.hpp"

// Names that one host at a time may hold, and how many hosts there are.

using namespace tenantry;
using namespace tenantry::testing;

namespace {

const store::HostLife kHere{"host-a", "boot-1"};
const store::HostLife kHereLater{"host-a", "boot-2"};
const store::HostLife kThere{"host-b", "boot-1"};
const std::vector<std::string> kName{"company|erp"};

base::Time at(std::int64_t millis) { return base::from_millis(millis); }

bool takes(store::Store& store, const store::HostLife& self, std::int64_t now, std::int64_t until) {
  const auto taken = store.take_name(kName.front(), self, at(now), at(until));
  REQUIRE(taken.has_value());
  return *taken;
}

}  // namespace

TEST_CASE("PostgreSQL: a name is held until it is given back or the lease is over") {
  PostgresDatabase database;
  auto& store = database.store();
  CHECK(takes(store, kHere, 0, 1'000));
  CHECK(takes(store, kHere, 0, 1'000));
  CHECK_FALSE(takes(store, kThere, 999, 5'000));
  CHECK(store.take_name("company|other", kThere, at(0), at(5'000)).value());

  SECTION("given back: who has asked is told") {
    const auto other = database.open();
    std::atomic<bool> told{false};
    other->on_told([&](store::Told what) { told = told || what == store::Told::kFreed; });
    REQUIRE(test::eventually([&] { return told.load(); }));  // it listens
    told = false;
    CHECK(store.free_names(kName, kHere, at(1'000)).value() == kName);
    CHECK(test::eventually([&] { return told.load(); }));
    other->on_told(nullptr);
    CHECK(takes(store, kThere, 10, 5'000));
    CHECK_FALSE(takes(store, kHere, 10, 5'000));
    CHECK(store.free_names(kName, kHere, at(5'000)).value().empty());  // it is not theirs
    CHECK_FALSE(takes(store, kHere, 10, 5'000));
  }
  SECTION("renewed with the lease") {
    REQUIRE(store.renew_leases(kHere, at(3'000)).has_value());
    CHECK_FALSE(takes(store, kThere, 2'999, 5'000));
    CHECK(takes(store, kThere, 3'000, 5'000));
    CHECK_FALSE(takes(store, kHere, 3'001, 9'000));
  }
  SECTION("the end of the host") {
    REQUIRE(store.release_runs(kHere).has_value());
    CHECK(takes(store, kThere, 10, 5'000));
  }
  SECTION("the host's next life waits for the end of the one before, as others do") {
    CHECK_FALSE(takes(store, kHereLater, 10, 5'000));
    CHECK(takes(store, kHereLater, 1'000, 5'000));
  }
  SECTION("nobody has asked") {
    const auto free = store.free_names(std::vector<std::string>{"company|other"}, kThere, at(5'000));
    CHECK(free.value().empty());
  }
}

TEST_CASE("PostgreSQL: of hosts that want a name at the same moment one gets it, each time") {
  PostgresDatabase database;
  constexpr int kHosts = 4;
  constexpr int kEach = 25;
  std::atomic<int> holders{0};
  std::atomic<int> most{0};
  std::atomic<int> taken{0};
  std::atomic<bool> failed{false};
  std::vector<std::unique_ptr<store::Store>> stores;
  for (int i = 0; i < kHosts; ++i) stores.push_back(database.open());
  std::latch ready(kHosts);
  std::vector<std::thread> threads;
  for (int i = 0; i < kHosts; ++i)
    threads.emplace_back([&, i] {
      auto& store = *stores[static_cast<std::size_t>(i)];
      const store::HostLife self{"host-" + std::to_string(i), "boot"};
      ready.arrive_and_wait();
      for (int mine = 0; mine < kEach && !failed;) {
        const auto got = store.take_name(kName.front(), self, at(0), at(60'000));
        if (got.has_error()) failed = true;
        if (got.has_error() || !*got) continue;
        const int now = ++holders;
        if (now > most) most = now;
        ++mine;
        ++taken;
        --holders;
        if (store.free_names(kName, self, at(60'000)).has_error()) failed = true;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK_FALSE(failed);
  CHECK(most == 1);
  CHECK(taken == kHosts * kEach);
}

TEST_CASE("PostgreSQL: the hosts that live are counted, each once") {
  PostgresDatabase database;
  auto& store = database.store();
  CHECK(store.living_hosts(at(0)).value() == 0);
  REQUIRE(store.renew_leases(kHere, at(1'000)).has_value());
  REQUIRE(store.renew_leases(kHereLater, at(2'000)).has_value());
  CHECK(store.living_hosts(at(999)).value() == 1);
  REQUIRE(store.renew_leases(kThere, at(3'000)).has_value());
  CHECK(store.living_hosts(at(1'999)).value() == 2);
  CHECK(store.living_hosts(at(2'000)).value() == 1);
  CHECK(store.living_hosts(at(3'000)).value() == 0);
}
