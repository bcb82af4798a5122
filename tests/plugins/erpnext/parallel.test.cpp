// Several tenants at once, on one site and on many.
#include <thread>

#include "support/catch.hpp"
#include "world.hpp"

using namespace world;

namespace {

struct Ran {
  std::map<std::string, int> outcomes;
  int retries = 0;
};

// As the host would: every tenant by itself, each step again until it is settled.
Ran provision(const Sandbox& sandbox, const std::string& id, const std::string& site) {
  Host host(sandbox, {.id = id, .name = "Shop " + id}, site);
  host.document["request"] = {{"include_demo_data", true}};
  Ran ran;
  for (const std::string& step : steps_of(host)) {
    Report report;
    for (int i = 0; i < 60; ++i) {
      report = host.run(step);
      if (report.outcome != TENANTRY_RETRY && report.outcome != TENANTRY_WAIT) break;
      ++ran.retries;
      std::this_thread::yield();
    }
    ran.outcomes[step] = report.outcome;
    if (!succeeded(report)) break;
  }
  return ran;
}

std::vector<Ran> provision_all(const Sandbox& sandbox, int tenants, const std::string& site) {
  std::vector<Ran> all(static_cast<std::size_t>(tenants));
  std::vector<std::thread> threads;
  for (int i = 0; i < tenants; ++i)
    threads.emplace_back(
        [&, i] { all[static_cast<std::size_t>(i)] = provision(sandbox, "p" + std::to_string(i), site); });
  for (std::thread& thread : threads) thread.join();
  return all;
}

}  // namespace

TEST_CASE("tenants that are made at once on one site settle their deadlocks by trying again") {
  Sandbox sandbox({"--time-scale", "0.01", "--deadlock-probability", "0.5"});
  const std::string site = "shared.local";
  const auto all = provision_all(sandbox, 6, site);
  for (const Ran& ran : all) CHECK(ran.outcomes.size() == 11);
  CHECK(sandbox.duplicates(site).empty());
  CHECK(count(sandbox, "Company", site) == 6);
  CHECK(count(sandbox, "POS Opening Entry", site) == 6);
  const json::object mode = document(sandbox, site, "Mode of Payment", "M-Pesa");
  CHECK(mode.at("accounts").as_array().size() == 6);
}

TEST_CASE("tenants with sites of their own are made side by side without one try in vain") {
  Sandbox sandbox;
  for (const Ran& ran : provision_all(sandbox, 6, "{tenant}.local")) {
    CHECK(ran.outcomes.size() == 11);
    CHECK(ran.retries == 0);
  }
}
