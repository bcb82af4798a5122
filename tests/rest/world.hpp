// The REST interface on a real store and a real server, without engines: runs get their events from the test.
#pragma once
#include <string>

#include "base/ids.hpp"
#include "events/world.hpp"
#include "http/server.hpp"
#include "rest/api.hpp"
#include "support/http_client.hpp"

namespace tenantry::rest::test {

using events::test::eventually;
using events::test::Ids;
using tenantry::test::HttpAnswer;
using tenantry::test::HttpClient;

struct World {
  explicit World(int count, events::FeedOptions feed_options = {}, http::Options http_options = {})
      : bench(*store, count), runs(*store, count), feed(*store, clock, feed_options) {
    base::log::configure(base::log::Level::kOff);
    feed.start();
    http::Router router;
    add_routes(router, {identity, tenants, provisioning, history, engines, servers, *store, scheduler, clock, audience,
                        feed, batches, webhooks});
    server = std::make_unique<http::Server>(std::move(http_options), std::move(router));
    REQUIRE(server->start().has_value());
    admin = account("admin@example.org", model::AccountRole::kAdmin);
  }
  ~World() {
    server->drain(std::chrono::seconds(1));
    feed.stop();
    server->stop();
  }

  // A token of a new account.
  std::string account(const std::string& email, model::AccountRole role = model::AccountRole::kUser) {
    REQUIRE(identity.create_account(email, "N", "a long password", role).has_value());
    const auto done = identity.sign_in(email, "a long password", "127.0.0.1");
    REQUIRE(done.has_value());
    return done->token;
  }
  static HttpClient::Headers headers(const std::string& token, const HttpClient::Headers& more = {}) {
    HttpClient::Headers all = more;
    all.emplace_back("Authorization", "Bearer " + token);
    return all;
  }
  HttpAnswer get(const std::string& path, const HttpClient::Headers& more = {}, const std::string& token = {}) const {
    return HttpClient(server->port()).get(path, headers(token.empty() ? admin : token, more));
  }
  void append(std::size_t bytes = 10) {
    runs.append_to_all(bytes);
    feed.wake();
  }
  Ids stored(const store::EventTopic& topic, std::int64_t after = 0) {
    Ids ids;
    for (const auto& event : store->events(topic, after, 1'000'000'000, 1'000'000).value().events)
      ids.push_back(event.id);
    return ids;
  }

  tenantry::test::TempDir folder;
  base::SystemClock clock;
  std::unique_ptr<store::Store> store = events::test::open_file(folder / "store.db");
  testing::Bench bench;
  events::test::Runs runs;
  events::Feed feed;
  service::Identity identity{*store, clock, base::Millis{3'600'000}};
  service::Servers servers{{}};
  service::Engines engines{
      [](const base::EngineId&, std::string_view) -> std::optional<service::LoadedEngine> { return std::nullopt; },
      [](const model::Manifest&) { return true; }, [] { return catalog::Snapshot(); }};
  secrets::Vault vault{secrets::Key::random()};
  service::Tenants tenants{*store, identity, engines, servers, vault, clock};
  execution::Scheduler scheduler{*store, {"host-a", "boot-1"}, {}, clock, {}};
  service::Provisioning provisioning{*store, identity, scheduler, engines, servers, clock};
  service::History history{*store, identity, provisioning, tenants};
  service::Audience audience{*store, identity, scheduler.board()};
  service::Batches batches{*store, provisioning, clock, {"host-a", "boot-1"}};
  webhooks::Courier webhooks{*store, feed, clock, {"host-a", "boot-1"}, {}};
  std::unique_ptr<http::Server> server;
  std::string admin;
};

}  // namespace tenantry::rest::test
