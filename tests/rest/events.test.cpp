// Events over HTTP: lists, streams, and a thousand of them at once.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "readers.hpp"
#include "schema/builtin.hpp"
#include "support/sanitized.hpp"
#include "world.hpp"

using namespace tenantry;
using namespace tenantry::rest::test;
namespace json = boost::json;

namespace {

long resident_kilobytes() {
  long pages = 0;
  long ignored = 0;
  auto* file = std::fopen("/proc/self/statm", "r");
  REQUIRE(file != nullptr);
  REQUIRE(std::fscanf(file, "%ld %ld", &ignored, &pages) == 2);
  std::fclose(file);
  return pages * 4;
}

std::string code_of(const HttpAnswer& answer) {
  return json::value_to<std::string>(json::parse(answer.body).at("code"));
}

Ids ids_of(const json::value& list) {
  Ids ids;
  for (const auto& event : list.at("events").as_array()) ids.push_back(event.at("id").to_number<std::int64_t>());
  return ids;
}

std::string path_of(const store::EventTopic& topic) {
  if (!topic.run.empty()) return "/api/runs/" + topic.run.value + "/events";
  if (!topic.tenant.empty()) return "/api/provisioning/tenants/" + topic.tenant.value + "/events";
  return "/api/events";
}

constexpr auto kStream = "text/event-stream";

}  // namespace

TEST_CASE("events are listed page by page, each as its schema says") {
  World world(2);
  for (int i = 0; i < 20; ++i) world.append();
  for (const auto& topic :
       {store::EventTopic{}, events::test::run_topic(1), store::EventTopic{{}, world.bench.tenant(0), {}}}) {
    Ids all;
    std::int64_t next = 0;
    for (int pages = 0; pages < 20; ++pages) {
      const auto answer = world.get(path_of(topic) + "?limit=7&after=" + std::to_string(next));
      INFO(answer.body);
      REQUIRE(answer.status == 200);
      const auto list = json::parse(answer.body);
      for (const auto& event : list.at("events").as_array()) CHECK(schema::builtin("event").check(event).empty());
      for (const auto id : ids_of(list)) all.push_back(id);
      next = list.at("next").to_number<std::int64_t>();
      if (list.at("events").as_array().empty()) break;
    }
    CHECK(all == world.stored(topic));
  }
}

TEST_CASE("what was committed is in the next list, without waiting") {
  World world(1);
  for (int i = 0; i < 20; ++i) {
    world.runs.append_to_all();  // without a word to the feed
    const auto list = json::parse(world.get("/api/events?limit=200").body);
    CHECK(ids_of(list) == world.stored({}));
  }
}

TEST_CASE("a stream is asked for with Accept or in the query, and begins where it is told or with what happens now") {
  World world(1);
  for (int i = 0; i < 5; ++i) world.append();
  HttpClient client(world.server->port());
  SECTION("from now on") {
    client.send_raw(client.format("GET", "/api/events", {}, World::headers(world.admin, {{"Accept", kStream}})));
    const auto head = client.read_head();
    REQUIRE(head.has_value());
    CHECK(head->header("Content-Type") == kStream);
    CHECK(client.read_event() == "retry: 2000\nid: 6\n");
    world.append();
    CHECK(client.read_event().value_or("").rfind("id: 7\nevent: test.happened\ndata: {\"id\":7,", 0) == 0);
  }
  SECTION("after an id, in the query") {
    client.send_raw(client.format("GET", "/api/runs/run_0/events?stream=1&after=4", {}, World::headers(world.admin)));
    REQUIRE(client.read_head().has_value());
    CHECK(client.read_event() == "retry: 2000\nid: 4\n");
    CHECK(client.read_event().value_or("").rfind("id: 5\n", 0) == 0);
    CHECK(client.read_event().value_or("").rfind("id: 6\n", 0) == 0);
  }
  SECTION("Last-Event-ID is newer than what stands in the query") {
    client.send_raw(client.format("GET", "/api/events?after=1", {},
                                  World::headers(world.admin, {{"Accept", kStream}, {"Last-Event-ID", "5"}})));
    REQUIRE(client.read_head().has_value());
    CHECK(client.read_event() == "retry: 2000\nid: 5\n");
    CHECK(client.read_event().value_or("").rfind("id: 6\n", 0) == 0);
  }
}

