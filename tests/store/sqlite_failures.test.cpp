#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <future>
#include <map>
#include <thread>

#include "store/child.hpp"
#include "store/raw_database.hpp"
#include "store/sqlite_file.hpp"
#include "support/catch.hpp"

using namespace tenantry;
using namespace tenantry::testing;
using store::RunWrite;
using store::Written;

namespace {

const store::HostLife kSelf{"host", "boot"};
constexpr base::Time kLease{base::Millis{10'000}};

std::unique_ptr<store::Store> open(const std::string& path, database::SqliteOptions options = sample_options()) {
  auto opened = database::open_sqlite(path, std::move(options));
  if (!opened.has_value()) FAIL(opened.error().message);
  return std::move(opened.value());
}

// A tenant with `bytes` bytes of description; the error's code, or "".
std::string add_tenant(store::Store& store, int number, std::size_t bytes) {
  auto tenant = sample_tenant("extra-" + std::to_string(number), base::AccountId("acc_owner"));
  tenant.description = std::string(bytes, 'x');
  const auto made = store.create_tenant(tenant, {});
  return made.has_value() ? "" : made.error().code;
}

void overwrite(const std::string& path, std::streamoff from, std::size_t size) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(from);
  file << std::string(size, '\xA5');
  REQUIRE(file.good());
}

}  // namespace

TEST_CASE("while another program holds the lock, writes are refused, reads go on, and nothing is lost") {
  const Folder folder;
  auto options = sample_options();
  options.lock_wait = base::Millis{50};
  const auto store = open(folder.file("store.db"), std::move(options));
  Bench bench(*store, 1);
  RawDatabase other(folder.file("store.db"));
  other.run("begin immediate");

  std::vector<std::future<std::string>> writes;
  for (int i = 0; i < 8; ++i)
    writes.push_back(std::async(std::launch::async, [&, i] { return add_tenant(*store, i, 10); }));
  for (auto& write : writes) CHECK(write.get() == "store.locked");
  const auto ping = store->ping();
  REQUIRE(ping.has_error());
  CHECK(ping.error().kind == base::ErrorKind::kUnavailable);
  CHECK(store->tenants({}).value().size() == 1);

  other.run("commit");
  for (int i = 0; i < 8; ++i) CHECK(add_tenant(*store, i, 10).empty());
  CHECK(store->tenants({}).value().size() == 9);
}

TEST_CASE("a write that waits for another program's lock is done when the lock is released") {
  const Folder folder;
  auto options = sample_options();
  options.lock_wait = base::Millis{20'000};
  const auto store = open(folder.file("store.db"), std::move(options));
  Bench bench(*store, 1);
  RawDatabase other(folder.file("store.db"));
  other.run("begin immediate");
  auto write = std::async(std::launch::async, [&] { return add_tenant(*store, 1, 10); });
  CHECK(write.wait_for(std::chrono::milliseconds(100)) == std::future_status::timeout);
  other.run("commit");
  CHECK(write.get().empty());
}

TEST_CASE("a full store refuses writes, keeps all it has, and goes on when there is room") {
  const Folder folder;
  auto options = sample_options();
  options.max_bytes = 600 * 1024;
  int made = 0;
  {
    const auto store = open(folder.file("store.db"), std::move(options));
    Bench bench(*store, 1);
    // Something that can be deleted later, to make room.
    for (int i = 0; i < 20; ++i)
      REQUIRE(store
                  ->create_token(
                      {std::string(3'000, 't') + std::to_string(i), base::AccountId("acc_owner"), base::Time{}, kLease})
                  .has_value());
    std::string code;
    while ((code = add_tenant(*store, made, 3'000)).empty()) {
      ++made;
      REQUIRE(made < 1'000);
    }
    CHECK(code == "store.disk_full");
    CHECK(made > 20);
    CHECK(store->tenants_on(base::ServerId("server-1")).value() == made + 1);
    // A group in which one does not fit fails as one, with the same words for all.
    std::vector<std::future<std::string>> writes;
    for (int i = 0; i < 6; ++i)
      writes.push_back(std::async(std::launch::async, [&, i] { return add_tenant(*store, 5'000 + i, 200'000); }));
    for (auto& write : writes) CHECK(write.get() == "store.disk_full");

    for (int i = 0; i < 20; ++i) REQUIRE(store->delete_token(std::string(3'000, 't') + std::to_string(i)).has_value());
    CHECK(add_tenant(*store, made, 3'000).empty());
  }
  const auto store = open(folder.file("store.db"));
  CHECK(store->tenants_on(base::ServerId("server-1")).value() == made + 2);
  CHECK(add_tenant(*store, made + 1, 300'000).empty());
  CHECK(RawDatabase(folder.file("store.db")).text("pragma integrity_check") == "ok");
}

TEST_CASE("child: meets a disk that takes no more", "[.]") {
  if (!is_child()) return;
  std::signal(SIGXFSZ, SIG_IGN);
  const auto store = open(from_parent("STORE_PATH"));
  Bench bench(*store, 1);
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &limit) == 0);
  const auto before = limit.rlim_cur;
  limit.rlim_cur = 1U << 20U;
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  int made = 0;
  std::string code;
  while (made < 10'000 && (code = add_tenant(*store, made, 3'000)).empty()) ++made;
  say(code);
  say(store->tenants_on(base::ServerId("server-1")).value() == made + 1 ? "kept" : "lost");
  limit.rlim_cur = before;
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  int more = 0;
  while (more < 500 && add_tenant(*store, made + more, 3'000).empty()) ++more;
  say(std::to_string(made + more + 1));
}

TEST_CASE("a disk that refuses to write is an error for the writer, and the store goes on afterwards") {
  const Folder folder;
  std::string code;
  std::string kept;
  std::string tenants;
  {
    Child child("child: meets a disk that takes no more", {{"STORE_PATH", folder.file("store.db")}});
    REQUIRE(child.read_line(code));
    REQUIRE(child.read_line(kept));
    REQUIRE(child.read_line(tenants));
    CHECK(child.wait());
  }
  CHECK((code == "store.disk_full" || code == "store.lost"));
  CHECK(kept == "kept");
  CHECK(std::stoi(tenants) > 500);
  const auto store = open(folder.file("store.db"));
  CHECK(std::to_string(store->tenants_on(base::ServerId("server-1")).value()) == tenants);
}

TEST_CASE("a damaged store says so, when it is opened or when the damage is met") {
  const Folder folder;
  const auto path = folder.file("store.db");
  {
    const auto store = open(path);
    Bench bench(*store, 1);
    auto [run, created] = sample_run("run_1", bench.tenant(0), sample_manifest("engine", 2));
    REQUIRE(bench.create(run, created, kSelf, kLease) == Written::kDone);
    for (int i = 0; i < 100; ++i) {
      const auto change = next_event(run, std::string(200, 'e'));
      REQUIRE(bench.write(run, change, kSelf, kLease) == Written::kDone);
    }
  }
  const auto size = std::filesystem::file_size(path);
  REQUIRE(size > 50'000);

  SECTION("one table") {
    const auto page = std::stoi(RawDatabase(path).text("select rootpage from sqlite_master where name = 'events'"));
    overwrite(path, (page - 1) * 4'096L, 4'096);
    const auto store = open(path);
    CHECK(store->run(base::RunId("run_1")).has_value());
    const auto events = store->run_events(base::RunId("run_1"), 0, 1'000);
    REQUIRE(events.has_error());
    CHECK(events.error().kind == base::ErrorKind::kInternal);
    CHECK(events.error().code == "store.corrupt");
    CHECK(events.error().next_action.find("backup") != std::string::npos);
    auto run = **store->run(base::RunId("run_1"));
    const auto change = next_event(run, "more");
    const RunWrite write{&run, &change, 1, false};
    const auto written = store->write({&write, 1}, kSelf, kLease);
    REQUIRE(written.has_error());
    CHECK(written.error().code == "store.corrupt");
    CHECK((*store->run(base::RunId("run_1")))->head.events == 101);
    CHECK(store->ping().has_value());
  }
  SECTION("everything but the first page") {
    overwrite(path, 4'096, size - 4'096);
    const auto opened = database::open_sqlite(path, sample_options());
    REQUIRE(opened.has_error());
    CHECK(opened.error().code == "store.corrupt");
    CHECK(opened.error().message.find(path) != std::string::npos);
  }
  SECTION("the list of tables") {
    overwrite(path, 100, 3'000);
    const auto opened = database::open_sqlite(path, sample_options());
    REQUIRE(opened.has_error());
    CHECK(opened.error().code == "store.corrupt");
  }
  SECTION("the head") {
    overwrite(path, 0, 16);
    const auto opened = database::open_sqlite(path, sample_options());
    REQUIRE(opened.has_error());
    CHECK(opened.error().code == "store.not_a_database");
  }
}

TEST_CASE("an error never tells the values that were written") {
  const Folder folder;
  auto options = sample_options();
  options.max_bytes = 300 * 1024;
  const auto store = open(folder.file("store.db"), std::move(options));
  Bench bench(*store, 1);
  const auto orphan = store->put_secret(base::TenantId("ten_nobody"), {"admin_password", "canary-in-the-values"});
  const auto too_large =
      store->put_secret(bench.tenant(0), {"key", std::string(500'000, 'x') + "canary-in-the-values"});
  for (const auto& result : {orphan, too_large}) {
    REQUIRE(result.has_error());
    CHECK(result.error().message.find("canary") == std::string::npos);
    CHECK(result.error().message.find("ten_nobody") == std::string::npos);
    CHECK(result.error().message.size() < 300);
  }
}

namespace {
constexpr int kRuns = 8;
}

TEST_CASE("child: writes until it is killed", "[.]") {
  if (!is_child()) return;
  const auto store = open(from_parent("STORE_PATH"));
  std::vector<std::thread> threads;
  for (int r = 0; r < kRuns; ++r)
    threads.emplace_back([&, r] {
      const auto claimed =
          store->claim_run(base::RunId("run_" + std::to_string(r)), {"host", from_parent("STORE_BOOT")}, {}, kLease);
      if (!claimed.has_value()) return;
      auto run = claimed->run;
      for (;;) {
        auto change = next_event(run, "step.running");
        run.steps[0].attempts = run.head.events;
        run.steps[0].output = std::make_shared<const std::string>(std::to_string(run.head.events));
        change.steps.emplace_back(0, run.steps[0]);
        const RunWrite write{&run, &change, claimed->token, false};
        const auto written = store->write({&write, 1}, {"host", from_parent("STORE_BOOT")}, kLease);
        if (!written.has_value() || written->front() != Written::kDone) return;
        say(std::to_string(r) + " " + std::to_string(run.head.events));
      }
    });
  for (auto& thread : threads) thread.join();
}

TEST_CASE("after kill -9 in the middle of group commits every acknowledged write is there") {
  const Folder folder;
  const auto path = folder.file("store.db");
  {
    const auto store = open(path);
    Bench bench(*store, kRuns);
    for (int r = 0; r < kRuns; ++r) {
      const auto [run, created] = sample_run("run_" + std::to_string(r), bench.tenant(r), sample_manifest("engine", 2));
      REQUIRE(bench.create(run, created, kSelf, kLease) == Written::kDone);
    }
  }
  std::map<std::string, long long> acknowledged;
  for (const int lines : {50, 137, 400, 611}) {
    Child child("child: writes until it is killed", {{"STORE_PATH", path}, {"STORE_BOOT", std::to_string(lines)}});
    const auto note = [&](const std::string& line) {
      const auto space = line.find(' ');
      acknowledged["run_" + line.substr(0, space)] = std::stoll(line.substr(space + 1));
    };
    std::string line;
    for (int i = 0; i < lines; ++i) {
      REQUIRE(child.read_line(line));
      note(line);
    }
    child.kill_now();
    while (child.read_line(line)) note(line);
    CHECK_FALSE(child.wait());

    const auto store = open(path);
    for (const auto& [id, newest] : acknowledged) {
      CAPTURE(id, newest);
      const auto run = **store->run(base::RunId(id));
      CHECK(run.head.events >= newest);
      CHECK(run.steps[0].attempts == run.head.events);
      const auto events = store->run_events(base::RunId(id), 0, 1'000'000).value();
      REQUIRE(static_cast<long long>(events.size()) == run.head.events);
      for (std::size_t i = 0; i < events.size(); ++i)
        if (events[i].event.number != static_cast<long long>(i) + 1) FAIL("a gap at " << i);
    }
  }
  CHECK(acknowledged.size() == kRuns);
  CHECK(RawDatabase(path).text("pragma integrity_check") == "ok");
}
