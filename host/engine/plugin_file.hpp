// A file that may hold an engine: read once, completely, so that everything later looks at the same bytes even if
// somebody writes to the file meanwhile.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace tenantry::engine {

struct PluginFile {
  std::string name;  // of the file, without its directory; what sentences about it begin with
  std::string bytes;
  std::string sha256;  // lower-case hex
};

// Refuses what is not a regular file called *.so, belongs to neither root nor this process's user, is writable by
// everybody, or is not in `allow` (SHA-256 in lower-case hex; empty: everything is allowed). Symbolic links are not
// followed. Error "engine.refused", one sentence.
[[nodiscard]] base::Result<PluginFile> read_plugin_file(const std::filesystem::path& path,
                                                        const std::vector<std::string>& allow);

// "<name>: <why>" as the error every refusal of a file is.
[[nodiscard]] base::Error refusal(const std::string& name, const std::string& why,
                                  std::vector<base::Problem> problems = {});

}  // namespace tenantry::engine
