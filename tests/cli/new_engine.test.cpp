#include "cli/new_engine.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <sstream>

#include "cli/commands.hpp"
#include "cli/template.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"

namespace tenantry::cli {
using namespace client;
namespace {

namespace fs = std::filesystem;
using test::TempDir;

std::string read(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

bool holds(const std::string& text, std::string_view words) { return text.find(words) != std::string::npos; }

std::string code_of(const std::string& name, const fs::path& into) {
  const auto written = write_project(name, into);
  return written.has_error() ? written.error().code : "written";
}

std::vector<std::string> commands(const Installation& installation) { return next_commands("x", "x", installation); }

TEST_CASE("a new project has every file of the template, with the engine's name in it") {
  const TempDir folder;
  const auto written = write_project("harbour", folder.path());
  if (written.has_error()) FAIL(written.error().message);
  for (const char* name :
       {"CMakeLists.txt", "README.md", "engine.cpp", "engine.test.cpp", "fixture.json", ".gitignore"})
    CHECK(fs::is_regular_file(folder.path() / "harbour" / name));
  CHECK(written->size() == template_files().size());
  for (const auto& path : *written) {
    CAPTURE(path.string());
    CHECK_FALSE(holds(read(path), kTemplateName));
    CHECK_FALSE(holds(read(path), "<!-- run by"));
  }
  CHECK(holds(read(folder.path() / "harbour/engine.cpp"), "identity{\"harbour\", "));
  CHECK(holds(read(folder.path() / "harbour/CMakeLists.txt"), "tenantry_add_engine(harbour "));
}

TEST_CASE("the template in the program is the one in the tree") {
  const fs::path tree = fs::path(TENANTRY_ROOT) / "sdk/template";
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(tree)) {
    CAPTURE(entry.path().string());
    ++count;
    const auto files = template_files();
    const auto found = std::find_if(files.begin(), files.end(),
                                    [&](const auto& file) { return file.path == entry.path().filename().string(); });
    REQUIRE(found != files.end());
    if (found->path != "README.md") CHECK(found->text == read(entry.path()));
  }
  CHECK(count == template_files().size());
}

TEST_CASE("a name that is no engine's id is refused, with an example") {
  const TempDir folder;
  for (const char* name : {"", "Harbour", "1st", "my-erp", "my erp", "_x", "häfen", "../x", "a/b", "x.y"}) {
    CAPTURE(name);
    CHECK(code_of(name, folder.path()) == "cli.engine_name");
  }
  CHECK(code_of(std::string(65, 'a'), folder.path()) == "cli.engine_name");
  CHECK(holds(write_project("Harbour", folder.path()).error().next_action, "e.g. my_erp"));
  CHECK(fs::is_empty(folder.path()));
  CHECK(code_of(std::string(64, 'a'), folder.path()) == "written");
}

TEST_CASE("a name that CMake or the SDK has a target for is refused") {
  const TempDir folder;
  for (const char* name : {"test", "all", "install", "package", "help", "tenantry_sdk", "tenantry_abi"}) {
    CAPTURE(name);
    CHECK(code_of(name, folder.path()) == "cli.engine_name");
  }
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("a folder that is there is never touched") {
  const TempDir folder;
  fs::create_directory(folder.path() / "harbour");
  std::ofstream(folder.path() / "harbour/engine.cpp") << "mine";
  CHECK(code_of("harbour", folder.path()) == "cli.folder_exists");
  CHECK(read(folder.path() / "harbour/engine.cpp") == "mine");
  std::ofstream(folder.path() / "file") << "mine";
  CHECK(code_of("file", folder.path()) != "written");
  CHECK(read(folder.path() / "file") == "mine");
  CHECK(code_of("harbour", folder.path() / "absent") == "cli.folder_missing");
  CHECK_FALSE(fs::exists(folder.path() / "absent"));
}

TEST_CASE("the next commands name the SDK where this program is installed") {
  const TempDir folder;
  fs::create_directories(folder.path() / "lib/cmake/TenantrySdk");
  std::ofstream(folder.path() / "lib/cmake/TenantrySdk/TenantrySdkConfig.cmake") << "";
  const auto found = Installation::of(folder.path() / "bin/tenantry");
  CHECK(found.prefix == folder.path());
  CHECK(found.build_tree.empty());
  const auto list = commands(found);
  REQUIRE(list.size() == 5);
  CHECK(list[0] == "cd x");
  CHECK(list[1] == "cmake -S . -B build -DCMAKE_PREFIX_PATH=" + folder.path().string());
  CHECK(list[4] == folder / "bin/tenantry" + " engines check build/engines/x.so --fixture fixture.json");
}

TEST_CASE("the next commands of a program that is not installed install the SDK first") {
  const TempDir folder;
  std::ofstream(folder.path() / "CMakeCache.txt") << "";
  const auto found = Installation::of(folder.path() / "tenantry");
  CHECK(found.build_tree == folder.path());
  const auto list = commands(found);
  REQUIRE(list.size() == 6);
  CHECK(list[0] ==
        "cmake --install " + folder.path().string() + " --component sdk --prefix " + folder / "sdk-installed");
  CHECK(holds(list[2], "-DCMAKE_PREFIX_PATH=" + folder / "sdk-installed"));
  CHECK(holds(list[2], "-DTENANTRY_PROGRAM=" + folder / "tenantry"));
}

TEST_CASE("what CMake searches by itself is not named, and what a shell would take apart is quoted") {
  CHECK(commands({"/usr/local/bin/tenantry", "/usr/local", {}})[1] == "cmake -S . -B build");
  CHECK(commands({"/usr/bin/tenantry", "/usr", {}})[1] == "cmake -S . -B build");
  CHECK(commands({"/a b/bin/tenantry", "/a b", {}})[1] == "cmake -S . -B build -DCMAKE_PREFIX_PATH='/a b'");
  CHECK(next_commands("x", "it's/x", {})[0] == "cd 'it'\\''s/x'");
}

TEST_CASE("the command writes and says how to go on, for a person and for a program") {
  const TempDir folder;
  const Installation here{"/opt/t/bin/tenantry", "/opt/t", {}};
  std::ostringstream out;
  std::ostringstream err;
  CHECK(new_engine("harbour", folder.path(), Format::kTable, here, out, err) == kExitOk);
  CHECK(holds(out.str(), "  cd " + folder / "harbour" + "\n  cmake -S . -B build -DCMAKE_PREFIX_PATH=/opt/t\n"));
  CHECK(err.str().empty());

  out.str("");
  CHECK(new_engine("quay", folder.path(), Format::kJson, here, out, err) == kExitOk);
  const auto document = base::json::parse(out.str());
  CHECK(document.at("folder").as_string() == folder / "quay");
  CHECK(document.at("files").as_array().size() == template_files().size());
  CHECK(document.at("commands").as_array().size() == 5);

  out.str("");
  CHECK(new_engine("quay", folder.path(), Format::kJson, here, out, err) == kExitUsage);
  CHECK(holds(err.str(), "is there already, and is left as it is. (cli.folder_exists)"));
  CHECK(out.str().empty());
}

TEST_CASE("the command is part of the command line") {
  const TempDir folder;
  const std::string into = folder.path().string();
  const char* line[] = {"tenantry", "engines", "new", "jetty", "--into", into.c_str(), "-o", "json"};
  std::ostringstream out;
  auto* before = std::cout.rdbuf(out.rdbuf());
  const int code = run(8, line, {});
  std::cout.rdbuf(before);
  CHECK(code == kExitOk);
  CHECK(fs::exists(folder.path() / "jetty/engine.cpp"));
}

}  // namespace
}  // namespace tenantry::cli