TEST_CASE("who may not see a tenant learns nothing of its events") {
  World world(2);
  const auto stranger = world.account("stranger@example.org");
  world.append();
  CHECK(world.get("/api/runs/run_0/events", {}, stranger).status == 404);
  CHECK(world.get("/api/provisioning/tenants/" + world.bench.tenant(0).value + "/events", {}, stranger).status == 404);
  CHECK(world.get("/api/runs/run_none/events").status == 404);
  CHECK(code_of(world.get("/api/runs/run_0/events", {}, stranger)) == code_of(world.get("/api/runs/run_x/events")));
  CHECK(ids_of(json::parse(world.get("/api/events", {}, stranger).body)).empty());
  CHECK(HttpClient(world.server->port()).get("/api/events").status == 401);

  HttpClient client(world.server->port());
  client.send_raw(client.format("GET", "/api/events?stream=1&after=0", {}, World::headers(stranger)));
  REQUIRE(client.read_head().has_value());
  CHECK(client.read_event() == "retry: 2000\nid: 0\n");
  world.append();
  // A tenant of theirs: the first thing they hear of is its event.
  const auto body = json::parse(HttpClient(world.server->port()).get("/api/auth/me", World::headers(stranger)).body);
  auto own = testing::sample_tenant("own", base::AccountId(json::value_to<std::string>(body.at("id"))));
  own.id = base::TenantId("ten_tenant-77");
  REQUIRE(world.store->create_tenant(own, {}).has_value());
  events::test::Runs more(*world.store, 1, events::test::kHere, 77);
  world.feed.wake();
  CHECK(client.read_event().value_or("").find("\"tenant_id\":\"ten_tenant-77\"") != std::string::npos);
}

TEST_CASE("a bad question is refused with a pointer, and a position that is gone with 410") {
  World world(1);
  CHECK(world.get("/api/events?after=-1").status == 400);
  CHECK(world.get("/api/events?limit=0").status == 400);
  CHECK(world.get("/api/events?limit=201").status == 400);
  CHECK(world.get("/api/events?stream=maybe").status == 400);
  CHECK(world.get("/api/events?until=3").status == 400);
  const auto bad = world.get("/api/events", {{"Last-Event-ID", "seven"}, {"Accept", kStream}});
  CHECK(bad.status == 400);
  CHECK(bad.body.find("/query/Last-Event-ID") != std::string::npos);
  const auto unknown = world.get("/api/events", {{"Last-Event-ID", "4711"}, {"Accept", kStream}});
  CHECK(unknown.status == 410);
  CHECK(code_of(unknown) == "events.trimmed");
}

TEST_CASE("1,000 streams that are cut off at random lose nothing and see nothing twice, and memory stays flat") {
  const int kStreams = std::getenv("TENANTRY_STREAMS") != nullptr ? std::atoi(std::getenv("TENANTRY_STREAMS")) : 1'000;
  const int kCommits = kStreams > 1'000 ? 400 : 60;
  constexpr int kRuns = 20;
  events::FeedOptions feed;
  feed.tail_events = 256;  // who comes back late has to read the store
  http::Options options;
  options.max_connections = 10'000;
  World world(kRuns, feed, options);
  std::vector<store::EventTopic> topics;
  std::vector<StreamClient> clients;
  clients.reserve(static_cast<std::size_t>(kStreams));
  for (int i = 0; i < kStreams; ++i) {
    topics.push_back(i % 50 == 0   ? store::EventTopic{}
                     : i % 10 == 0 ? store::EventTopic{{}, world.bench.tenant(i % kRuns), {}}
                                   : events::test::run_topic(i % kRuns));
    clients.emplace_back(world.server->port(), path_of(topics.back()), world.admin);
    clients.back().join();
  }
  auto& slow = clients[0];  // of everything; takes a few bytes now and then
  std::mt19937 random(11);
  std::vector<pollfd> polls(clients.size());
  const auto pump = [&](bool cut) {
    for (std::size_t i = 0; i < clients.size(); ++i) polls[i] = {clients[i].fd(), POLLIN, 0};
    (void)::poll(polls.data(), polls.size(), 10);
    for (std::size_t i = 0; i < clients.size(); ++i) {
      auto& client = clients[i];
      if (cut && random() % 200 == 0) {
        client.join();
      } else if (polls[i].revents != 0 && !client.read(&client == &slow && cut ? 64 : 1U << 16U)) {
        client.join();
      }
    }
  };
  while (world.feed.counts().readers < clients.size()) pump(false);
  const auto before = resident_kilobytes();
  for (int i = 0; i < kCommits; ++i) {
    world.append(200);
    pump(true);
  }

  std::vector<Ids> wanted;
  for (const auto& topic : topics) {
    const auto known = std::find(topics.begin(), topics.end(), topic) - topics.begin();
    wanted.push_back(known < static_cast<std::ptrdiff_t>(wanted.size()) ? wanted[static_cast<std::size_t>(known)]
                                                                        : world.stored(topic));
  }
  const auto whole = [&] {
    std::size_t count = 0;
    for (std::size_t i = 0; i < clients.size(); ++i) count += clients[i].seen.size() >= wanted[i].size() ? 1 : 0;
    return count == clients.size();
  };
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(kStreams > 1'000 ? 300 : 60);
  while (!whole() && std::chrono::steady_clock::now() < end) pump(false);
  std::size_t right = 0;
  int refused = 0;
  std::size_t events = 0;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    right += clients[i].seen == wanted[i] ? 1 : 0;
    refused += clients[i].refused;
    events += clients[i].seen.size();
  }
  INFO(events << " events, " << world.feed.counts().pages << " pages, " << resident_kilobytes() - before << " kB");
  CHECK(right == clients.size());
  CHECK(refused == 0);
  if (!tenantry::test::kSanitized) CHECK(resident_kilobytes() - before < 40'000 + static_cast<long>(events / 100));
}
