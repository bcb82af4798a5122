// Files that change while the host runs. The "engines" here are manifests: what is loaded into what is the loader's
// business, what becomes of it the catalog's.
#include <functional>
#include <set>
#include <thread>

#include "catalog/watcher.hpp"
#include "engine/fixture.hpp"
#include "engine/manifest_reader.hpp"
#include "engine/plugin_file.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"

namespace tenantry::catalog {
namespace {

using namespace tenantry::engine;

using base::EngineId;

class Idle final : public Runtime {
 public:
  std::shared_ptr<Call> start(Invocation, std::shared_ptr<CallSink>) override { return nullptr; }
  [[nodiscard]] std::size_t stuck() const override { return 0; }
};

std::string engine(const std::string& id, const std::string& version, const std::string& step = "one") {
  return R"({"engine":")" + id + R"(","version":")" + version + R"(","request":{"type":"object"},"steps":[{"id":")" +
         step + R"("}]})";
}

base::Result<Loaded> load_text(const fs::path& path) {
  const auto text = read_file(path);
  auto manifest = read_manifest(text);
  if (manifest.has_error()) return refusal(path.filename().string(), "no manifest in it");
  auto digest = read_plugin_file(path, {})->sha256;
  return Loaded{digest, "text", std::make_shared<Contract>(std::make_shared<model::Manifest>(std::move(*manifest))),
                std::make_shared<Idle>()};
}

struct House {
  Folder folder;
  Catalog catalog{{folder.path()}, load_text};

  // Long enough for a change to be taken in, or not.
  void settle() {
    (void)catalog.refresh();
    let_files_age();
    for (int look = 0; look < 4; ++look) (void)catalog.refresh();
  }
  std::string newest(const std::string& id = "plain") {
    const auto found = catalog.find(EngineId(id));
    return found.has_error() ? found.error().code : (*found)->manifest().version;
  }
  std::vector<std::string> refused() {
    std::vector<std::string> out;
    const auto now = catalog.snapshot();
    for (const auto& one : now->refused) out.push_back(one.reason);
    return out;
  }
  std::size_t generations() { return catalog.snapshot()->generations.size(); }
};

TEST_CASE("a file that appears serves new runs without a restart") {
  House house;
  house.catalog.load();
  CHECK(house.newest() == "engine.unknown");
  house.folder.put("plain.so", engine("plain", "1.0.0"));
  house.settle();
  CHECK(house.newest() == "1.0.0");
}

TEST_CASE("a changed file is a new generation; the old one drains and is let go when nobody uses it any more") {
  House house;
  house.folder.put("plain.so", engine("plain", "1.0.0"));
  house.catalog.load();
  const auto old = (*house.catalog.find(EngineId("plain")))->loaded.runtime;
  const auto digest = (*house.catalog.find(EngineId("plain")))->manifest().digest;
  house.folder.put("plain.so", engine("plain", "1.1.0"));
  house.settle();
  CHECK(house.newest() == "1.1.0");
  REQUIRE(house.generations() == 2);
  CHECK(house.catalog.snapshot()->generations.front()->state == GenerationState::kDraining);
  CHECK((*house.catalog.find_pinned(EngineId("plain"), digest))->loaded.runtime == old);
  CHECK(house.catalog.find(EngineId("plain"), "1.0.0").error().code == "engine.unknown");

  const std::weak_ptr<Runtime> watched = old;
  const_cast<std::shared_ptr<Runtime>&>(old).reset();  // its last run has ended
  house.settle();
  CHECK(watched.expired());
  CHECK(house.generations() == 1);
  CHECK(house.catalog.find_pinned(EngineId("plain"), digest).error().code == "engine.gone");
}

TEST_CASE("a file that is refused leaves the generation that came from it before") {
  House house;
  house.folder.put("plain.so", engine("plain", "1.0.0"));
  house.catalog.load();
  house.folder.put("plain.so", "cut short");
  house.settle();
  CHECK(house.newest() == "1.0.0");
  CHECK(house.refused() == std::vector<std::string>{"plain.so: no manifest in it."});
  house.folder.put("plain.so", engine("plain", "1.2.0"));
  house.settle();
  CHECK(house.newest() == "1.2.0");
  CHECK(house.refused().empty());
}

TEST_CASE("a released version keeps its manifest; one before its release may change") {
  House house;
  house.folder.put("plain.so", engine("plain", "1.0.0"));
  house.folder.put("young.so", engine("young", "1.0.0-dev"));
  house.catalog.load();
  house.folder.put("plain.so", engine("plain", "1.0.0", "other"));
  house.folder.put("young.so", engine("young", "1.0.0-dev", "other"));
  house.settle();
  REQUIRE(house.refused().size() == 1);
  CHECK(house.refused().front() ==
        "plain.so: expected that version 1.0.0 of plain keeps its manifest, found another one; raise the version (or "
        "call it a pre-release such as 1.0.0-dev while you work on it).");
  CHECK((*house.catalog.find(EngineId("plain")))->manifest().steps.front().id == "one");
  CHECK((*house.catalog.find(EngineId("young")))->manifest().steps.front().id == "other");
}

