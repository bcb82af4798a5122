// Holds every #include of the source tree against the table of rooms: who may know whom.
#pragma once
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tenantry::test {

using Rooms = std::map<std::string, std::set<std::string>>;  // a room and the rooms it may include from
using Files = std::map<std::string, std::string>;            // path from the root of the tree -> contents

struct Include {
  std::string target;
  bool quoted = false;  // "x" rather than <x>
};

// The add_room(<name> DEPENDS ...) lines of host/CMakeLists.txt.
[[nodiscard]] Rooms read_rooms(std::string_view cmake);

[[nodiscard]] std::vector<Include> includes_of(std::string_view source);

// The C and C++ files below these folders of `root`.
[[nodiscard]] Files read_tree(const std::filesystem::path& root, const std::vector<std::string>& folders);

// One sentence for each broken rule; empty: all is well.
[[nodiscard]] std::vector<std::string> check_layers(const Rooms& rooms, const Files& files);

}  // namespace tenantry::test
