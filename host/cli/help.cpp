#include <algorithm>
#include <sstream>

#include "cli/shape.hpp"
#include "client/output.hpp"

namespace tenantry::cli {
namespace {

constexpr std::size_t kWidth = 79;
constexpr std::size_t kIndent = 2;
constexpr std::size_t kWidestName = 26;

std::string joined(const std::vector<std::string>& parts, const char* between) {
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : between) + part;
  return text;
}

// Words, broken so that no line is wider than the page; all but the first begin at `indent`.
std::string wrapped(const std::string& text, std::size_t at, std::size_t indent) {
  std::istringstream words(text);
  std::string out;
  bool begun = false;
  for (std::string word; words >> word;) {
    if (begun && at + 1 + client::columns(word) > kWidth) {
      out += "\n" + std::string(indent, ' ');
      at = indent;
      begun = false;
    }
    out += (begun ? " " : "") + word;
    at += client::columns(word) + (begun ? 1 : 0);
    begun = true;
  }
  return out;
}

struct Row {
  std::string name;
  std::string text;
};

std::string rows_text(const std::string& heading, const std::vector<Row>& rows) {
  if (rows.empty()) return {};
  std::size_t width = 0;
  for (const auto& row : rows)
    if (client::columns(row.name) <= kWidestName) width = std::max(width, client::columns(row.name));
  const auto indent = kIndent + width + 2;
  std::string out = "\n" + heading + ":\n";
  for (const auto& row : rows) {
    out += std::string(kIndent, ' ') + row.name;
    if (row.text.empty()) {
      out += "\n";
      continue;
    }
    if (client::columns(row.name) > width)
      out += "\n" + std::string(indent, ' ');
    else
      out += std::string(indent - kIndent - client::columns(row.name), ' ');
    out += wrapped(row.text, indent, indent) + "\n";
  }
  return out;
}

std::string value_word(const OptionShape& option) {
  if (!option.choices.empty()) return joined(option.choices, "|");
  return option.is_path ? "PATH" : "VALUE";
}

Row row_of(const OptionShape& option) {
  auto name = joined(option.names, ", ");
  if (!option.is_argument && option.takes_value) name += " " + value_word(option);
  auto text = option.text;
  if (option.is_argument && !option.choices.empty()) text += (text.empty() ? "" : ": ") + value_word(option);
  if (option.is_required && !option.is_argument) text += text.empty() ? "required" : " (required)";
  return {std::move(name), std::move(text)};
}

}  // namespace

std::string help_page(const CommandShape& command, const std::string& path) {
  std::vector<Row> arguments;
  std::vector<Row> options;
  std::vector<Row> commands;
  std::string usage = path;
  for (const auto& option : command.options) {
    (option.is_argument ? arguments : options).push_back(row_of(option));
    const auto name = option.names.empty() ? std::string() : option.names.back();
    if (option.is_argument)
      usage += " " + (option.is_required ? name : "[" + name + "]");
    else if (option.is_required)
      usage += " " + name + (option.takes_value ? " " + value_word(option) : "");
  }
  usage += " [OPTIONS]";
  if (!command.commands.empty()) usage += " COMMAND";
  for (const auto& one : command.commands) commands.push_back({one.name, one.text});
  const bool is_root = path.find(' ') == std::string::npos;
  auto text = wrapped(command.text, 0, 0) + "\nUsage: " + wrapped(usage, 7, 7) + "\n";
  text += rows_text("Arguments", arguments) + rows_text("Options", options) + rows_text("Commands", commands);
  if (!is_root) text += "\n" + wrapped("Also --url, -o json and --trace: see `tenantry --help`.", 0, 0) + "\n";
  return text;
}

}  // namespace tenantry::cli
