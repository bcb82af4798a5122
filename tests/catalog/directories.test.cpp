#include "catalog/directories.hpp"

#include "engine/fixture.hpp"
#include "support/catch.hpp"

namespace tenantry::catalog {
namespace {

using namespace tenantry::engine;

std::vector<std::string> names(const std::vector<fs::path>& paths) {
  std::vector<std::string> out;
  for (const auto& path : paths) out.push_back(path.filename().string());
  return out;
}
using Names = std::vector<std::string>;

// A look at files that are no longer fresh.
DirectoryNews later(Directories& directories) {
  let_files_age();
  return directories.look();
}

TEST_CASE("the first look of a host that starts tells every file at once, in the order of directories and names") {
  const Folder first;
  const Folder second;
  first.put("b.so", "b");
  first.put("a.so", "a");
  first.put("notes.txt", "not an engine");
  second.put("0.so", "0");
  let_files_age();
  Directories directories({first.path(), second.path()});
  CHECK(names(directories.look(true).changed) == Names{"a.so", "b.so", "0.so"});
  CHECK(directories.look(true).empty());
  CHECK(directories.look().empty());
}

TEST_CASE("a file is told when it holds still between two looks, and once") {
  const Folder folder;
  Directories directories({folder.path()});
  CHECK(directories.look().empty());
  folder.put("a.so", "1");
  CHECK(directories.look().empty());
  folder.put("a.so", "12");  // it is being copied
  CHECK(directories.look().empty());
  folder.put("a.so", "123");
  CHECK(directories.look().empty());
  CHECK(names(later(directories).changed) == Names{"a.so"});
  CHECK(directories.look().empty());
}

TEST_CASE("a copy that pauses is told again when it goes on") {
  const Folder folder;
  Directories directories({folder.path()});
  folder.put("a.so", "half");
  CHECK(directories.look().empty());
  CHECK(names(later(directories).changed) == Names{"a.so"});
  folder.put("a.so", "half and half");
  CHECK(directories.look().empty());
  CHECK(names(later(directories).changed) == Names{"a.so"});
}

TEST_CASE("a file that is renamed over another is another one, even of the same size") {
  const Folder folder;
  folder.put("a.so", "old");
  Directories directories({folder.path()});
  (void)directories.look(true);
  fs::rename(folder.put("a.so.new", "new"), folder.path() / "a.so");
  CHECK(directories.look().empty());
  CHECK(names(later(directories).changed) == Names{"a.so"});
}

TEST_CASE("a file that changes within one tick of the clock is seen to have changed") {
  const Folder folder;
  folder.put("a.so", "1");
  Directories directories({folder.path()});
  CHECK(names(directories.look(true).changed) == Names{"a.so"});
  folder.put("a.so", "2");
  CHECK(directories.look().empty());
  CHECK(names(later(directories).changed) == Names{"a.so"});
  CHECK(later(directories).empty());
}

TEST_CASE("a file is gone when it is missing twice; one that is put back in between was never away") {
  const Folder folder;
  const auto file = folder.put("a.so", "1");
  Directories directories({folder.path()});
  (void)directories.look(true);
  fs::rename(file, folder.path() / "aside");
  CHECK(directories.look().empty());
  fs::rename(folder.path() / "aside", file);
  CHECK(directories.look().gone.empty());
  (void)later(directories);  // renaming changed the inode's time: it is told as changed
  fs::remove(file);
  CHECK(directories.look().empty());
  const auto news = directories.look();
  CHECK(names(news.gone) == Names{"a.so"});
  CHECK(news.changed.empty());
  CHECK(directories.look().empty());
}

TEST_CASE("a file that came and went before it was told is no news") {
  const Folder folder;
  Directories directories({folder.path()});
  const auto file = folder.put("a.so", "1");
  (void)directories.look();
  fs::remove(file);
  CHECK(directories.look().empty());
  CHECK(directories.look().empty());
}

TEST_CASE("the files of a directory that cannot be read are not gone") {
  const Folder folder;
  const auto inner = folder.path() / "engines";
  fs::create_directory(inner);
  std::ofstream(inner / "a.so") << "1";
  Directories directories({inner});
  (void)directories.look(true);
  fs::rename(inner, folder.path() / "elsewhere");
  for (int look = 0; look < 3; ++look) {
    const auto news = directories.look();
    CHECK(news.empty());
    REQUIRE(news.unreadable.size() == 1);
    CHECK(news.unreadable.front().directory == inner.string());
  }
  fs::rename(folder.path() / "elsewhere", inner);
  CHECK(directories.look().unreadable.empty());
}

}  // namespace
}  // namespace tenantry::catalog
