// The engines that are examples, as an operator would run them: each in a process of its own, from its file to a
// provisioned tenant.
#include <map>

#include "world.hpp"

using namespace tenantry::system;

namespace {

struct Example {
  std::string engine;
  std::string options;  // under [engines]; %s is a folder to work in
  std::string parameters;
  std::string result;  // in that folder
};

const Example kExamples[] = {
    {"hello", R"(settings = { hello = { directory = "%s" } })", R"({"name":"acme"})", "acme/greeting.txt"},
    {"ledger", R"(settings = { ledger = { directory = "%s" } })", R"({"name":"acme"})", "published-acme/ledger.csv"},
    {"plain_c", "", R"({"tenant":"acme"})", ""},
    {"patient",
     "settings = { patient = { directory = \"%s\" } }\n[[servers]]\nid = \"here\"\nengine = \"patient\"\n"
     "secrets = { api_key = \"env:ERP_KEY\" }",
     R"({"domain":"acme.example.com","items":["a","b"]})", "acme.example.com"},
};

std::string with_folder(std::string text, const std::string& folder) {
  if (const auto at = text.find("%s"); at != std::string::npos) text.replace(at, 2, folder);
  return text;
}

}  // namespace

TEST_CASE("every engine that is an example provisions a tenant in a process of its own") {
  const auto& example = GENERATE(from_range(std::begin(kExamples), std::end(kExamples)));
  CAPTURE(example.engine);
  const tenantry::test::TempDir folder;
  World world(World::Bare{example.engine, TEST_ENGINES "/" + example.engine + ".so",
                          with_folder(example.options, folder.path())});
  const auto engine = world.get("/api/engines/" + example.engine);
  CHECK(engine.at_pointer("/generations/0/runtime/isolation") == "process");
  CHECK(engine.at_pointer("/generations/0/runtime/pid").as_int64() == world.engine_processes().at(0));
  const auto tenant = world.create_tenant("acme");
  const auto started = world.post(World::verb(tenant, "start"), R"({"parameters":)" + example.parameters + "}");
  INFO(started.body);
  REQUIRE(started.status == 202);
  REQUIRE(world.reaches(tenant, "COMPLETED"));
  if (!example.result.empty()) CHECK(std::filesystem::exists(std::filesystem::path(folder.path()) / example.result));
}
