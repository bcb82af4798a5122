#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "database/migrate.hpp"
#include "database/sqlite_dialect.hpp"
#include "store/child.hpp"
#include "store/raw_database.hpp"
#include "store/sqlite_file.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

using namespace tenantry;
using namespace tenantry::testing;

namespace {

base::Error refusal(const std::string& path) {
  const auto opened = database::open_sqlite(path, sample_options());
  REQUIRE(opened.has_error());
  INFO(opened.error().message);
  CHECK(opened.error().message.find(path) != std::string::npos);
  CHECK(opened.error().message.ends_with("."));
  CHECK_FALSE(opened.error().next_action.empty());
  return opened.error();
}

}  // namespace

TEST_CASE("a new store is a file that only its owner may read") {
  const Folder folder;
  const auto path = folder.file("store with a blank=and more.db");
  const auto opened = database::open_sqlite(path, sample_options());
  REQUIRE(opened.has_value());
  REQUIRE((*opened)->ping().has_value());
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    struct stat file {};
    REQUIRE(::stat(entry.path().c_str(), &file) == 0);
    INFO(entry.path());
    CHECK((file.st_mode & 0777U) == 0600U);
  }
  CHECK(std::filesystem::exists(path));
}

TEST_CASE("a store in memory leaves nothing behind") {
  const tenantry::test::TempDir place;
  const std::string common = std::filesystem::temp_directory_path();
  REQUIRE(::setenv("TMPDIR", place.path().c_str(), 1) == 0);  // other programs have stores in the common one
  const auto count = [] {
    int folders = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::temp_directory_path()))
      if (entry.path().filename().string().starts_with("tenantry-") &&
          std::filesystem::exists(entry.path() / "store.db.lock"))
        ++folders;
    return folders;
  };
  const int before = count();
  {
    const auto first = database::open_sqlite(":memory:", sample_options());
    const auto second = database::open_sqlite(":memory:", sample_options());
    REQUIRE(first.has_value());
    REQUIRE(second.has_value());
    CHECK((*first)->create_account(sample_account("amina")).has_value());
    CHECK_FALSE((*second)->has_accounts().value());
    CHECK(count() >= 2);
  }
  CHECK(count() <= before);
  REQUIRE(::setenv("TMPDIR", common.c_str(), 1) == 0);
}

TEST_CASE("the store commits to the disk, in a write-ahead log, with foreign keys") {
  const Folder folder;
  {
    const auto opened = database::open_sqlite(folder.file("store.db"), sample_options());
    REQUIRE(opened.has_value());
    RawDatabase raw(folder.file("store.db"));
    CHECK(raw.text("pragma journal_mode") == "wal");
    auto orphan = sample_tenant("shop", base::AccountId("acc_nobody"));
    const auto refused = (*opened)->create_tenant(orphan, {});
    REQUIRE(refused.has_error());
    CHECK(refused.error().kind == base::ErrorKind::kInternal);
  }
  RawDatabase raw(folder.file("store.db"));
  CHECK(raw.text("select max(version) from schema_version") == std::to_string(database::migrations().back().version));
  CHECK(raw.text("pragma integrity_check") == "ok");
}

TEST_CASE("a writing connection forces each commit to the disk, a reading one cannot write") {
  const Folder folder;
  const auto dialect = database::sqlite_dialect(folder.file("store.db"), sample_options(), true);
  const auto pragma = [](soci::session& session, const std::string& name) {
    int value = -1;
    session << "pragma " + name, soci::into(value);
    return value;
  };
  const auto writing = dialect->connect(sql::Access::kWrite);
  CHECK(pragma(*writing, "synchronous") == 2);
  CHECK(pragma(*writing, "foreign_keys") == 1);
  CHECK(pragma(*writing, "query_only") == 0);
  const auto reading = dialect->connect(sql::Access::kRead);
  CHECK(pragma(*reading, "query_only") == 1);
  CHECK(pragma(*database::sqlite_dialect(folder.file("x.db"), sample_options(), false)->connect(sql::Access::kWrite),
               "synchronous") == 0);
}

