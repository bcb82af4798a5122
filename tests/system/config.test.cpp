// A configuration that is wrong is answered with everything that is wrong with it, and nothing is started or made.
#include <sys/wait.h>

#include <array>
#include <cstdio>

#include "world.hpp"

using namespace tenantry::system;

namespace {

struct Ended {
  int code = 0;
  std::string said;
};

Ended serve(const std::string& file) {
  const std::string command = std::string(TENANTRY_HOST) + " serve --config " + file + " 2>&1 </dev/null";
  auto* output = ::popen(command.c_str(), "r");
  REQUIRE(output != nullptr);
  Ended ended;
  std::array<char, 512> piece{};
  while (std::fgets(piece.data(), piece.size(), output) != nullptr) ended.said += piece.data();
  const int status = ::pclose(output);
  ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ended;
}

bool says(const Ended& ended, const std::string& words) { return ended.said.find(words) != std::string::npos; }

}  // namespace

TEST_CASE("every problem of a configuration is said at once, with its place") {
  const tenantry::test::TempDir folder;
  std::ofstream(folder / "bad.toml") << R"(
colour = "red"
data_dir = 7
[listen]
port = 70000
[[servers]]
id = "erp"
engine = "erpnext"
secrets = { api_key = "in-clear" }
[[servers]]
id = "erp"
engine = "Not An Id"
limits = { rate = "fast", burst = 5, breaker = { pause_ms = 9000, max_pause_ms = 1000 } }
[engines.steps.erpnext.create_company]
retry = { backoff_ms = 5000, max_backoff_ms = 1000 }
[engines.steps.erpnext."*"]
retry = { attempts = 0 }
)";
  const auto ended = serve(folder / "bad.toml");
  INFO(ended.said);
  CHECK(ended.code == 2);
  for (const auto* place :
       {"/colour", "/data_dir", "/listen/port", "/servers/0/secrets/api_key", "/servers/1/engine", "/servers/1/id",
        "/servers/1/limits/rate", "/servers/1/limits/breaker/pause_ms",
        "/engines/steps/erpnext/create_company/retry/backoff_ms", "/engines/steps/erpnext/*/retry/attempts"})
    CHECK(says(ended, place));
  CHECK_FALSE(says(ended, "in-clear"));
  CHECK_FALSE(std::filesystem::exists(folder / "data"));
}

TEST_CASE("a configuration that cannot be read or parsed is one clear sentence") {
  const tenantry::test::TempDir folder;
  CHECK(says(serve(folder / "absent.toml"), "cannot be read"));
  std::ofstream(folder / "broken.toml") << "[listen\nport = 1\n";
  const auto ended = serve(folder / "broken.toml");
  INFO(ended.said);
  CHECK(ended.code == 2);
  CHECK(says(ended, "broken.toml:1"));
}

TEST_CASE("a store that cannot be used is one clear sentence, and the file stays as it was") {
  const tenantry::test::TempDir folder;
  const auto config = [&](const std::string& store) {
    std::ofstream(folder / "t.toml") << "data_dir = \"data\"\n[listen]\nport = 0\n[store]\nurl = \"sqlite:" << store
                                     << "\"\n";
    return serve(folder / "t.toml");
  };
  std::ofstream(folder / "text.db")
      << "this is no database, and it is longer than a header of one would be, on purpose\n";
  const auto before = read_file(folder / "text.db");
  auto ended = config("text.db");
  INFO(ended.said);
  CHECK(ended.code == 1);
  CHECK(says(ended, "text.db"));
  CHECK(read_file(folder / "text.db") == before);
  ended = config("data");  // a folder
  INFO(ended.said);
  CHECK(ended.code == 1);
}

TEST_CASE("a second host on the same store is refused and the first goes on") {
  World world;
  const auto ended = serve(world.file("tenantry.toml"));
  INFO(ended.said);
  CHECK(ended.code == 1);
  CHECK(says(ended, "tenantry.db"));
  CHECK(world.call("GET", "/api/auth/me").status == 200);
}

TEST_CASE("an engine that cannot be loaded is refused with its reason, and the host starts all the same") {
  World world;
  CHECK(world.stop_host() == 0);
  std::ofstream(world.file("engines/broken.so")) << "not a shared library";
  std::filesystem::permissions(world.file("engines/broken.so"), std::filesystem::perms::owner_all);
  world.start_host();
  const auto refused = world.get("/api/engines?state=refused");
  REQUIRE(refused.as_array().size() == 1);
  CHECK(refused.at(0).at("file") == "broken.so");
  CHECK_FALSE(refused.at(0).at("reason").as_string().empty());
  CHECK(world.get("/api/engines").as_array().size() == 1);
}
