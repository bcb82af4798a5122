// The commands and options there are, as plain values: what help pages and completion are made of.
#pragma once
#include <string>
#include <vector>

namespace tenantry::cli {

struct OptionShape {
  std::vector<std::string> names;    // -o, --output; of an argument its one name, TENANT
  std::string text;                  // one line, or empty
  std::vector<std::string> choices;  // what it may be; empty: anything
  bool is_argument = false;          // told by its place
  bool takes_value = true;
  bool is_path = false;
  bool is_required = false;
};

struct CommandShape {
  std::string name;
  std::string text;
  std::vector<OptionShape> options;    // of arguments and options, in the order they were defined
  std::vector<CommandShape> commands;  // empty: it is one that does something
};

// For a screen of 80 columns. `path` is what is typed: "tenantry tenants create".
[[nodiscard]] std::string help_page(const CommandShape& command, const std::string& path);

// A script that teaches the shell, "bash", "zsh" or "fish", to complete commands, options, and values of options that
// are one of a few. Options of `root` itself are known to every command.
[[nodiscard]] std::string completion_script(const CommandShape& root, const std::string& shell);

}  // namespace tenantry::cli