TEST_CASE("a second host is kept out of an open store, and let in when it is closed") {
  const Folder folder;
  auto first = database::open_sqlite(folder.file("store.db"), sample_options());
  REQUIRE(first.has_value());
  const auto refused = refusal(folder.file("store.db"));
  CHECK(refused.code == "store.in_use");
  CHECK(refused.message.find(std::to_string(::getpid())) != std::string::npos);
  first.value().reset();
  CHECK(database::open_sqlite(folder.file("store.db"), sample_options()).has_value());
}

TEST_CASE("what is no store is refused with one sentence") {
  const Folder folder;
  CHECK(refusal("").code == "store.cannot_open");
  CHECK(refusal(folder.path().string()).message.find("is a directory") != std::string::npos);
  CHECK(refusal(folder.file("no/such/folder.db")).message.find("does not exist") != std::string::npos);
  CHECK(refusal("/dev/null").message.find("not a regular file") != std::string::npos);
  CHECK(refusal(folder.file("quoted\".db")).code == "store.cannot_open");
  std::ofstream(folder.file("text.db")) << "This is not a database, but it is long enough to be looked at.";
  CHECK(refusal(folder.file("text.db")).code == "store.not_a_database");
  CHECK(refusal(folder.file("text.db/x")).code == "store.cannot_open");
  RawDatabase(folder.file("other.db")).run("create table songs (title text)");
  CHECK(refusal(folder.file("other.db")).code == "store.foreign");
  CHECK(RawDatabase(folder.file("other.db")).texts("select name from sqlite_master").size() == 1);
}

TEST_CASE("a store of a newer version is refused and left as it is") {
  const Folder folder;
  const auto path = folder.file("store.db");
  REQUIRE(database::open_sqlite(path, sample_options()).has_value());
  RawDatabase(path).run("insert into schema_version (version) values (999)");
  const auto refused = refusal(path);
  CHECK(refused.code == "store.newer");
  CHECK(refused.message.find("999") != std::string::npos);
  RawDatabase(path).run("delete from schema_version where version = 999");
  CHECK(database::open_sqlite(path, sample_options()).has_value());
}

TEST_CASE("child: opens a store without rights", "[.]") {
  if (!is_child()) return;
  if (::geteuid() == 0) REQUIRE((::setgid(65'534) == 0 && ::setuid(65'534) == 0));
  const auto opened = database::open_sqlite(from_parent("STORE_PATH"), sample_options());
  say(opened.has_error() ? opened.error().code + " " + opened.error().message : "opened");
}

TEST_CASE("a store without permission is refused with one sentence") {
  const Folder folder;
  const auto path = folder.file("store.db");
  { REQUIRE(database::open_sqlite(path, sample_options()).has_value()); }
  const auto answer = [&] {
    Child child("child: opens a store without rights", {{"STORE_PATH", path}});
    std::string line;
    CHECK(child.read_line(line));
    CHECK(child.wait());
    return line;
  };
  REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
  REQUIRE(::chmod(path.c_str(), 0000) == 0);
  CHECK(answer() == "store.cannot_open The store " + path + " may not be read by this user.");
  REQUIRE(::chmod(path.c_str(), 0444) == 0);
  CHECK(answer() == "store.cannot_open The store " + path + " is read-only for this user.");
  REQUIRE(::chmod(path.c_str(), 0666) == 0);
  REQUIRE(::chmod((path + ".lock").c_str(), 0666) == 0);
  REQUIRE(::chmod(folder.path().c_str(), 0555) == 0);
  const auto closed_folder = answer();
  CHECK(closed_folder.starts_with("store."));
  CHECK(closed_folder.find(path) != std::string::npos);
  REQUIRE(::chmod(folder.path().c_str(), 0777) == 0);
  CHECK(answer() == "opened");
}
