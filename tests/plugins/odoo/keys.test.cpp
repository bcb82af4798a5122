// API keys: who makes one, what becomes of one that nobody knows, and of all of them in the end.
#include <algorithm>

#include "scripted.hpp"
#include "support/catch.hpp"

using namespace scripted;
using Kind = Instead::Kind;

namespace {

const std::string kSetUp = "step_1_platform_setup";

std::vector<std::string> names(Server& server, const std::string& database) {
  const auto bases = server.bases();
  std::vector<std::string> all;
  for (const ApiKey& key : bases.at(database).keys) all.push_back(key.name);
  return all;
}

std::string sealed_name(const Host& host) { return "Tenantry until " + host.secrets.at("odoo.api_key_expires"); }

}  // namespace

TEST_CASE("a key is made anew when it is about to end, or not accepted, and only by who acts") {
  Server server(19);
  Host host(server);
  REQUIRE(set_up(host).outcome == TENANTRY_DONE);
  const std::string key = host.secrets.at("odoo.api_key");
  SECTION("fresh: it is used as it is") {
    const Report report = host.run("admin_handover");
    CHECK(host.secrets.at("odoo.api_key") == key);
  }
  SECTION("its last days") {
    host.secrets["odoo.api_key_expires"] = "2020-01-01T00:00:00Z";
    server.change([](auto& bases) { bases.at("t1").keys.at(0).name = "Tenantry until 2020-01-01T00:00:00Z"; });
    CHECK(succeeded(host.verify(kSetUp)));
    CHECK(host.secrets.at("odoo.api_key") == key);
    CHECK(succeeded(host.run(kSetUp)));
    CHECK(host.secrets.at("odoo.api_key") != key);
    CHECK(host.secrets.at("odoo.api_key_expires") > "2020-01-01T00:00:00Z");
    CHECK(names(server, "t1") == std::vector<std::string>{sealed_name(host)});
  }
  SECTION("revoked in Odoo") {
    server.change([](auto& bases) { bases.at("t1").keys.clear(); });
    CHECK(succeeded(host.verify(kSetUp)));
    CHECK(host.secrets.at("odoo.api_key") == key);
    CHECK(succeeded(host.run(kSetUp)));
    CHECK(host.secrets.at("odoo.api_key") != key);
  }
  SECTION("a host that keeps no secrets: the password goes on") {
    host.secrets.erase("odoo.api_key");
    host.secrets.erase("odoo.api_key_expires");
    host.has_secret_store = false;
    CHECK(succeeded(host.run(kSetUp)));
    CHECK_FALSE(host.secrets.contains("odoo.api_key"));
    CHECK(names(server, "t1").empty());
  }
}

TEST_CASE("an API key whose maker died before it was sealed is found by VERIFY and removed by the next attempt") {
  Server server(19);
  Host host(server);
  const bool before = GENERATE(true, false);
  CAPTURE(before);
  if (before) {
    // The answer that shows the key is lost, and so is the key.
    server.script([used = false](const Seen& seen) mutable -> std::optional<Instead> {
      if (used || seen.what != "res.users.identitycheck.run_check") return std::nullopt;
      used = true;
      return Instead{Kind::hang_up_after, "", "", 200, ""};
    });
    for (const char* step : {"step_0_engine_check", "template_database"}) REQUIRE(succeeded(settle(host, step)));
    REQUIRE(host.run(kSetUp).outcome == TENANTRY_RETRY);
  } else {
    // The host was told the key and died before it was written down.
    REQUIRE(set_up(host).outcome == TENANTRY_DONE);
    host.secrets.erase("odoo.api_key");
    host.secrets.erase("odoo.api_key_expires");
  }
  REQUIRE(names(server, "t1").size() == 1);
  const std::string lost = names(server, "t1").front();
  const Report found = host.verify(kSetUp);
  INFO(words(found));
  CHECK(found.outcome == TENANTRY_DRIFTED);
  REQUIRE(found.output);
  CHECK(json::serialize(*found.output).find("API key " + lost) != std::string::npos);
  REQUIRE(succeeded(host.run(kSetUp)));
  CHECK(names(server, "t1") == std::vector<std::string>{sealed_name(host)});
  CHECK(sealed_name(host) != lost);
  CHECK(host.verify(kSetUp).outcome == TENANTRY_DONE);
}

