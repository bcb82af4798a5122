// The example engine that takes its time, as the file a host would load.
#include <fstream>
#include <tenantry/testing/fake_host.hpp>

#include "plugin_file.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

using namespace tenantry;
using testing::FakeHost;
namespace fs = std::filesystem;

namespace {

struct World {
  test::TempDir folder;
  FakeHost host{test::load(ENGINES "/patient.so"), {{"directory", folder.path().string()}}};

  World() {
    host.document["server"] = {{"id", "here"}};
    host.document["request"] = {{"domain", "acme.example.com"}, {"items", {"a", "b", "c"}}};
    host.secrets["server.api_key"] = "long enough";
  }
  void touch(const std::string& name) const { std::ofstream(folder / name) << "x"; }
};

}  // namespace

TEST_CASE("a patient engine waits for the domain, and then publishes") {
  World world;
  const auto waiting = world.host.run_all();
  CHECK(waiting.outcome == TENANTRY_WAIT);
  CHECK(waiting.retry_after == 100ms);
  CHECK(waiting.message == "acme.example.com does not point here yet");
  CHECK(world.host.run("await_domain").outcome == TENANTRY_DONE);
  CHECK(world.host.run("await_domain").outcome == TENANTRY_ALREADY_DONE);
  const auto logo = world.host.run("add_logo");
  CHECK(logo.outcome == TENANTRY_SKIPPED);
  CHECK(logo.message == "no logo was given");
  const auto published = world.host.run("publish");
  CHECK(published.outcome == TENANTRY_DONE);
  CHECK(published.output->at("url") == "https://acme.example.com");
  CHECK(published.events.size() == 1);
}

TEST_CASE("a patient engine says what to do about a wrong key, and which secret is missing") {
  World world;
  world.host.secrets["server.api_key"] = "short";
  const auto wrong = world.host.run("open_account");
  CHECK(wrong.outcome == TENANTRY_FAILED);
  CHECK(wrong.code == "patient.unauthenticated");
  CHECK(wrong.detail.at("next_action") == "Correct the api_key of this server, then continue.");
  world.host.secrets.clear();
  CHECK(world.host.run("open_account").code == "engine.missing_secret");
  world.host.secrets["server.api_key"] = "long enough";
  world.host.refuse_secrets = true;
  CHECK(world.host.run("open_account").code == "patient.not_kept");
}

TEST_CASE("a patient engine goes on where it was interrupted") {
  World world;
  REQUIRE(world.host.run("open_account").outcome == TENANTRY_DONE);
  int naps = 0;
  world.host.on_sleep = [&] {
    if (++naps == 3) world.host.cancel();
  };
  CHECK(world.host.run("import_items").outcome == TENANTRY_CANCELLED);
  CHECK(world.host.checkpoints.at("import_items") == "2");
  world.host.allow();
  const auto rest = world.host.run("import_items");
  CHECK(rest.outcome == TENANTRY_DONE);
  CHECK(rest.output->at("items") == 3);
  CHECK(rest.progress.size() == 1);
}

TEST_CASE("a patient engine judges the request beyond its schema, and plans without acting") {
  World world;
  CHECK(world.host.validate().output->at("problems").as_array().empty());
  world.touch("acme.example.com.taken");
  CHECK(world.host.validate().output->at("problems").at(0).at("path") == "/domain");
  const auto plan = world.host.plan("publish");
  CHECK(plan.outcome == TENANTRY_DONE);
  CHECK(plan.output->at("actions").at(0).at("what") == "https://acme.example.com");
  CHECK(std::distance(fs::directory_iterator(world.folder.path()), fs::directory_iterator()) == 1);
}
