// The two calls that clients make most, with 100 runs going: how long start and status take over loopback, the network
// included, and how many status answers 64 clients get beside nginx's `return 200` of the same bytes in the same run.
// Prints one line of JSON per figure. Not part of the suite.
#include <cstdio>

#include "bench/measure.hpp"
#include "world.hpp"

using namespace tenantry;
using namespace tenantry::system;

namespace {

constexpr int kRuns = 100;
constexpr int kReads = 5'000;

template <class Act>
double milliseconds(Act act) {
  const auto from = std::chrono::steady_clock::now();
  act();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - from).count();
}

void print(const char* what, const std::vector<double>& times) {
  std::printf("{\"figure\":\"%s\",\"count\":%zu,\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n", what, times.size(),
              bench::percentile(times, 50), bench::percentile(times, 99));
}

}  // namespace

TEST_CASE("start and status with 100 runs going") {
  World world(R"(settings = { site = "{tenant}" })", 100);
  world.fault(R"({"id":"slow","action":"none","millis":200,"jitter_millis":200})");
  std::vector<std::string> tenants;
  for (int i = 0; i < kRuns; ++i) tenants.push_back(world.create_tenant("T" + std::to_string(i)));
  HttpClient client(world.port());
  const HttpClient::Headers headers{{"Authorization", "Bearer " + world.token()}};
  std::vector<double> starts;
  for (const auto& tenant : tenants)
    starts.push_back(
        milliseconds([&] { REQUIRE(client.post_json(World::verb(tenant, "start"), "{}", headers).status == 202); }));
  std::vector<double> reads;
  std::string body;
  for (int i = 0; i < kReads; ++i)
    reads.push_back(milliseconds(
        [&] { body = client.get(World::verb(tenants[static_cast<std::size_t>(i % kRuns)], "status"), headers).body; }));
  print("start", starts);
  print("status", reads);

  const bench::Nginx nginx(body);
  REQUIRE(nginx.ready());
  std::vector<double> ours;
  std::vector<double> theirs;
  const auto authorization = "-H 'Authorization: Bearer " + world.token() + "'";
  for (int round = 0; round < 3; ++round) {
    ours.push_back(bench::rate(world.port(), World::verb(tenants[0], "status"), authorization));
    theirs.push_back(bench::rate(nginx.port(), "/", authorization));
  }
  std::printf("{\"figure\":\"status_64_clients\",\"bytes\":%zu,\"per_s\":%.0f,\"nginx_per_s\":%.0f,\"ratio\":%.3f}\n",
              body.size(), bench::percentile(ours, 50), bench::percentile(theirs, 50),
              bench::percentile(ours, 50) / bench::percentile(theirs, 50));
}