TEST_CASE("with the roll-back of an existing database go our API keys, and nobody else's") {
  Server server(19);
  server.change([](auto& bases) {
    bases["shop"] = Base{"admin", "admin-word", true, {}, {}, {{77, "Their own", "w"}}, 0};
  });
  Host host(server, "t1", {{"mode", "existing_database"}, {"database", "shop"}});
  server.change([](auto& bases) { bases["shop"].modules = {{"stock", "installed"}, {"point_of_sale", "installed"}}; });
  const Report report = set_up(host);
  INFO(words(report));
  REQUIRE(report.outcome == TENANTRY_DONE);
  CHECK(names(server, "shop") == std::vector<std::string>{"Their own", sealed_name(host)});
  // A lost one besides.
  server.change([](auto& bases) {
    bases["shop"].keys.push_back({78, "Tenantry until 2030-01-01T00:00:00.000000Z", "x"});
  });
  CHECK(host.undo(kSetUp).outcome == TENANTRY_DONE);
  CHECK(names(server, "shop") == std::vector<std::string>{"Their own"});
  CHECK(server.bases().at("shop").parameters.empty());
  // Once more changes nothing.
  CHECK(host.undo(kSetUp).outcome == TENANTRY_DONE);
  CHECK(names(server, "shop") == std::vector<std::string>{"Their own"});
}

TEST_CASE(
    "a key that step 1 has just renewed is not taken for a lost one, whatever the host still says of the old one") {
  Server server(19);
  Host host(server);
  REQUIRE(set_up(host).outcome == TENANTRY_DONE);
  const std::string old = host.secrets.at("odoo.api_key_expires");
  server.change([](auto& bases) { bases.at("t1").keys.clear(); });
  // A host tells a secret once in a call, and then the same again.
  server.script([&](const Seen& seen) -> std::optional<Instead> {
    if (seen.what == "res.users.apikeys.search_read") host.secrets["odoo.api_key_expires"] = old;
    return std::nullopt;
  });
  REQUIRE(succeeded(host.run(kSetUp)));
  const auto keys = server.bases().at("t1").keys;
  REQUIRE(keys.size() == 1);
  CHECK(keys[0].word == host.secrets.at("odoo.api_key"));
}

TEST_CASE("only step 1 makes keys: beside others several would be made, and one kept") {
  Server server(19);
  Host host(server);
  REQUIRE(set_up(host).outcome == TENANTRY_DONE);
  const std::string key = host.secrets.at("odoo.api_key");
  if (GENERATE(true, false))
    server.change([](auto& bases) { bases.at("t1").keys.clear(); });
  else
    host.secrets["odoo.api_key_expires"] = "2020-01-01T00:00:00.000000Z";
  const std::size_t before = server.bases().at("t1").keys.size();
  const Report report = host.run("admin_handover");
  INFO(words(report));
  CHECK(succeeded(report));
  CHECK(server.bases().at("t1").keys.size() == before);
  CHECK(host.secrets.at("odoo.api_key") == key);
}

TEST_CASE("without the password a lost key is said and left, because Odoo asks for it") {
  Server server(19);
  server.change([](auto& bases) {
    bases["shop"] = Base{"admin", "admin-word", true, {}, {}, {{77, "Operator", "their-key"}}, 0};
    bases["shop"].modules = {{"stock", "installed"}, {"point_of_sale", "installed"}};
    bases["shop"].keys.push_back({78, "Tenantry until 2030-01-01T00:00:00.000000Z", "x"});
  });
  Host host(server, "t1", {{"mode", "existing_database"}, {"database", "shop"}});
  host.secrets.erase("server.admin_password");
  host.secrets["server.api_key"] = "their-key";
  const Report report = set_up(host);
  INFO(words(report));
  REQUIRE(succeeded(report));
  CHECK(names(server, "shop").size() == 2);
  CHECK(std::any_of(report.log.begin(), report.log.end(), [](const auto& line) {
    return line.message.find("API keys stay until they end") != std::string::npos;
  }));
  CHECK(host.verify(kSetUp).outcome == TENANTRY_DRIFTED);
}

TEST_CASE("a copied database is not handed over while somebody else can come in") {
  Server server(19);
  Host host(server);
  for (const char* step : {"step_0_engine_check", "template_database"}) REQUIRE(succeeded(settle(host, step)));
  std::string found;
  SECTION("with an API key that the template had") {
    server.change([](auto& bases) {
      for (auto& [name, base] : bases) base.keys.push_back({77, "Forgotten", "w"});
    });
    found = "API key Forgotten";
  }
  SECTION("as admin with the password admin") {
    server.script([](const Seen& seen) -> std::optional<Instead> {
      if (seen.what != "POST /web/session/authenticate" || seen.named.at("login") != "admin") return std::nullopt;
      return Instead{Kind::text, "", "", 200, R"({"jsonrpc":"2.0","id":1,"result":{"uid":2}})"};
    });
    found = "sign-in as admin";
  }
  REQUIRE(succeeded(settle(host, kSetUp)));
  const Report report = host.run("admin_handover");
  INFO(words(report));
  CHECK(report.outcome == TENANTRY_FAILED);
  CHECK(report.code == "odoo.door_open");
  CHECK(report.message.find(found) != std::string::npos);
}
