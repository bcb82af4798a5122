// The live stream from the store to its readers, without HTTP.
#include <random>
#include <thread>

#include "events/text.hpp"
#include "schema/builtin.hpp"
#include "world.hpp"

using namespace tenantry;
using namespace tenantry::events;
using namespace tenantry::events::test;

TEST_CASE("a reader gets what it missed and then what happens, each event once and in order") {
  FeedOptions options;
  options.tail_events = 20;  // most of what is missed is only in the store
  options.page = 7;
  World world(3, options);
  for (int i = 0; i < 30; ++i) world.append();
  const auto after = GENERATE(0, 1, 40, 89, 93);
  CAPTURE(after);
  std::vector<std::pair<store::EventTopic, std::shared_ptr<Inbox>>> readers;
  for (const auto& topic : {store::EventTopic{}, run_topic(1), store::EventTopic{{}, world.bench.tenant(2), {}},
                            store::EventTopic{{}, {}, testing::sample_account("owner").id},
                            store::EventTopic{{}, {}, testing::sample_account("stranger").id}})
    readers.emplace_back(topic, world.follow(topic, after));
  for (int i = 0; i < 30; ++i) world.append();
  for (const auto& [topic, inbox] : readers) {
    const auto wanted = world.stored(topic, after);
    CHECK(wanted.empty() == (topic.member.value == testing::sample_account("stranger").id.value));
    CHECK(eventually([&, inbox = inbox] { return inbox->ids().size() >= wanted.size(); }));
    CHECK(inbox->ids() == wanted);
  }
  CHECK(eventually([&] { return world.feed.counts().behind == 0; }));
  world.append();
  CHECK(eventually([&] { return readers.front().second->ids() == world.stored({}, after); }));
}

