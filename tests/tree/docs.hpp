// What a Markdown page promises: its code blocks, who runs them, and where its links go.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace tenantry::test {

struct Block {
  std::string language;  // "sh", "json", "cpp", ...
  std::vector<std::string> lines;
  std::string marker;    // of the comment in the line before: <!-- run by tests/run.sh --> gives the path
  std::string source;    // the same of <!-- from examples/x/engine.cpp -->
  std::size_t line = 0;  // where it begins
};

[[nodiscard]] std::vector<Block> blocks_of(std::string_view markdown);

// Targets of links and pictures outside of code blocks: addresses, paths, and #anchors.
[[nodiscard]] std::vector<std::string> links_of(std::string_view markdown);

// The anchors that the page's headings have.
[[nodiscard]] std::vector<std::string> anchors_of(std::string_view markdown);

// The lines of the block that are commands: neither empty nor a comment.
[[nodiscard]] std::vector<std::string> commands_of(const Block& block);

// True if the block's lines are lines of this text, one after the other, as they stand.
[[nodiscard]] bool is_part_of(const Block& block, std::string_view text);

// The first command of the block that this script does not contain as it stands; "": all are there.
[[nodiscard]] std::string missing_from(const Block& block, std::string_view script);

}  // namespace tenantry::test
