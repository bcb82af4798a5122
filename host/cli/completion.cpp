#include <functional>
#include <sstream>

#include "cli/shape.hpp"

namespace tenantry::cli {
namespace {

// Each command with the words that lead to it; the program itself has none.
void walk(const CommandShape& command, const std::string& path,
          const std::function<void(const CommandShape&, const std::string& path)>& visit) {
  visit(command, path);
  for (const auto& one : command.commands) walk(one, path.empty() ? one.name : path + " " + one.name, visit);
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string words_of(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::vector<std::string> option_names(const CommandShape& command) {
  std::vector<std::string> names;
  for (const auto& option : command.options)
    if (!option.is_argument) names.insert(names.end(), option.names.begin(), option.names.end());
  return names;
}

std::vector<std::string> command_names(const CommandShape& command) {
  std::vector<std::string> names;
  for (const auto& one : command.commands) names.push_back(one.name);
  return names;
}

// What may stand where an argument is expected.
std::vector<std::string> argument_choices(const CommandShape& command) {
  for (const auto& option : command.options)
    if (option.is_argument && !option.choices.empty()) return option.choices;
  return {};
}

bool wants_path(const CommandShape& command) {
  for (const auto& option : command.options)
    if (option.is_argument && option.is_path) return true;
  return false;
}

std::string or_pattern(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : "|") + name;
  return text;
}

// The tables that bash and zsh share, as functions that set `choices` and `flags`, and `paths` to 1 where a path is
// wanted.
std::string tables(const CommandShape& root) {
  std::ostringstream out;
  out << "# What may follow the command: its own commands, arguments and options.\n"
      << "_tenantry_words() {\n  case \"$1\" in\n";
  walk(root, {}, [&](const CommandShape& command, const std::string& path) {
    out << "    " << quoted(path)
        << ") choices=" << quoted(words_of(command_names(command)) + " " + words_of(argument_choices(command)))
        << "; flags=" << quoted(words_of(option_names(command))) << "; paths=" << (wants_path(command) ? 1 : 0)
        << " ;;\n";
  });
  out << "    *) return 1 ;;\n  esac\n}\n"
      << "# What may follow an option; 1: it takes no value.\n"
      << "_tenantry_value() {\n  case \"$1 $2\" in\n";
  walk(root, {}, [&](const CommandShape& command, const std::string& path) {
    for (const auto& option : command.options) {
      if (option.is_argument || !option.takes_value) continue;
      std::vector<std::string> patterns;
      for (const auto& name : option.names) patterns.push_back(quoted(path + " " + name));
      out << "    " << or_pattern(patterns) << ") choices=" << quoted(words_of(option.choices))
          << "; paths=" << (option.is_path ? 1 : 0) << " ;;\n";
    }
  });
  out << "    *) return 1 ;;\n  esac\n}\n";
  return out.str();
}

// Walks what was typed to the command that it means; sets `command`, and `before` to the word before the last.
constexpr const char* kPath = R"(_tenantry_path() {
  local word skip=0
  command= before=
  for word in "$@"; do
    before=$word
    if [ "$skip" = 1 ]; then skip=0; continue; fi
    case "$word" in
      -*) if _tenantry_value "$command" "$word" || _tenantry_value '' "$word"; then skip=1; fi ;;
      *) if _tenantry_words "${command:+$command }$word"; then command="${command:+$command }$word"; fi ;;
    esac
  done
  [ "$skip" = 1 ] || before=
}
)";

std::string bash(const CommandShape& root) {
  return "# Completion of `tenantry` for bash, made by `tenantry completion bash`.\n" + tables(root) + kPath +
         R"(_tenantry() {
  local choices flags paths command before current=${COMP_WORDS[COMP_CWORD]}
  _tenantry_path "${COMP_WORDS[@]:1:COMP_CWORD-1}"
  choices= flags= paths=0
  if [ -n "$before" ]; then
    _tenantry_value "$command" "$before" || _tenantry_value '' "$before"
  else
    _tenantry_words '' && local everywhere=$flags
    _tenantry_words "$command"
    case "$current" in -*) choices="$flags $everywhere" ;; esac
  fi
  COMPREPLY=($(compgen -W "$choices" -- "$current"))
  if [ "$paths" = 1 ]; then COMPREPLY+=($(compgen -f -- "$current")); fi
}
complete -o filenames -o bashdefault -F _tenantry tenantry
)";
}

std::string zsh(const CommandShape& root) {
  return "#compdef tenantry\n# Completion of `tenantry` for zsh, made by `tenantry completion zsh`.\n" + tables(root) +
         kPath + R"(_tenantry() {
  local choices flags paths command before everywhere current=${words[CURRENT]}
  _tenantry_path "${(@)words[2,CURRENT-1]}"
  choices= flags= paths=0
  if [ -n "$before" ]; then
    _tenantry_value "$command" "$before" || _tenantry_value '' "$before"
  else
    _tenantry_words '' && everywhere=$flags
    _tenantry_words "$command"
    case "$current" in -*) choices="$flags $everywhere" ;; esac
  fi
  local -a found
  found=(${=choices})
  compadd -a found
  if [ "$paths" = 1 ]; then _files; fi
}
if [ "$funcstack[1]" = _tenantry ]; then _tenantry "$@"; else compdef _tenantry tenantry; fi
)";
}

std::string fish_condition(const CommandShape& root, const std::string& path) {
  if (path.empty()) return {};
  std::istringstream words(path);
  std::string text;
  const CommandShape* at = &root;
  for (std::string word; words >> word;) {
    text += (text.empty() ? "" : "; and ") + ("__fish_seen_subcommand_from " + word);
    for (const auto& one : at->commands)
      if (one.name == word) {
        at = &one;
        break;
      }
  }
  return text;
}

std::string fish(const CommandShape& root) {
  std::ostringstream out;
  out << "# Completion of `tenantry` for fish, made by `tenantry completion fish`.\ncomplete -c tenantry -f\n";
  walk(root, {}, [&](const CommandShape& command, const std::string& path) {
    const auto here = fish_condition(root, path);
    auto open = here;
    const auto names = command_names(command);
    if (!names.empty()) open += (open.empty() ? "" : "; and ") + ("not __fish_seen_subcommand_from " + words_of(names));
    const auto begin = [](const std::string& condition) {
      return "complete -c tenantry" + (condition.empty() ? "" : " -n " + quoted(condition));
    };
    for (const auto& one : command.commands)
      out << begin(open) << " -a " << one.name << " -d " << quoted(one.text) << "\n";
    for (const auto& choice : argument_choices(command)) out << begin(here) << " -a " << choice << "\n";
    if (wants_path(command)) out << begin(here) << " -F\n";
    for (const auto& option : command.options) {
      if (option.is_argument) continue;
      out << begin(here);
      for (const auto& name : option.names)
        out << (name.rfind("--", 0) == 0 ? " -l " + name.substr(2) : " -s " + name.substr(1));
      if (option.takes_value) out << (option.is_path ? " -r -F" : " -x");
      if (!option.choices.empty()) out << " -a " << quoted(words_of(option.choices));
      if (!option.text.empty()) out << " -d " << quoted(option.text);
      out << "\n";
    }
  });
  return out.str();
}

}  // namespace

std::string completion_script(const CommandShape& root, const std::string& shell) {
  if (shell == "bash") return bash(root);
  return shell == "zsh" ? zsh(root) : fish(root);
}

}  // namespace tenantry::cli
