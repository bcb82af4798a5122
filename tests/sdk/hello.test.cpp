// The example engine and the one in plain C, as the files a host would load.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <tenantry/testing/fake_host.hpp>

#include "plugin_file.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

using namespace tenantry;
using testing::FakeHost;
namespace fs = std::filesystem;

TEST_CASE("hello greets, notices that it has, sees when it was disturbed, and takes it back") {
  const test::TempDir folder;
  FakeHost host(test::load(ENGINES "/hello.so"), {{"directory", folder.path().string()}});
  host.document["request"] = {{"name", "acme"}};
  const auto last = host.run_all();
  CHECK(last.outcome == TENANTRY_DONE);
  REQUIRE(last.events.size() == 1);
  CHECK(last.events[0].second.at("text") == "Hello, acme!");
  const auto again = host.run("write_greeting");
  CHECK(again.outcome == TENANTRY_ALREADY_DONE);
  CHECK(host.verify("write_greeting").outcome == TENANTRY_DONE);

  std::ofstream(again.output->at("file").as_string().c_str()) << "Goodbye";
  const auto drift = host.verify("write_greeting");
  CHECK(drift.outcome == TENANTRY_DRIFTED);
  CHECK(drift.output->at("drift").at(0).at("found") == "Goodbye");

  for (int i = 0; i < 2; ++i) {
    CHECK(host.undo("write_greeting").outcome == TENANTRY_DONE);
    CHECK(host.undo("make_room").outcome == TENANTRY_DONE);
  }
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("an engine in plain C makes its directory once and takes it back twice") {
  const test::TempDir folder;
  ::setenv("PLAIN_C_ROOT", folder.path().c_str(), 1);
  FakeHost host(test::load(ENGINES "/plain_c.so"));
  ::unsetenv("PLAIN_C_ROOT");
  host.document["request"] = {{"tenant", "acme"}};
  CHECK(host.run("make_directory").outcome == TENANTRY_DONE);
  CHECK(fs::is_directory(folder / "tenant-1"));
  CHECK(host.run("make_directory").outcome == TENANTRY_ALREADY_DONE);
  CHECK(host.undo("make_directory").outcome == TENANTRY_DONE);
  CHECK(host.undo("make_directory").outcome == TENANTRY_DONE);
  CHECK(fs::is_empty(folder.path()));
  CHECK(host.verify("make_directory").outcome == TENANTRY_UNSUPPORTED);
  CHECK(host.invoke(TENANTRY_OP_RUN, "other", "{}").outcome == TENANTRY_UNSUPPORTED);
  CHECK(host.invoke(TENANTRY_OP_RUN, "make_directory", "nonsense").outcome == TENANTRY_FAILED);
}
