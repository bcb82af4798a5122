#include "catalog/catalog.hpp"

#include <atomic>
#include <set>
#include <thread>

#include "engine/fixture.hpp"
#include "support/catch.hpp"

namespace tenantry::catalog {
namespace {

using namespace tenantry::engine;

namespace json = boost::json;
using base::EngineId;

Loader loader() {
  return in_process_loader([](const EngineId&) { return json::value(json::object{}); });
}

// A folder with copies of test plugins.
void fill(const Folder& folder, std::initializer_list<std::string> names) {
  for (const auto& name : names) folder.put(name + ".so", read_file(plugin(name)));
}

TEST_CASE("the catalog holds every good engine, and every other file with its reason") {
  const Folder folder;
  fill(folder, {"good", "newer", "other", "wrong_magic", "throws_in_open", "manifest_cycle"});
  folder.put("text.so", "no engine");
  folder.put("README.md", "not looked at");
  folder.put("zz_again.so", read_file(plugin("good")));
  fs::create_directory(folder.path() / "folder.so");
  Catalog catalog({folder.path(), folder.path() / "absent"}, loader());
  catalog.load();

  const auto snapshot = catalog.snapshot();
  REQUIRE(snapshot->generations.size() == 3);
  CHECK(snapshot->generations[0]->file() == "good.so");
  CHECK(snapshot->generations[0]->number == 1);
  CHECK(snapshot->generations[2]->file() == "other.so");
  CHECK(snapshot->generations[2]->number == 3);
  CHECK(snapshot->generations[2]->loaded.file_digest.size() == 64);

  std::set<std::string> files;
  for (const auto& refused : snapshot->refused) {
    CAPTURE(refused.reason);
    files.insert(refused.file());
    CHECK(refused.reason.find(refused.file() + ": ") != std::string::npos);
    CHECK(refused.reason.ends_with("."));
  }
  CHECK(files == std::set<std::string>{"folder.so", "wrong_magic.so", "throws_in_open.so", "manifest_cycle.so",
                                       "text.so", "zz_again.so", "absent"});
  for (const auto& refused : snapshot->refused)
    if (refused.file() == "zz_again.so")
      CHECK(
          refused.reason ==
          "zz_again.so: expected an engine that is not there yet, found plain 1.0.0 again, which good.so already is.");
}

TEST_CASE("new runs get the highest version, and old ones the manifest they began with") {
  const Folder folder;
  fill(folder, {"good", "newer"});
  Catalog catalog({folder.path()}, loader());
  catalog.load();
  const auto newest = catalog.find(EngineId("plain"));
  REQUIRE(newest.has_value());
  CHECK((*newest)->manifest().version == "1.10.0");
  const auto digest = catalog.snapshot()->generations.front()->manifest().digest;
  CHECK((*catalog.find_pinned(EngineId("plain"), digest))->manifest().version == "1.0.0");
  CHECK(catalog.find(EngineId("none")).error().code == "engine.unknown");
  CHECK(catalog.find_pinned(EngineId("plain"), "0000").error().code == "engine.gone");
}

TEST_CASE("an engine of the catalog can be called") {
  const Folder folder;
  fill(folder, {"good"});
  Catalog catalog({folder.path()}, loader());
  catalog.load();
  auto sink = std::make_shared<Recorder>();
  Invocation call;
  call.step = "one";
  call.input = "{}";
  (*catalog.find(EngineId("plain")))->loaded.runtime->start(call, sink);
  CHECK(sink->answer().outcome == model::Outcome::kDone);
}

TEST_CASE("settings that an engine does not accept refuse its file with the problems") {
  const Folder folder;
  fill(folder, {"good"});
  Catalog catalog({folder.path()}, in_process_loader([](const EngineId& engine) {
                    return json::value(json::object{{"engine", engine.value}});
                  }));
  catalog.load();
  const auto snapshot = catalog.snapshot();
  REQUIRE(snapshot->refused.size() == 1);
  CHECK(snapshot->refused.front().reason == "good.so: The settings are not what the engine accepts.");
  REQUIRE(snapshot->refused.front().problems.size() == 1);
  CHECK(snapshot->refused.front().problems.front().pointer == "/engine");
}

TEST_CASE("a snapshot stays as it was while more is loaded") {
  const Folder first;
  const Folder second;
  fill(first, {"good"});
  Catalog catalog({first.path(), second.path()}, loader());
  catalog.load();
  const auto before = catalog.snapshot();
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::thread reader([&] {
    while (!stop)
      if (catalog.find(EngineId("plain")).has_error()) ++wrong;
  });
  const auto filled = std::chrono::steady_clock::now();
  fill(second, {"other"});
  const bool at_once = catalog.refresh();
  const bool is_young = std::chrono::steady_clock::now() - filled < std::chrono::milliseconds(20);
  CHECK_FALSE((at_once && is_young));  // it may still be growing
  let_files_age();
  CHECK((at_once || catalog.refresh()));
  stop = true;
  reader.join();
  CHECK(wrong == 0);
  CHECK(before->generations.size() == 1);
  CHECK(catalog.snapshot()->generations.size() == 2);
  CHECK(catalog.snapshot()->generations.back()->number == 2);
}

}  // namespace
}  // namespace tenantry::catalog
