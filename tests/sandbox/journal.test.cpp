#include <barrier>
#include <filesystem>
#include <fstream>
#include <thread>

#include "sandbox/fixture.hpp"
#include "support/catch.hpp"

using namespace tenantry::sandbox;
using namespace tenantry::sandbox::testing;

TEST_CASE("effects are numbered, filtered by site and read on from a number") {
  Journal journal;
  for (const char* site : {"a", "b", "a"}) journal.append({site, "POST", "Item", "X", "created", {}});
  CHECK(journal.effects(0, 100, "").size() == 3);
  CHECK(journal.effects(0, 100, "a").size() == 2);
  CHECK(journal.effects(2, 100, "").at(0).at("seq").to_number<int>() == 3);
  CHECK(journal.effects(0, 1, "").size() == 1);
  journal.clear();
  CHECK(journal.effects(0, 100, "").empty());
}

TEST_CASE("a journal file holds each effect as soon as it is appended") {
  const auto file = std::filesystem::temp_directory_path() / ("sandbox-journal-" + std::to_string(::getpid()));
  {
    Journal journal(file.string());
    journal.append({"a", "POST", "Item", "X", "created", {}});
    std::ifstream stream(file);
    std::string line;
    CHECK(std::getline(stream, line));
    CHECK(json::parse(line).at("name").as_string() == "X");
  }
  std::filesystem::remove(file);
}

TEST_CASE("the most requests at one time are counted for each site and for all") {
  Journal journal;
  std::barrier all_inside(3);
  const auto visit = [&](const char* site) {
    const Journal::Presence presence(journal, site);
    all_inside.arrive_and_wait();
  };
  {
    const std::jthread one([&] { visit("a"); });
    const std::jthread two([&] { visit("a"); });
    const std::jthread three([&] { visit("b"); });
  }
  const json::object load = journal.load();
  CHECK(load.at("max_concurrent").as_int64() == 3);
  CHECK(load.at("in_flight").as_int64() == 0);
  CHECK(load.at("sites").at("a").at("max_concurrent").as_int64() == 2);
  CHECK(load.at("sites").at("b").at("max_concurrent").as_int64() == 1);
}

TEST_CASE("only what was committed is in the journal, with what was made along") {
  Sandbox sandbox;
  sandbox.application.sites().make("a.local", "with-company");
  sandbox.control("DELETE", "journal");
  const json::value item{{"item_code", "A"}, {"item_group", "Products"}, {"stock_uom", "Nos"}, {"standard_rate", 5}};
  CHECK(sandbox.ask("a.local", "POST", "/api/resource/Item", item)->status == 200);
  CHECK(sandbox.ask("a.local", "POST", "/api/resource/Item", item)->status == 409);
  const json::value both{
      {"docs",
       {{{"doctype", "Item"}, {"item_code", "B"}, {"item_group", "Products"}, {"stock_uom", "Nos"}},
        {{"doctype", "Item"}, {"item_code", "A"}, {"item_group", "Products"}, {"stock_uom", "Nos"}}}}};
  CHECK(sandbox.ask("a.local", "POST", "/api/method/frappe.client.insert_many", both)->status == 409);
  const auto effects = sandbox.control("GET", "journal");
  REQUIRE(effects.as_array().size() == 1);
  CHECK(effects.at(0).at("with").at("Item Price").as_int64() == 1);
  CHECK(sandbox.ask("a.local", "GET", "/api/resource/Item/B")->status == 404);
}

TEST_CASE("the state tells duplicates by what they are, not by their names") {
  Sandbox sandbox;
  sandbox.application.sites().make("a.local", "with-company");
  const json::value customer{{"customer_name", "Walk-in"}, {"customer_group", "Individual"}, {"territory", "Kenya"}};
  CHECK(sandbox.ask("a.local", "POST", "/api/resource/Customer", customer)->status == 200);
  CHECK(sandbox.control("GET", "state").at("sites").at("a.local").at("duplicates").as_array().empty());
  CHECK(sandbox.ask("a.local", "POST", "/api/resource/Customer", customer)->status == 200);
  const auto state = sandbox.control("GET", "state");
  const auto& duplicates = state.at("sites").at("a.local").at("duplicates").as_array();
  REQUIRE(duplicates.size() == 1);
  CHECK(duplicates[0].at("doctype").as_string() == "Customer");
  CHECK(duplicates[0].at("names").as_array().size() == 2);
  CHECK(state.at("sites").at("a.local").at("counts").at("Customer").as_int64() == 2);
}