TEST_CASE("a file that was only touched stays the generation it is") {
  House house;
  const auto file = house.folder.put("plain.so", engine("plain", "1.0.0"));
  house.catalog.load();
  fs::last_write_time(file, fs::last_write_time(file) - std::chrono::hours(1));
  house.settle();
  REQUIRE(house.generations() == 1);
  CHECK(house.catalog.snapshot()->generations.front()->number == 1);
}

TEST_CASE("an engine whose file is gone takes no new runs") {
  House house;
  const auto file = house.folder.put("plain.so", engine("plain", "1.0.0"));
  house.catalog.load();
  const auto used = (*house.catalog.find(EngineId("plain")))->loaded.runtime;
  fs::remove(file);
  house.settle();
  CHECK(house.newest() == "engine.unknown");
  CHECK(house.generations() == 1);  // its runs go on
}

TEST_CASE("a file that was refused because another was there first has its turn when that is gone") {
  House house;
  const auto first = house.folder.put("a.so", engine("plain", "1.0.0"));
  house.folder.put("b.so", engine("plain", "1.0.0"));
  house.catalog.load();
  REQUIRE(house.refused().size() == 1);
  fs::remove(first);
  house.settle();
  CHECK(house.refused().empty());
  CHECK((*house.catalog.find(EngineId("plain")))->file() == "b.so");
}

TEST_CASE("a file that goes back to an older version is what new runs use") {
  House house;
  house.folder.put("plain.so", engine("plain", "2.0.0"));
  house.catalog.load();
  house.folder.put("plain.so", engine("plain", "1.9.0"));
  house.settle();
  CHECK(house.newest() == "1.9.0");
}

TEST_CASE("a directory that cannot be read is listed until it can") {
  const Folder folder;
  const auto inner = folder.path() / "engines";
  Catalog catalog({inner}, load_text);
  catalog.load();
  CHECK(catalog.snapshot()->refused.size() == 1);
  fs::create_directory(inner);
  std::ofstream(inner / "plain.so") << engine("plain", "1.0.0");
  (void)catalog.refresh();
  let_files_age();
  (void)catalog.refresh();
  CHECK(catalog.snapshot()->refused.empty());
  CHECK(catalog.find(EngineId("plain")).has_value());
}

TEST_CASE("what unfinished runs began on is there after a restart, and is let go when they have ended") {
  const Folder shelf_folder;
  std::set<std::string> needed;
  const Shelf shelf(shelf_folder.path() / "kept", [&] { return base::Result<std::set<std::string>>(needed); });
  const Folder folder;
  folder.put("plain.so", engine("plain", "1.0.0"));
  std::string digest;
  {
    Catalog catalog({folder.path()}, load_text, &shelf);
    catalog.load();
    digest = (*catalog.find(EngineId("plain")))->manifest().digest;
  }
  needed = {digest};
  folder.put("plain.so", engine("plain", "2.0.0"));
  Catalog catalog({folder.path()}, load_text, &shelf);
  catalog.load();
  CHECK((*catalog.find(EngineId("plain")))->manifest().version == "2.0.0");
  const auto kept = catalog.find_pinned(EngineId("plain"), digest);
  REQUIRE(kept.has_value());
  CHECK((*kept)->state == GenerationState::kDraining);
  (void)catalog.refresh();
  CHECK(catalog.find_pinned(EngineId("plain"), digest).has_value());  // nobody holds it yet, but a run will
  CHECK(fs::exists(shelf_folder.path() / "kept" / (digest + ".so")));

  std::ofstream(shelf_folder.path() / "kept" / "mine.so") << "not a copy";
  needed.clear();
  (void)catalog.refresh();
  CHECK(catalog.find_pinned(EngineId("plain"), digest).has_error());
  CHECK_FALSE(fs::exists(shelf_folder.path() / "kept" / (digest + ".so")));
  CHECK(fs::exists(shelf_folder.path() / "kept" / "mine.so"));
}

TEST_CASE("the watcher takes in what changes by itself, and ends at once") {
  House house;
  house.catalog.load();
  {
    const Watcher watcher(house.catalog, base::Millis{5});
    house.folder.put("plain.so", engine("plain", "1.0.0"));
    CHECK(test::eventually([&] { return house.newest() == "1.0.0"; }));
  }
  { const Watcher watcher(house.catalog, base::Millis{3'600'000}); }
}

}  // namespace
}  // namespace tenantry::catalog
