#include "cli/new_engine.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <ostream>
#include <string_view>

#include "cli/commands.hpp"
#include "cli/template.hpp"

namespace tenantry::cli {
namespace {

namespace fs = std::filesystem;
namespace json = base::json;

// The name becomes a target of CMake, which has some of its own.
constexpr std::array<std::string_view, 10> kReserved{"all",           "clean",   "edit_cache",     "help",
                                                     "install",       "package", "package_source", "preinstall",
                                                     "rebuild_cache", "test"};
constexpr std::string_view kOurs = "tenantry_";

base::Error refusal(const char* code, std::string message, std::string next) {
  return {base::ErrorKind::kInvalid, code, std::move(message), std::move(next), {}, {}};
}

base::Result<void> check_name(const std::string& name) {
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const bool is_id =
      !name.empty() && name.size() <= 64 && is_lower(name[0]) &&
      std::all_of(name.begin(), name.end(), [&](char c) { return is_lower(c) || (c >= '0' && c <= '9') || c == '_'; });
  if (!is_id)
    return refusal("cli.engine_name", "\"" + name + "\" is no name for an engine.",
                   "Take 1 to 64 lower-case letters, digits and _, with a letter first, e.g. my_erp.");
  if (name.rfind(kOurs, 0) == 0 || std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end())
    return refusal("cli.engine_name", "\"" + name + "\" is the name of a target that is there already.",
                   "Take another name.");
  return {};
}

std::string renamed(std::string_view text, std::string_view name) {
  std::string out;
  for (auto at = text.find(kTemplateName); at != std::string_view::npos; at = text.find(kTemplateName)) {
    out += text.substr(0, at);
    out += name;
    text.remove_prefix(at + kTemplateName.size());
  }
  return out += text;
}

// As one word of a shell's command line.
std::string word(const fs::path& path) {
  std::string text = path.string();
  static constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+/=";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

Installation Installation::of_this_program() {
  std::error_code ignored;
  return of(fs::read_symlink("/proc/self/exe", ignored));
}

Installation Installation::of(const fs::path& program) {
  Installation found;
  found.program = program;
  const auto folder = program.parent_path();
  std::error_code ignored;
  if (fs::exists(folder.parent_path() / "lib/cmake/TenantrySdk/TenantrySdkConfig.cmake", ignored))
    found.prefix = folder.parent_path();
  else if (fs::exists(folder / "CMakeCache.txt", ignored))
    found.build_tree = folder;
  return found;
}

base::Result<std::vector<fs::path>> write_project(const std::string& name, const fs::path& into) {
  if (const auto checked = check_name(name); checked.has_error()) return checked.error();
  std::error_code error;
  if (!fs::is_directory(into, error))
    return refusal("cli.folder_missing", "There is no folder " + into.string() + ".", "Make it, or name another one.");
  const auto folder = (into / name).lexically_normal();
  if (!fs::create_directory(folder, error)) {
    if (!error)
      return refusal("cli.folder_exists", folder.string() + " is there already, and is left as it is.",
                     "Take another name, or name another folder with --into.");
    return refusal("cli.write_failed", folder.string() + " cannot be made: " + error.message() + ".",
                   "Check the permissions of the folder.");
  }
  std::vector<fs::path> written;
  for (const auto& file : template_files()) {
    const auto path = folder / renamed(file.path, name);
    if (!(std::ofstream(path) << renamed(file.text, name) << std::flush)) {
      fs::remove_all(folder, error);
      return refusal("cli.write_failed", path.string() + " cannot be written.", "Make room on the disk and try again.");
    }
    written.push_back(path);
  }
  return written;
}

std::vector<std::string> next_commands(const std::string& name, const fs::path& folder,
                                       const Installation& installation) {
  const auto program = installation.program.empty() ? fs::path("tenantry") : installation.program;
  std::vector<std::string> commands;
  std::string configure = "cmake -S . -B build";
  if (!installation.build_tree.empty()) {
    const auto sdk = installation.build_tree / "sdk-installed";
    commands.push_back("cmake --install " + word(installation.build_tree) + " --component sdk --prefix " + word(sdk));
    configure += " -DCMAKE_PREFIX_PATH=" + word(sdk) + " -DTENANTRY_PROGRAM=" + word(program);
  } else if (!installation.prefix.empty() && installation.prefix != "/usr" && installation.prefix != "/usr/local") {
    configure += " -DCMAKE_PREFIX_PATH=" + word(installation.prefix);
  }
  commands.push_back("cd " + word(folder));
  commands.push_back(configure);
  commands.push_back("cmake --build build");
  commands.push_back("ctest --test-dir build --output-on-failure");
  commands.push_back(word(program) + " engines check build/engines/" + name + ".so --fixture fixture.json");
  return commands;
}

int new_engine(const std::string& name, const fs::path& into, client::Format format, const Installation& installation,
               std::ostream& out, std::ostream& err) {
  const auto written = write_project(name, into);
  if (written.has_error()) {
    client::print_error(err, written.error());
    return client::exit_code(written.error());
  }
  const auto folder = (into / name).lexically_normal();
  const auto commands = next_commands(name, folder, installation);
  if (format == client::Format::kJson) {
    json::array files;
    for (const auto& file : *written) files.emplace_back(file.string());
    out << json::serialize(json::object{
               {"folder", folder.string()}, {"files", std::move(files)}, {"commands", json::value_from(commands)}})
        << "\n";
    return kExitOk;
  }
  out << "An engine that works is in " << client::printable(folder.string()) << ":\n";
  for (const auto& file : *written) out << "  " << client::printable(file.filename().string()) << "\n";
  if (!installation.build_tree.empty())
    out << "\nThis program is still where it was built; the first of these installs the SDK beside it:\n\n";
  else if (installation.prefix.empty())
    out << "\nThe SDK is not installed beside this program: name its folder with -DCMAKE_PREFIX_PATH= below.\n\n";
  else
    out << "\nNext:\n\n";
  for (const auto& command : commands) out << "  " << client::printable(command) << "\n";
  out << "\nThen copy build/engines/" << name << ".so into a folder of the host's engines.directories.\n";
  return kExitOk;
}

}  // namespace tenantry::cli
