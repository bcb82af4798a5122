#include "docs.hpp"

#include <cctype>
#include <sstream>

namespace tenantry::test {
namespace {

constexpr std::string_view kFence = "```";
constexpr std::string_view kRunBy = "<!-- run by ";
constexpr std::string_view kFrom = "<!-- from ";

std::string trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1));
}

// What a comment that begins with `begin` names; "" if the line is something else.
std::string named(const std::string& line, std::string_view begin) {
  const auto at = line.find(begin);
  const auto end = line.find(" -->");
  return at == std::string::npos || end == std::string::npos ? ""
                                                             : line.substr(at + begin.size(), end - at - begin.size());
}

// Calls `line` with each line outside of code blocks, `fence` at the borders, and `inside` with each line within.
template <class Line, class Fence, class Inside>
void walk(std::string_view markdown, Line line, Fence fence, Inside inside) {
  std::istringstream stream{std::string(markdown)};
  bool in_block = false;
  std::size_t number = 0;
  for (std::string text; std::getline(stream, text);) {
    ++number;
    if (trimmed(text).rfind(kFence, 0) == 0) {
      in_block = !in_block;
      fence(trimmed(trimmed(text).substr(kFence.size())), in_block, number);
    } else if (in_block) {
      inside(text);
    } else {
      line(text);
    }
  }
}

}  // namespace

std::vector<Block> blocks_of(std::string_view markdown) {
  std::vector<Block> blocks;
  std::string marker;
  std::string source;
  walk(
      markdown,
      [&](const std::string& text) {
        if (trimmed(text).empty()) return;
        marker = named(text, kRunBy);
        source = named(text, kFrom);
      },
      [&](const std::string& language, bool opens, std::size_t number) {
        if (opens) blocks.push_back({language, {}, marker, source, number});
        marker.clear();
        source.clear();
      },
      [&](const std::string& text) { blocks.back().lines.push_back(text); });
  return blocks;
}

std::vector<std::string> links_of(std::string_view markdown) {
  std::vector<std::string> links;
  walk(
      markdown,
      [&](const std::string& text) {
        for (auto at = text.find("]("); at != std::string::npos; at = text.find("](", at + 1)) {
          const auto end = text.find(')', at);
          if (end != std::string::npos) links.push_back(text.substr(at + 2, end - at - 2));
        }
      },
      [](const std::string&, bool, std::size_t) {}, [](const std::string&) {});
  return links;
}

std::vector<std::string> anchors_of(std::string_view markdown) {
  std::vector<std::string> anchors;
  walk(
      markdown,
      [&](const std::string& text) {
        if (text.empty() || text[0] != '#') return;
        std::string anchor;
        for (const char c : trimmed(text.substr(text.find_first_not_of('#')))) {
          const auto byte = static_cast<unsigned char>(c);
          if (std::isalnum(byte) != 0 || c == '-' || c == '_' || byte >= 0x80)
            anchor += static_cast<char>(std::tolower(byte));
          else if (c == ' ')
            anchor += '-';
        }
        anchors.push_back(anchor);
      },
      [](const std::string&, bool, std::size_t) {}, [](const std::string&) {});
  return anchors;
}

std::vector<std::string> commands_of(const Block& block) {
  std::vector<std::string> commands;
  for (const auto& line : block.lines)
    if (const auto text = trimmed(line); !text.empty() && text[0] != '#') commands.push_back(text);
  return commands;
}

bool is_part_of(const Block& block, std::string_view text) {
  std::string wanted = "\n";
  for (const auto& line : block.lines) wanted += line + "\n";
  return ("\n" + std::string(text)).find(wanted) != std::string::npos;
}

std::string missing_from(const Block& block, std::string_view script) {
  for (const auto& command : commands_of(block))
    if (script.find(command) == std::string_view::npos) return command;
  return {};
}

}  // namespace tenantry::test
