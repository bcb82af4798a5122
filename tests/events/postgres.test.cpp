// Several hosts that write at the same time, and a feed on one of them.
#include <thread>

#include "store/postgres_database.hpp"
#include "world.hpp"

using namespace tenantry;
using namespace tenantry::events;
using namespace tenantry::events::test;

TEST_CASE(
    "PostgreSQL: what four hosts write at once, with transactions that fail among them, is told once and in order") {
  constexpr int kHosts = 4;
  constexpr int kRunsEach = 5;
  constexpr int kCommits = 60;
  testing::PostgresDatabase database;
  Bench bench(database.store(), kHosts * kRunsEach);
  base::SystemClock clock;
  FeedOptions options;
  options.poll = base::Millis{5};  // nobody on this host says that there is something new
  options.tail_events = 100;
  Feed feed(database.store(), clock, options);
  feed.start();
  const auto follow = [&](const store::EventTopic& topic) {
    auto inbox = std::make_shared<Inbox>();
    feed.follow(topic, 0, std::make_unique<InboxReader>(inbox));
    return inbox;
  };
  const auto all = follow({});
  const auto one = follow(run_topic(7));
  std::vector<std::thread> hosts;
  for (int i = 0; i < kHosts; ++i)
    hosts.emplace_back([&, i] {
      const auto store = database.open();
      Runs runs(*store, kRunsEach, {"host-" + std::to_string(i), "boot"}, i * kRunsEach);
      testing::RawPostgres raw(database.url());
      for (int n = 0; n < kCommits; ++n) {
        runs.append_to_all();
        if (n % 5 != i) continue;
        // Takes an id and gives it up again.
        raw.run("begin");
        raw.run("insert into commit_marks (writer, number) values ('raw', 1)");
        raw.run("insert into events (run, number, step, type, data, at) values ('run_" + std::to_string(i * kRunsEach) +
                "', 99999, '', 'x', '{}', 0)");
        raw.run("rollback");
      }
    });
  for (auto& host : hosts) host.join();
  const auto stored = [&](const store::EventTopic& topic) {
    Ids ids;
    for (const auto& event : database.store().events(topic, 0, 1'000'000'000, 1'000'000).value().events)
      ids.push_back(event.id);
    return ids;
  };
  const auto wanted = stored({});
  CHECK(wanted.size() == kHosts * kRunsEach * (kCommits + 1));
  CHECK(wanted.back() > static_cast<std::int64_t>(wanted.size()));  // there are gaps
  CHECK(eventually([&] { return all->ids().size() >= wanted.size(); }));
  CHECK(all->ids() == wanted);
  CHECK(eventually([&] { return one->ids() == stored(run_topic(7)); }));
}