TEST_CASE("a thousand readers of the same run share one read") {
  FeedOptions options;
  options.tail_events = 10;
  World world(1, options);
  for (int i = 0; i < 150; ++i) world.append();
  std::vector<std::shared_ptr<Inbox>> readers;
  for (int i = 0; i < 1'000; ++i) readers.push_back(world.follow(run_topic(0), 1));
  CHECK(eventually([&] { return world.feed.counts().behind == 0; }));
  const auto behind = world.feed.counts();
  CHECK(behind.readers == 1'000);
  CHECK(behind.pages <= 3);  // 150 events are two pages; a third finds that there are no more
  const auto before = world.feed.counts();
  for (int i = 0; i < 20; ++i) world.append();
  const auto wanted = world.stored(run_topic(0), 1);
  std::size_t right = 0;
  for (const auto& reader : readers) right += eventually([&] { return reader->ids() == wanted; }) ? 1 : 0;
  CHECK(right == 1'000);
  CHECK(world.feed.counts().pages == before.pages);
  CHECK(world.feed.counts().looks - before.looks <= 20 + 50);  // one for each commit, and those of the clock
}

TEST_CASE("a reader that does not take what it is sent gets no more, holds nobody up, and misses nothing") {
  FeedOptions options;
  options.most_queued = 10'000;
  options.tail_events = 50;
  World world(2, options);
  const auto slow = world.follow({}, 0, false);
  const auto quick = world.follow({}, 0);
  for (int i = 0; i < 200; ++i) world.append(1'000);
  const auto wanted = world.stored({});
  CHECK(eventually([&] { return quick->ids() == wanted; }));
  CHECK(slow->queued() <= 10'000 + 2'000);
  CHECK(slow->ids().size() < 12);
  CHECK(world.feed.counts().behind == 1);
  slow->take(true);
  CHECK(eventually([&] { return slow->ids().size() >= wanted.size(); }));
  CHECK(slow->ids() == wanted);
  CHECK(eventually([&] { return world.feed.counts().behind == 0; }));
}

TEST_CASE("who hears nothing for a while is told that the stream is still there") {
  FeedOptions options;
  options.heartbeat = base::Millis{40};
  World world(1, options);
  const auto quiet = world.follow(run_topic(0), world.newest());
  CHECK(eventually([&] { return quiet->comments() >= 3; }));
  CHECK(quiet->ids().empty());
  CHECK(quiet->bytes.rfind("retry: 2000\nid: 1\n\n", 0) == 0);  // where it is, even before the first event
}

TEST_CASE("a reader that is gone is let go, also when nothing happens") {
  FeedOptions options;
  options.heartbeat = base::Millis{40};
  World world(1, options);
  const auto inbox = world.follow(run_topic(0), world.newest());
  CHECK(eventually([&] { return world.feed.counts().readers == 1 && world.feed.counts().behind == 0; }));
  inbox->close();
  CHECK(eventually([&] { return world.feed.counts().readers == 0; }));
}

TEST_CASE("while nobody follows nothing is read and nothing is kept, and who comes then misses nothing") {
  World world(1);
  const auto first = world.follow({}, 0);
  for (int i = 0; i < 5; ++i) world.append();
  CHECK(eventually([&] { return first->ids() == world.stored({}, 0); }));
  first->close();
  CHECK(eventually([&] { return world.feed.counts().readers == 0 && world.feed.counts().tail_bytes == 0; }));
  const auto before = world.feed.counts();
  for (int i = 0; i < 20; ++i) world.append();
  CHECK(world.feed.counts().looks == before.looks);
  const auto second = world.follow({}, 3);
  CHECK(eventually([&] { return second->ids() == world.stored({}, 3); }));
  world.append();
  CHECK(eventually([&] { return second->ids() == world.stored({}, 3); }));
}

TEST_CASE("what is kept in memory is bounded, however much happens") {
  FeedOptions options;
  options.tail_bytes = 100'000;
  World world(4, options);
  for (int i = 0; i < 100; ++i) world.append(2'000);
  CHECK(world.feed.settled().value() == world.newest());
  CHECK(world.feed.counts().tail_bytes <= 100'000);
}

TEST_CASE("a position that nobody was given, or whose followers are no longer stored, is gone") {
  World world(1);
  for (int i = 0; i < 5; ++i) world.append();
  CHECK(world.feed.check(0).has_value());
  CHECK(world.feed.check(3).has_value());
  CHECK(world.feed.check(world.newest()).has_value());
  CHECK(world.feed.check(world.newest() + 1).error().code == "events.trimmed");
  CHECK(world.feed.check(world.newest() + 1).error().kind == base::ErrorKind::kGone);
}

TEST_CASE("a list ends where more may still come, and goes on from there") {
  World world(2);
  for (int i = 0; i < 10; ++i) world.append();
  const auto first = world.feed.read(run_topic(0), 0, 4).value();
  REQUIRE(first.events.size() == 4);
  CHECK(first.covered == first.events.back().id);
  const auto rest = world.feed.read(run_topic(0), first.covered, 100).value();
  CHECK(rest.events.size() == 7);
  CHECK(rest.covered == world.newest());
  CHECK(world.feed.read(run_topic(0), rest.covered, 100).value().events.empty());
}

TEST_CASE("an event is sent as its schema says") {
  store::StoredEvent event{7, base::RunId("run_1"), base::TenantId("ten_1"), {}};
  event.event = {3,
                 "a",
                 "step.failed",
                 R"({"error":"a \"quoted\"\n line"})",
                 base::from_millis(1'800'000'000'000),
                 R"({"steps":[]})"};
  CHECK(to_json(event) == R"({"id":7,"run_id":"run_1","tenant_id":"ten_1","number":3,"type":"step.failed","step":"a",)"
                          R"("at":"2027-01-15T08:00:00.000Z","data":{"error":"a \"quoted\"\n line"},"steps":[]})");
  CHECK(to_sse(event) == "id: 7\nevent: step.failed\ndata: " + to_json(event) + "\n\n");
  CHECK(schema::builtin("event").check(base::json::parse(to_json(event))).empty());
  event.event.view.clear();
  event.event.step.clear();
  CHECK(base::json::parse(to_json(event)).at("step").is_null());
  CHECK(schema::builtin("event").check(base::json::parse(to_json(event))).empty());
}

TEST_CASE("readers that come and go at random while hosts write miss nothing and see nothing twice") {
  FeedOptions options;
  options.tail_events = 64;
  options.page = 16;
  options.most_queued = 4'000;
  World world(5, options);
  std::atomic<bool> writing{true};
  std::thread writer([&] {
    for (int i = 0; i < 300; ++i) world.append(50);
    writing = false;
  });
  struct Client {
    store::EventTopic topic;
    std::int64_t last = 0;
    Ids seen;
    std::shared_ptr<Inbox> inbox;
  };
  std::mt19937 random(7);
  std::vector<Client> clients(60);
  for (std::size_t i = 0; i < clients.size(); ++i)
    clients[i].topic = i % 6 == 5 ? store::EventTopic{} : run_topic(static_cast<int>(i % 6));
  // Leaves with what it has read, and remembers the last id of that.
  const auto leave = [&](Client& client) {
    if (!client.inbox) return;
    client.inbox->close();
    for (const auto id : client.inbox->ids()) client.seen.push_back(id);
    if (!client.seen.empty()) client.last = client.seen.back();
    client.inbox.reset();
  };
  int moves = 0;
  while (writing) {
    auto& client = clients[random() % clients.size()];
    if (client.inbox && random() % 3 == 0) client.inbox->take(random() % 2 == 0);
    if (client.inbox) leave(client);
    client.inbox = world.follow(client.topic, client.last, random() % 4 != 0);
    ++moves;
    std::this_thread::yield();
  }
  writer.join();
  CHECK(moves > 100);
  for (auto& client : clients) {
    leave(client);
    client.inbox = world.follow(client.topic, client.last);
    const auto wanted = world.stored(client.topic);
    CHECK(eventually([&] { return client.seen.size() + client.inbox->ids().size() >= wanted.size(); }));
    leave(client);
    CHECK(client.seen == wanted);
  }
}
