#include "client/batch.hpp"

#include <sstream>

#include "client/answering.hpp"
#include "client/exit_code.hpp"

using namespace tenantry;
using namespace tenantry::client;
namespace json = base::json;

namespace {

struct Person {
  Answering host;
  Client client{host.url(), "a-token"};
  std::ostringstream out;
  std::ostringstream err;

  int run(const BatchCommand& command, Format format = Format::kTable) {
    WatchOptions options;
    options.format = format;
    options.interval = std::chrono::milliseconds(1);
    return run_batch({client, options, out, err}, command);
  }
};

}  // namespace

TEST_CASE("a filter is read from name=value, with labels and ids gathered") {
  const auto filter =
      batch_filter({"engine=hello", "status=FAILED", "label.plan=gold", "label.x=a=b", "id=ten_1", "id=ten_2"});
  REQUIRE(filter.has_value());
  CHECK(*filter == json::parse(R"({"engine":"hello","status":"FAILED","ids":["ten_1","ten_2"],
                                   "labels":{"plan":"gold","x":"a=b"}})"));
  CHECK(*batch_filter({"all"}) == json::object{{"all", true}});
  CHECK(batch_filter({"everything"}).error().code == "cli.filter");
  CHECK(batch_filter({"=x"}).error().code == "cli.filter");
}

TEST_CASE("a plan says for each tenant what would happen, and sends validate_only") {
  Person person;
  person.host.on("POST /api/batches", R"({"validate_only":true,"verb":"retry","total":2,"would":1,"refused":1,"items":[
    {"tenant_id":"ten_1","name":"One","would":true},
    {"tenant_id":"ten_2","name":"Two","would":false,"error":{"code":"x","message":"It has not run.","next_action":"Start it."}}]})");
  CHECK(person.run({"retry", {"all"}, "because", {}, true, false}) == kExitPartial);
  CHECK(person.out.str().find("It has not run. Start it.") != std::string::npos);
  CHECK(person.out.str().find("1 of 2 tenants would be told to retry.") != std::string::npos);
  const auto sent = json::parse(person.host.asked().at(0).body);
  CHECK(sent == json::parse(R"({"verb":"retry","filter":{"all":true},"reason":"because","validate_only":true})"));
  CHECK_FALSE(person.host.asked().at(0).idempotency_key.empty());
}

TEST_CASE("with --wait the end is waited for, and who refused is named with the reason") {
  Person person;
  person.host.on("POST /api/batches", R"({"id":"bat_1","state":"running","total":3,"done":0,"refused":0})", 202);
  person.host.on("GET /api/batches/bat_1", R"({"id":"bat_1","state":"running","total":3,"done":1,"refused":0})");
  person.host.on("GET /api/batches/bat_1",
                 R"({"id":"bat_1","state":"finished","total":3,"done":2,"refused":1,"next":null,
    "items":[{"tenant_id":"ten_3","error":{"message":"No.","next_action":"Wait."}}]})");
  CHECK(person.run({"start", {"all"}, "", {"size=3"}, false, true}) == kExitPartial);
  CHECK(person.out.str().find("2 accepted, 1 refused.") != std::string::npos);
  CHECK(person.out.str().find("No. Wait.") != std::string::npos);
  CHECK(json::parse(person.host.asked().at(0).body).at("parameters") == json::parse(R"({"size":3})"));
}

TEST_CASE("without it the batch is only named, and a refusal of the whole is exit code 5 or 2") {
  Person person;
  person.host.on("POST /api/batches", R"({"id":"bat_1","state":"running","total":3,"done":0,"refused":0})", 202);
  CHECK(person.run({"cancel", {"engine=hello"}, "", {}, false, false}) == kExitOk);
  CHECK(person.out.str() == "Batch bat_1: 3 tenants are told to cancel.\n");
  Person other;
  other.host.on("POST /api/batches", R"({"status":400,"code":"batch.nobody","detail":"The filter finds no tenant."})",
                400);
  CHECK(other.run({"cancel", {"engine=none"}, "", {}, false, false}) != kExitOk);
  CHECK(other.err.str().find("finds no tenant") != std::string::npos);
}
