#include "engine/library.hpp"

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "engine/elf.hpp"
#include "fixture.hpp"
#include "support/catch.hpp"

namespace tenantry::engine {
namespace {

namespace json = boost::json;

// The sentence a file is refused with.
std::string refusal_of(const fs::path& path) {
  const auto library = Library::load(path);
  if (library.has_value()) return "not refused";
  const auto& error = library.error();
  CHECK(error.code == "engine.refused");
  CHECK(error.kind == base::ErrorKind::kInvalid);
  CHECK(error.message.starts_with(path.filename().string() + ": "));
  CHECK(error.message.ends_with("."));
  CHECK(std::count(error.message.begin(), error.message.end(), '\n') == 0);
  return error.message;
}

bool says(const std::string& sentence, const std::string& words) {
  CAPTURE(sentence, words);
  return sentence.find(words) != std::string::npos;
}

TEST_CASE("a good engine is loaded, and says who it is") {
  const auto library = Library::load(plugin("good"));
  if (library.has_error()) FAIL(library.error().message);
  const auto& manifest = *library->contract()->manifest();
  CHECK(manifest.engine.value == "plain");
  CHECK(manifest.version == "1.0.0");
  CHECK(manifest.steps.size() == 1);
  CHECK(library->built_with() == "plain C");
  CHECK(library->sha256().size() == 64);
  CHECK(library->open(json::object{}).has_value());
}

TEST_CASE("the same file can be loaded again and opened several times") {
  const auto first = Library::load(plugin("good"));
  const auto second = Library::load(plugin("good"));
  REQUIRE(first.has_value());
  REQUIRE(second.has_value());
  CHECK(first->sha256() == second->sha256());
  CHECK(first->open(json::object{}).has_value());
  CHECK(first->open(json::object{}).has_value());
  CHECK(second->open(json::object{}).has_value());
}

TEST_CASE("a manifest may come in pieces, and a table may be longer than ours") {
  CHECK(Library::load(plugin("pieces")).has_value());
  CHECK(Library::load(plugin("longer_table")).has_value());
}

TEST_CASE("a file with the wrong table is refused with what was expected and found") {
  CHECK(says(refusal_of(plugin("wrong_magic")), "expected the magic number 5952544E414E4554, found 0000000000001234"));
  CHECK(says(refusal_of(plugin("older_major")), "expected ABI version 1, found version 0"));
  CHECK(says(refusal_of(plugin("newer_major")), "expected ABI version 1, found version 2"));
  CHECK(says(refusal_of(plugin("newer_minor")), "needs a host of ABI 1.9 or newer, this one is 1.0"));
  CHECK(says(refusal_of(plugin("tiny_table")), "expected a table of at least 72 bytes, found 4"));
  CHECK(says(refusal_of(plugin("short_table")), "expected a table of at least 72 bytes, found 40"));
  CHECK(says(refusal_of(plugin("no_invoke")), "expected the function invoke, found none"));
  CHECK(says(refusal_of(plugin("no_table")), "expected a table from tenantry_plugin_v1, found none"));
}

TEST_CASE("a file with the wrong symbols is refused before it is loaded") {
  CHECK(says(refusal_of(plugin("no_entry")),
             "expected that it exports the function tenantry_plugin_v1, found that it does not; end one of its sources "
             "with TENANTRY_ENGINE(...)"));
  const auto extra = refusal_of(plugin("extra_export"));
  CHECK(says(extra, "expected that it exports tenantry_plugin_v1 alone, found also"));
  CHECK(says(extra, "\"plain_helper\""));
  CHECK(says(extra, "\"plain_state\""));
  CHECK(says(extra, "; build with tenantry_add_engine(), or with -fvisibility=hidden and a version script"));
  if (fs::exists(plugin("unique"))) CHECK(says(refusal_of(plugin("unique")), "build with -fno-gnu-unique"));
  if (fs::exists(plugin("static_unwinder")))
    CHECK(says(refusal_of(plugin("static_unwinder")), "build without -static-libgcc"));
}

TEST_CASE("a file with an import that nothing provides is refused when it is loaded") {
  const auto sentence = refusal_of(plugin("unresolved"));
  CHECK(says(sentence, "cannot be loaded"));
  CHECK(says(sentence, "nobody_has_this"));
}

TEST_CASE("a file with a bad manifest is refused with the first problem, and all of them beside") {
  CHECK(says(refusal_of(plugin("manifest_changes")), "expected the same manifest every time, found that it changes"));
  CHECK(
      says(refusal_of(plugin("manifest_endless")), "expected a manifest of at most 1048576 bytes, found a longer one"));
  CHECK(says(refusal_of(plugin("manifest_silent")), "Not valid JSON"));
  CHECK(says(refusal_of(plugin("manifest_no_json")), "Not valid JSON at byte 0"));
  CHECK(says(refusal_of(plugin("manifest_confesses")), "two steps are called one"));
  CHECK(says(refusal_of(plugin("manifest_twice")), "/steps/1/id: the id one is already that of step 0"));
  CHECK(says(refusal_of(plugin("manifest_cycle")), "steps that wait for each other: a -> b -> a"));
  CHECK(says(refusal_of(plugin("manifest_source")), "/steps/0/input/x: there is no step none"));
  CHECK(Library::load(plugin("manifest_twice")).error().problems.size() == 1);
}

TEST_CASE("an engine that throws while it is loaded or opened is refused, and the host lives") {
  CHECK(says(refusal_of(plugin("throws_in_entry")), "tenantry_plugin_v1 throws"));
  CHECK(says(refusal_of(plugin("throws_in_manifest")), "manifest() throws"));
  const auto library = Library::load(plugin("throws_in_open"));
  REQUIRE(library.has_value());
  CHECK(says(library->open(json::object{}).error().message, "open() returns, found that it throws"));
}

TEST_CASE("an engine that cannot be opened is refused with its own words") {
  CHECK(Library::load(plugin("open_fails"))->open(json::object{}).error().message ==
        "open_fails.so: open() failed: no connection to the database.");
  CHECK(Library::load(plugin("open_fails_silently"))->open(json::object{}).error().message ==
        "open_fails_silently.so: open() failed: it gave no reason.");
}

TEST_CASE("settings are checked and completed before the engine sees them") {
  const auto library = Library::load(plugin("open_shows_settings"));
  REQUIRE(library.has_value());
  CHECK(says(library->open(json::object{}).error().message, R"(open() failed: {"port":80})"));
  const auto refused = library->open(json::object{{"port", "x"}, {"host", 1}});
  CHECK(refused.error().code == "settings.invalid");
  CHECK(refused.error().problems.size() == 2);
}

TEST_CASE("what is not a library is refused") {
  const Folder folder;
  CHECK(says(refusal_of(folder.put("text.so", "#!/bin/sh\necho engine\n")),
             "expected a shared library, found no ELF file"));
  CHECK(says(refusal_of(folder.put("empty.so", "")), "expected a shared library, found an empty file"));
  CHECK(says(refusal_of(folder.put("good.dll", read_file(plugin("good")))), "expected a file called *.so"));
  CHECK(says(refusal_of(folder.path() / "absent.so"), "cannot be read: No such file or directory"));
  CHECK(says(refusal_of("/proc/self/exe"), "expected a file called *.so"));
  fs::create_directory(folder.path() / "folder.so");
  CHECK(says(refusal_of(folder.path() / "folder.so"), "expected a regular file, found a directory"));
  fs::create_symlink(plugin("good"), folder.path() / "link.so");
  CHECK(says(refusal_of(folder.path() / "link.so"), "expected a regular file, found a symbolic link"));
  REQUIRE(::mkfifo((folder.path() / "pipe.so").c_str(), 0600) == 0);
  CHECK(says(refusal_of(folder.path() / "pipe.so"), "expected a regular file, found a pipe"));
}

TEST_CASE("a program is refused, and so is a library for another machine") {
  const Folder folder;
  auto bytes = read_file(plugin("good"));
  bytes[offsetof(Elf64_Ehdr, e_machine)] = static_cast<char>(EM_SPARC);
  bytes[offsetof(Elf64_Ehdr, e_machine) + 1] = 0;
  CHECK(says(refusal_of(folder.put("machine.so", bytes)), "found one for another (ELF machine 2)"));
  bytes = read_file(plugin("good"));
  bytes[EI_CLASS] = bytes[EI_CLASS] == ELFCLASS64 ? ELFCLASS32 : ELFCLASS64;
  CHECK(says(refusal_of(folder.put("class.so", bytes)), "expected a library for this machine"));
  bytes = read_file(plugin("good"));
  bytes[offsetof(Elf64_Ehdr, e_type)] = ET_EXEC;
  CHECK(says(refusal_of(folder.put("program.so", bytes)), "expected a shared library, found an ELF file of type 2"));
}

TEST_CASE("a file that everybody may write to, or that belongs to somebody else, is refused") {
  const Folder folder;
  const auto path = folder.put("open.so", read_file(plugin("good")));
  fs::permissions(path, fs::perms(0646));
  CHECK(says(refusal_of(path), "expected that not everybody may write to it, found mode 646"));
  fs::permissions(path, fs::perms(0644));
  CHECK(refusal_of(path) == "not refused");
  if (::geteuid() == 0) {
    REQUIRE(::chown(path.c_str(), 12345, 12345) == 0);
    CHECK(says(refusal_of(path), "found that it belongs to user 12345"));
  }
}

TEST_CASE("with a list of allowed files every other file is refused") {
  const auto sha256 = Library::load(plugin("good"))->sha256();
  CHECK(Library::load(plugin("good"), {sha256}).has_value());
  CHECK(says(Library::load(plugin("other"), {sha256}).error().message, "not in the list of allowed files"));
}

TEST_CASE("a truncated file is refused at every length, and never kills the host") {
  const auto bytes = read_file(plugin("good"));
  std::size_t named = 0;
  for (std::size_t length = 0; length < bytes.size(); length += length < 200 ? 1 : 97) {
    const auto fault = find_elf_fault(std::string_view(bytes).substr(0, length));
    CAPTURE(length);
    REQUIRE(fault.has_value());
    named += fault->find("truncated") != std::string::npos ? 1 : 0;
  }
  CHECK(named > 100);
  const Folder folder;
  CHECK(says(refusal_of(folder.put("half.so", bytes.substr(0, bytes.size() / 2))), "truncated: expected at least"));
}

TEST_CASE("random damage to the headers and the symbol table never crashes the look") {
  const auto good = read_file(plugin("good"));
  std::mt19937 random(99);
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = good;
    for (unsigned n = 1 + static_cast<unsigned>(random()) % 6; n > 0; --n) {
      const auto where = random() % 3 == 0   ? random() % sizeof(Elf64_Ehdr)
                         : random() % 2 == 0 ? random() % 2048
                                             : bytes.size() - 1 - random() % 3000;
      bytes[where] = static_cast<char>(random());
    }
    refused += find_elf_fault(bytes) ? 1 : 0;
  }
  CHECK(refused > 1'000);
}

TEST_CASE("a file that is overwritten while it is in use does not disturb the engine") {
  const Folder folder;
  const auto path = folder.put("good.so", read_file(plugin("good")));
  const auto library = Library::load(path);
  REQUIRE(library.has_value());
  fs::resize_file(path, 0);
  CHECK(library->open(json::object{}).has_value());
}

}  // namespace
}  // namespace tenantry::engine
