#include <fstream>

#include "child/process.hpp"
#include "fixture.hpp"

namespace tenantry::child::test {
namespace {

TEST_CASE("a file is refused with the same words as in the host itself") {
  const auto in_process = [](const fs::path& path, const json::object& settings) {
    const auto loaded = engine::in_process_loader([&](const base::EngineId&) { return json::value(settings); })(path);
    return loaded.has_value() ? base::Error{} : loaded.error();
  };
  const auto alike = [&](const fs::path& path, const json::object& settings = {}) {
    const auto expected = in_process(path, settings);
    const auto found = load(path, options(), settings);
    CAPTURE(path.string(), expected.message);
    REQUIRE(found.has_error() != expected.message.empty());
    if (found.has_value()) return;
    CHECK(found.error().message == expected.message);
    CHECK(found.error().code == expected.code);
    CHECK(found.error().problems == expected.problems);
  };
  for (const char* name : {"good",
                           "wrong_magic",
                           "newer_major",
                           "newer_minor",
                           "short_table",
                           "no_invoke",
                           "no_entry",
                           "no_table",
                           "extra_export",
                           "unresolved",
                           "manifest_changes",
                           "manifest_endless",
                           "manifest_silent",
                           "manifest_twice",
                           "manifest_cycle",
                           "throws_in_entry",
                           "throws_in_manifest",
                           "throws_in_open",
                           "open_fails",
                           "open_fails_silently",
                           "open_shows_settings"})
    alike(plugin(name));
  alike(plugin("good"), {{"port", "x"}, {"host", 1}});
  const engine::Folder folder;
  alike(folder.put("text.so", "no engine"));
  alike(folder.path() / "absent.so");
  alike(folder.path());
}

TEST_CASE("what is loaded is as it is in the host itself") {
  const auto here =
      engine::in_process_loader([](const base::EngineId&) { return json::value(json::object()); })(plugin("good"));
  const auto there = load(plugin("good"));
  REQUIRE(there.has_value());
  CHECK(there->file_digest == here->file_digest);
  CHECK(there->built_with == here->built_with);
  CHECK(there->contract->manifest()->digest == here->contract->manifest()->digest);
  CHECK(there->runtime->state().isolation == engine::RuntimeState::Isolation::kProcess);
  CHECK(here->runtime->state().isolation == engine::RuntimeState::Isolation::kInProcess);
}

TEST_CASE("a file that is not on the list of allowed ones is refused") {
  const auto refused = loader([](const base::EngineId&) { return json::value(json::object()); }, {std::string(64, '0')},
                              options())(plugin("good"));
  CHECK(refused.error().message.find("not in the list of allowed files") != std::string::npos);
}

TEST_CASE("an engine that crashes, ends or hangs while it is loaded or opened is refused with one sentence") {
  auto patient = options();
  auto hurried = options();
  hurried.start_limit = base::Millis{kSanitized ? 2'000 : 300};
  const auto limit = std::to_string(hurried.start_limit.count());
  CHECK(refusal_of("crashes_in_manifest") ==
        "crashes_in_manifest.so: its process crashed while it was loaded: signal 11 (Segmentation fault).");
  CHECK(refusal_of("exits_in_manifest") ==
        "exits_in_manifest.so: its process ended by itself while it was loaded: exit code 3.");
  CHECK(refusal_of("hangs_in_manifest", {}, hurried) == "hangs_in_manifest.so: it gave no answer for " + limit +
                                                            " ms while it was loaded, and its process was killed.");
  CHECK(refusal_of("hostile", {{"open", "open_segv"}}) ==
        "hostile.so: its process crashed while it was opened: signal 11 (Segmentation fault).");
  CHECK(refusal_of("hostile", {{"open", "open_hang"}}, hurried) ==
        "hostile.so: it gave no answer for " + limit + " ms while it was opened, and its process was killed.");
  CHECK(refusal_of("hostile", {{"open", "open_print"}}) == "not refused");
  patient.program = "/nowhere/tenantry";
  CHECK(refusal_of("good", {}, patient) == "good.so: its process cannot be started: No such file or directory.");
  patient.program = "/bin/true";
  CHECK(refusal_of("good", {}, patient) == "good.so: its process ended by itself while it was loaded: exit code 0.");
  const engine::Folder folder;
  patient.program = folder.put("program", "#!/bin/sh\nexec 3>&-\nexec sleep 60\n");
  fs::permissions(patient.program, fs::perms::owner_all);
  CHECK(refusal_of("good", {}, patient) == "good.so: it closed its channel, and its process was killed.");
  folder.put("program", "#!/bin/sh\necho this is no message at all >&3\nexec sleep 60\n");
  CHECK(refusal_of("good", {}, patient) ==
        "good.so: it sent something that is no message while it was loaded, and its process was killed.");
  CHECK_FALSE(has_children());
}

TEST_CASE("a user that does not exist, or that cannot be taken, is a refusal") {
  auto as = options();
  as.limits.user = "nobody-of-this-name";
  CHECK(refusal_of("good", {}, as) ==
        "good.so: its process cannot run as user nobody-of-this-name: there is no such user.");
  if (::getuid() != 0) return;
  as.limits.user = "nobody";
  // The runner of the tests lies in a folder that may be closed to others; so it is started before it gives root up.
  Engine engine("hostile", as);
  const auto seen = engine.look();
  CHECK(seen.at("uid").to_number<int>() == 65534);
}

TEST_CASE("an engine gets nothing of the host but what it needs") {
  ::setenv("TENANTRY_KEY", "canary", 1);
  ::setenv("ERP_SECRET", "canary", 1);
  auto limited = options();
  limited.limits.open_files = 200;
  Engine engine("hostile", limited);
  const auto seen = engine.look();
  ::unsetenv("TENANTRY_KEY");
  ::unsetenv("ERP_SECRET");
  CHECK(seen.at("descriptors").to_number<int>() == 5);  // 0, 1, 2, the channel and the library
  CHECK(seen.at("core").to_number<int>() == 0);
  CHECK(seen.at("files").to_number<int>() == 200);
  CHECK(seen.at("leader").to_number<int>() == 1);
  CHECK(seen.at("pid").to_number<int>() == engine.pid());
  if (!kSanitized) CHECK(seen.at("data").to_number<std::uint64_t>() == (256U + 8U * 8U) << 20U);
  bool path = false;
  for (const auto& one : seen.at("environment").as_array()) {
    const std::string name = one.as_string().c_str();
    CAPTURE(name);
    CHECK_FALSE(name.starts_with("TENANTRY"));
    CHECK(name != "ERP_SECRET");
    path = path || name == "PATH";
  }
  CHECK(path);
}

TEST_CASE("of the environment only what programs need is passed on") {
  const char* const all[] = {"PATH=/bin", "HOME=/root",   "TENANTRY_KEY=k", "TZ=UTC",
                             "LC_ALL=C",  "LD_PRELOAD=x", "AWS_SECRET=s",   "ASAN_OPTIONS=a",
                             "PATHS=x",   "no_proxy=x",   nullptr};
  CHECK(clean_environment(all) ==
        std::vector<std::string>{"PATH=/bin", "HOME=/root", "TZ=UTC", "LC_ALL=C", "ASAN_OPTIONS=a", "no_proxy=x"});
  CHECK(clean_environment(nullptr).empty());
}

TEST_CASE("an engine goes on, and comes back, although its file was replaced and removed") {
  const engine::Folder folder;
  const auto path = folder.put("hostile.so", engine::read_file(plugin("hostile")));
  auto loaded = load(path);
  REQUIRE(loaded.has_value());
  std::ofstream(path) << "something else";
  fs::remove(path);
  const auto run = [&](const std::string& mode) {
    const auto sink = std::make_shared<Recorder>();
    loaded->runtime->start(call("act", "{\"mode\":\"" + mode + "\"}"), sink);
    return sink->answer().outcome;
  };
  CHECK(run("nothing") == Outcome::kDone);
  CHECK(run("segv") == Outcome::kLost);
  CHECK(run("nothing") == Outcome::kDone);
  CHECK(loaded->runtime->state().restarts == 1);
}

TEST_CASE("how a process ended is said in words") {
  CHECK(how_it_ended(SIGSEGV, "") == "crashed: signal 11 (Segmentation fault)");
  CHECK(how_it_ended(SIGKILL, "") == "was killed: signal 9 (Killed)");
  CHECK(how_it_ended(3 << 8, "while it was opened") == "ended by itself while it was opened: exit code 3");
  CHECK(how_it_ended(-1, "") == "ended");
}

}  // namespace
}  // namespace tenantry::child::test
