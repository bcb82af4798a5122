#include "docs.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/catch.hpp"

using namespace tenantry::test;
namespace fs = std::filesystem;

namespace {

const fs::path kRoot = TENANTRY_ROOT;
// Run the blocks marked with their name straight from the page; the others hold their lines.
const std::vector<std::string> kRunBlocks{"tests/readme.sh", "tests/postgres.sh", "tests/package/package.sh"};

std::string read(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::vector<fs::path> pages() {
  std::vector<fs::path> found;
  for (fs::recursive_directory_iterator at(kRoot), end; at != end; ++at) {
    const auto name = at->path().filename().string();
    if (at->is_directory() && (name == "build" || name == ".git" || name == "node_modules"))
      at.disable_recursion_pending();
    else if (at->path().extension() == ".md")
      found.push_back(at->path());
  }
  return found;
}

bool is_shell(const Block& block) { return block.language == "sh" || block.language == "bash"; }

}  // namespace

TEST_CASE("every command in a page is run by the script that its marker names") {
  REQUIRE(fs::exists(kRoot / "README.md"));
  std::size_t blocks = 0;
  for (const auto& page : pages()) {
    for (const auto& block : blocks_of(read(page))) {
      if (!is_shell(block)) continue;
      ++blocks;
      CAPTURE(page.string(), block.line, block.marker);
      REQUIRE_FALSE(commands_of(block).empty());
      REQUIRE(fs::is_regular_file(kRoot / block.marker));
      if (std::find(kRunBlocks.begin(), kRunBlocks.end(), block.marker) != kRunBlocks.end()) continue;
      CHECK(missing_from(block, read(kRoot / block.marker)).empty());
    }
  }
  CHECK(blocks >= 2);
  for (const auto& script : kRunBlocks) {
    const auto name = fs::path(script).filename().string();
    CHECK(read(kRoot / "tests/CMakeLists.txt").find(name) != std::string::npos);
  }
}

// What is cut out of a source that is built and tested cannot rot: the source has to be part of a build.
TEST_CASE("every piece of source in a page is cut out of a file of the tree, as it stands") {
  std::size_t blocks = 0;
  for (const auto& page : pages()) {
    for (const auto& block : blocks_of(read(page))) {
      const bool is_source = block.language == "cpp" || block.language == "c" || block.language == "cmake";
      if (!is_source && block.source.empty()) continue;
      ++blocks;
      CAPTURE(page.string(), block.line, block.source);
      REQUIRE(fs::is_regular_file(kRoot / block.source));
      CHECK(is_part_of(block, read(kRoot / block.source)));
      const auto folder = fs::path(block.source).parent_path();
      CHECK((folder == "sdk/template" || folder.parent_path() == "examples"));
    }
  }
  CHECK(blocks >= 10);
}

TEST_CASE("every JSON block of a page is JSON") {
  for (const auto& page : pages()) {
    for (const auto& block : blocks_of(read(page))) {
      if (block.language != "json") continue;
      std::string text;
      for (const auto& line : block.lines) text += line + "\n";
      boost::json::error_code failure;
      boost::json::parse(text, failure);
      CAPTURE(page.string(), block.line);
      CHECK_FALSE(failure);
    }
  }
}

TEST_CASE("every code block says what language it is in") {
  for (const auto& page : pages())
    for (const auto& block : blocks_of(read(page))) {
      CAPTURE(page.string(), block.line);
      CHECK_FALSE(block.language.empty());
    }
}

TEST_CASE("every link inside the tree leads somewhere") {
  for (const auto& page : pages()) {
    for (const auto& link : links_of(read(page))) {
      if (link.find("://") != std::string::npos) continue;
      CAPTURE(page.string(), link);
      const auto hash = link.find('#');
      const auto path = link.substr(0, hash);
      const auto target = path.empty() ? page : page.parent_path() / path;
      CHECK(fs::exists(target));
      if (hash == std::string::npos) continue;
      const auto anchors = anchors_of(read(target));
      CHECK(std::find(anchors.begin(), anchors.end(), link.substr(hash + 1)) != anchors.end());
    }
  }
}

TEST_CASE("a page is read as it is meant") {
  const std::string page =
      "# The Title, once\n[a](b.md#c) and ![p](q.png)\n<!-- run by x/y.sh -->\n\n```sh\n# why\ncd a\n\n  make b\n```\n"
      "text\n```json\n{}\n```\n```\n[no](link)\n# No heading\n```\n";
  const auto blocks = blocks_of(page);
  REQUIRE(blocks.size() == 3);
  CHECK(blocks[0].language == "sh");
  CHECK(blocks[0].marker == "x/y.sh");
  CHECK(blocks[0].line == 5);
  CHECK(commands_of(blocks[0]) == std::vector<std::string>{"cd a", "make b"});
  CHECK(blocks[1].marker.empty());
  CHECK(blocks[2].language.empty());
  CHECK(links_of(page) == std::vector<std::string>{"b.md#c", "q.png"});
  CHECK(anchors_of(page) == std::vector<std::string>{"the-title-once"});
}

TEST_CASE("a command that its script does not contain is found") {
  const Block block{"sh", {"cd a", "make b"}, "x.sh", "", 1};
  CHECK(missing_from(block, "set -e\ncd a\nmake b\n").empty());
  CHECK(missing_from(block, "set -e\ncd a\n") == "make b");
}

TEST_CASE("a piece of source that was changed is found") {
  const Block block{"cpp", {"  int a;", "", "  int b;"}, "", "x.cpp", 1};
  CHECK(is_part_of(block, "struct X {\n  int a;\n\n  int b;\n};\n"));
  CHECK_FALSE(is_part_of(block, "struct X {\n  int a;\n  int b;\n};\n"));
  CHECK_FALSE(is_part_of(block, "struct X {\n   int a;\n\n  int b;\n};\n"));
  const auto blocks = blocks_of("<!-- from a/b.cpp -->\n```cpp\nint a;\n```\n");
  REQUIRE(blocks.size() == 1);
  CHECK(blocks[0].source == "a/b.cpp");
  CHECK(blocks[0].marker.empty());
}
