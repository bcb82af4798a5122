// What is old is deleted while runs are going: by the host itself, and by an operator beside it.
#include <sys/wait.h>

#include <cstdio>
#include <map>
#include <set>
#include <utility>

#include "checker.hpp"
#include "records.hpp"
#include "world.hpp"

using namespace tenantry::system;

namespace {

struct Ended {
  int code = 0;
  std::string said;
};

Ended prune(const std::string& config, const std::string& arguments) {
  const std::string command =
      std::string(TENANTRY_HOST) + " -o json admin prune --config " + config + " " + arguments + " 2>&1 </dev/null";
  auto* output = ::popen(command.c_str(), "r");
  REQUIRE(output != nullptr);
  Ended ended;
  std::array<char, 512> piece{};
  while (std::fgets(piece.data(), piece.size(), output) != nullptr) ended.said += piece.data();
  const int status = ::pclose(output);
  ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ended;
}

std::int64_t count(const Ended& ended, const char* what) {
  INFO(ended.said);
  REQUIRE(ended.code == 0);
  return json::parse(ended.said).at(what).as_int64();
}

// A host with an engine that is quick, and tenants whose runs are started again and again.
struct Busy {
  tenantry::test::TempDir folder;
  World world;
  std::vector<std::string> tenants;

  explicit Busy(int count)
      : world(World::Bare{"hello", TEST_ENGINES "/hello.so",
                          "settings = { hello = { directory = \"" + folder.path().string() + "\" } }"}) {
    for (int i = 0; i < count; ++i) tenants.push_back(world.create_tenant("tenant-" + std::to_string(i)));
  }
  void run_all() {
    for (std::size_t i = 0; i < tenants.size(); ++i) {
      const auto started =
          world.post(World::verb(tenants[i], "start"), R"({"parameters":{"name":"t)" + std::to_string(i) + "\"}}");
      INFO(started.body);
      REQUIRE(started.status == 202);
    }
    for (const auto& tenant : tenants) REQUIRE(world.reaches(tenant, "COMPLETED"));
  }
  [[nodiscard]] std::int64_t first_event() {
    return world.get("/api/events?after=0&limit=1").at_pointer("/events/0/id").as_int64();
  }
  [[nodiscard]] std::int64_t rows(const std::string& table) const {
    return std::stoll(Records(world.file("data/tenantry.db")).rows("select count(*) from " + table)[0][0]);
  }
};

}  // namespace

TEST_CASE("an operator deletes what is old beside a host that works, and late readers are told so") {
  Busy busy(3);
  for (int i = 0; i < 3; ++i) busy.run_all();
  const auto config = busy.world.file("tenantry.toml");
  const auto first = busy.first_event();
  const auto seen = busy.world.call("GET", "/api/events", {}, {{"Last-Event-ID", std::to_string(first)}});
  CHECK(seen.status == 200);

  const std::string all = "--events-before 2999-01-01 --runs-before 2999-01-01";
  const auto before = busy.rows("events");
  const auto rehearsed = prune(config, all + " --dry-run");
  CHECK(count(rehearsed, "runs") == 6);
  CHECK(count(rehearsed, "events") == before - 1);
  CHECK(busy.rows("events") == before);
  CHECK(busy.rows("runs") == 9);

  CHECK(count(prune(config, "--events-before 2026-01-01"), "events") == 0);
  const auto pruned = prune(config, all);
  CHECK(count(pruned, "runs") == 6);
  CHECK(count(pruned, "events") == before - 1);
  CHECK(busy.rows("runs") == 3);
  CHECK(busy.rows("steps") == 9);
  CHECK(busy.rows("events") == 1);

  for (const auto* way : {"/api/events", "/api/events?stream=1"}) {
    const auto late = busy.world.call("GET", way, {}, {{"Last-Event-ID", std::to_string(first)}});
    CHECK(late.status == 410);
    CHECK(json::parse(late.body).at("code") == "events.trimmed");
    CHECK(busy.world.call("GET", "/api/events?after=" + std::to_string(first)).status == 410);
  }
  const auto newest = busy.first_event();
  CHECK(busy.world.call("GET", "/api/events", {}, {{"Last-Event-ID", std::to_string(newest)}}).status == 200);
  // What is left is whole: the newest runs, and what may be done with them.
  for (const auto& tenant : busy.tenants) {
    CHECK(busy.world.word(tenant) == "COMPLETED");
    CHECK(busy.world.get(World::verb(tenant, "overview")).at("attempts").as_array().size() == 3);
    REQUIRE(busy.world.post(World::verb(tenant, "verify")).status == 202);
    CHECK(eventually([&] { return busy.world.status(tenant).at("condition") == "InSync"; }));
  }
  busy.run_all();
  CHECK(busy.first_event() == newest);
  CHECK(busy.world.stop_host() == 0);
  busy.world.start_host();
  CHECK(busy.world.get("/api/events?after=" + std::to_string(newest)).at("events").as_array().size() > 10);
  CHECK(busy.world.call("GET", "/api/events?after=" + std::to_string(first)).status == 410);
}

