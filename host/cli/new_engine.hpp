// `tenantry engines new`: writes a project with a working engine, and says how to go on with it.
#pragma once
#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "client/output.hpp"

namespace tenantry::cli {

// Where this program is, and the SDK that belongs to it.
struct Installation {
  std::filesystem::path program;
  std::filesystem::path prefix;      // what CMAKE_PREFIX_PATH has to name; empty: the SDK is not installed beside it
  std::filesystem::path build_tree;  // not empty: the program is still where it was built

  // Of the running program, found by /proc/self/exe.
  [[nodiscard]] static Installation of_this_program();
  [[nodiscard]] static Installation of(const std::filesystem::path& program);
};

// Writes the project into into/name and returns the files. An existing folder is never touched, and what was begun is
// taken back if not all of it can be written. Codes: cli.engine_name, cli.folder_exists, cli.folder_missing,
// cli.write_failed.
[[nodiscard]] base::Result<std::vector<std::filesystem::path>> write_project(const std::string& name,
                                                                             const std::filesystem::path& into);

// The commands that bring a project in `folder` from its sources to a checked engine, ready for a shell.
[[nodiscard]] std::vector<std::string> next_commands(const std::string& name, const std::filesystem::path& folder,
                                                     const Installation& installation);

// All of it: writes, prints, and returns the exit code.
[[nodiscard]] int new_engine(const std::string& name, const std::filesystem::path& into, client::Format format,
                             const Installation& installation, std::ostream& out, std::ostream& err);

}  // namespace tenantry::cli