TEST_CASE("a host that keeps things for a second does not grow, and no run is disturbed") {
  Busy busy(4);
  REQUIRE(busy.world.stop_host() == 0);
  std::ofstream(busy.world.file("tenantry.toml"), std::ios::app)
      << "[retention]\nevents = \"1s\"\nruns = \"1s\"\ndeliveries = \"1s\"\n";
  busy.world.start_host();
  std::int64_t oldest = 0;
  const auto rounds_until = [&](int trims) {
    int rounds = 0;
    for (int seen = 0; seen < trims; ++rounds) {
      REQUIRE(rounds < 2'000);
      busy.run_all();
      const auto now = busy.first_event();
      seen += now > oldest ? 1 : 0;
      oldest = now;
    }
    return rounds;
  };
  // What is kept once nothing goes on: in rows, and in pages that hold something. How large the file became between two
  // trims is a matter of the machine's speed; pages that fell free are written again.
  const auto kept = [&] {
    REQUIRE(eventually([&] { return busy.rows("runs") == 4 && busy.rows("events") == 1; }));
    REQUIRE(busy.world.stop_host() == 0);
    std::map<std::string, std::int64_t> numbers;
    for (const auto* table : {"runs", "run_documents", "steps", "attempts", "events", "operations", "idempotency_keys"})
      numbers[table] = busy.rows(table);
    Records records(busy.world.file("data/tenantry.db"));
    const auto pages = std::stoll(records.rows("pragma page_count")[0][0]);
    const auto free = std::stoll(records.rows("pragma freelist_count")[0][0]);
    busy.world.start_host();
    return std::pair{numbers, pages - free};
  };
  const auto first = rounds_until(3);
  const auto [numbers, pages] = kept();
  const auto more = rounds_until(4);
  const auto [numbers_then, pages_then] = kept();
  CAPTURE(first, more, pages, pages_then);
  CHECK(numbers == numbers_then);
  CHECK(pages_then < pages + 16);
  for (const auto& tenant : busy.tenants) CHECK(busy.world.word(tenant) == "COMPLETED");
}

TEST_CASE("hosts on PostgreSQL delete what is old while they provision, each thing once") {
  auto& server = tenantry::test::Postgres::shared();
  const auto database = server.create_database();
  Erp erp;
  ClusterOptions options;
  options.database = Database::kPostgres;
  options.url = server.url(database);
  options.hosts = 2;
  Cluster hosts(erp, options);
  for (int i = 0; i < 2; ++i)
    std::ofstream(hosts.file(i, "tenantry.toml"), std::ios::app) << "[retention]\nevents = \"1s\"\nruns = \"1s\"\n";
  hosts.start_all();
  hosts.sign_in();
  Records records(options.url);
  const auto number = [&](const std::string& sql) { return std::stoll(records.rows(sql)[0][0]); };
  const auto tenant = hosts.create_tenant("Acme");
  for (int i = 0; i < 3; ++i) {
    hosts.start_run(tenant);
    REQUIRE(hosts.reaches(tenant, "COMPLETED"));
  }
  CHECK(before(std::chrono::seconds(10),
               [&] { return number("select count(*) from runs") == 1 && number("select count(*) from events") == 1; }));
  CHECK(number("select count(*) from steps") == 11);
  CHECK(number("select upto from trims") > 0);
  CHECK(hosts.ask(1, "GET", "/api/events?after=1").status == 410);
  // The elder goes; the other one takes it up.
  hosts.kill(0);
  hosts.start_run(tenant);
  REQUIRE(hosts.reaches(tenant, "COMPLETED"));
  CHECK(before(std::chrono::seconds(10),
               [&] { return number("select count(*) from runs") == 1 && number("select count(*) from events") == 1; }));
  CHECK(hosts.word(tenant) == "COMPLETED");
}
