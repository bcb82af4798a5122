#include "layers.hpp"

#include <algorithm>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>

namespace tenantry::test {
namespace {

namespace fs = std::filesystem;

// A third-party library and the only places that may include it: a folder ("host/sql/") or a file.
struct Border {
  std::string_view library;  // the beginning of the header's name
  std::vector<std::string_view> places;
};

const std::vector<Border>& borders() {
  static const std::vector<Border> list{
      {"pistache/", {"host/http/endpoint.cpp"}},
      {"soci/", {"host/sql/", "host/tables/", "host/database/"}},
      {"sqlite3.h", {}},  // SOCI's own copy of its declarations clashes with it
      {"libpq-fe.h", {"host/database/"}},
      {"spdlog/", {"host/base/log.cpp"}},
      {"CLI/", {"host/cli/grammar.hpp", "host/main.cpp"}},
      {"toml++/", {"host/config.cpp", "host/config_file.cpp"}},
      {"boost/dll", {"host/engine/library.cpp"}},
      {"prometheus/", {"host/metrics/"}},
      {"sodium.h",
       {"host/secrets/", "host/webhooks/signature.cpp", "host/engine/manifest_reader.cpp",
        "host/engine/plugin_file.cpp"}},
      {"curl/", {"host/client/client.cpp", "host/webhooks/sender.cpp", "sdk/src/http_client.cpp"}},
  };
  return list;
}

const Border* border_of(std::string_view header) {
  for (const auto& border : borders())
    if (header.substr(0, border.library.size()) == border.library) return &border;
  return nullptr;
}

bool allowed(const Border& border, std::string_view path) {
  return std::any_of(border.places.begin(), border.places.end(), [&](std::string_view place) {
    return place.back() == '/' ? path.substr(0, place.size()) == place : path == place;
  });
}

std::string_view first_folder(std::string_view path) { return path.substr(0, path.find('/')); }

// "host/store/store.hpp" -> "store"; "" for the files of the composition root and for all that is not of the host.
std::string room_of(std::string_view path) {
  static constexpr std::string_view kHost = "host/";
  if (path.substr(0, kHost.size()) != kHost) return {};
  path.remove_prefix(kHost.size());
  const auto slash = path.find('/');
  return slash == std::string_view::npos ? std::string() : std::string(path.substr(0, slash));
}

std::string word(std::string_view& text) {
  static constexpr std::string_view kBlank = " \t\r\n";
  const auto begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) {
    text = {};
    return {};
  }
  const auto end = std::min(text.find_first_of(kBlank, begin), text.size());
  std::string found(text.substr(begin, end - begin));
  text.remove_prefix(end);
  return found;
}

class Checker {
 public:
  Checker(const Rooms& rooms, const Files& files) : rooms_(rooms), files_(files) {}

  std::vector<std::string> run() {
    for (const auto& [room, depends] : rooms_) {
      for (const auto& other : depends)
        if (other == room) complain("room " + room + " lists itself");
      look_for_circle(room);
    }
    for (const auto& [path, text] : files_)
      for (const auto& include : includes_of(text)) check(path, include);
    return std::move(broken_);
  }

 private:
  void complain(std::string sentence) { broken_.push_back(std::move(sentence)); }

  void look_for_circle(const std::string& start) {
    std::set<std::string> seen;
    std::function<void(const std::string&)> walk = [&](const std::string& room) {
      const auto found = rooms_.find(room);
      if (found == rooms_.end() || !seen.insert(room).second) return;
      for (const auto& next : found->second) {
        if (next == start) complain("rooms " + start + " and " + room + " depend on each other in a circle");
        walk(next);
      }
    };
    walk(start);
  }

  void check(const std::string& path, const Include& include) {
    const auto from = first_folder(path);
    const std::string target = include.target;
    if (from == "host")
      check_host(path, include);
    else if ((from == "sdk" || from == "plugins") && names_a_room(target))
      complain(path + " includes " + target + " of the host");
    if (from == "sdk" && first_folder(target) == "plugins") complain(path + " includes " + target + " of a plugin");
    const auto* border = border_of(target);
    if (border != nullptr && (from == "host" || from == "sdk") && !allowed(*border, path))
      complain(path + " includes <" + target + ">, which is kept to a few files");
  }

  void check_host(const std::string& path, const Include& include) {
    const std::string& target = include.target;
    static constexpr std::string_view kSdk = "tenantry/";
    if (target.substr(0, kSdk.size()) == kSdk && target != "tenantry/abi.h")
      complain(path + " includes <" + target + ">; the host knows only <tenantry/abi.h> of the SDK");
    if (!include.quoted) return;
    const auto room = room_of(path);
    const auto slash = target.find('/');
    const bool outside = slash == std::string::npos;
    const std::string other = outside ? std::string() : target.substr(0, slash);
    if (room.empty()) return;  // the composition root knows every room
    const auto entry = rooms_.find(room);
    if (entry == rooms_.end()) return complain(path + " is in a room without an add_room line");
    if (outside) {
      // Generated files lie beside their user; what is in the source tree is the composition root's.
      if (files_.count("host/" + target) != 0) complain(path + " includes " + target + " of the composition root");
      return;
    }
    if (other == room) return;
    if (entry->second.count(other) == 0)
      return complain(path + " includes " + target + ", but room " + room + " does not list " + other);
    if (const auto leaked = third_party_behind("host/" + target); leaked && !allowed(*border_of(*leaked), path))
      complain(path + " gets <" + *leaked + "> through " + target +
               ": a library behind a border shows in a public header");
  }

  bool names_a_room(const std::string& target) const {
    return rooms_.count(std::string(first_folder(target))) != 0 && files_.count("host/" + target) != 0;
  }

  // A header with a border that this header of ours brings along.
  std::optional<std::string> third_party_behind(const std::string& header) const {
    std::set<std::string> seen;
    std::vector<std::string> open{header};
    while (!open.empty()) {
      const auto path = open.back();
      open.pop_back();
      const auto file = files_.find(path);
      if (file == files_.end() || !seen.insert(path).second) continue;
      for (const auto& include : includes_of(file->second)) {
        if (border_of(include.target) != nullptr) return include.target;
        if (include.quoted) open.push_back("host/" + include.target);
      }
    }
    return std::nullopt;
  }

  const Rooms& rooms_;
  const Files& files_;
  std::vector<std::string> broken_;
};

}  // namespace

Rooms read_rooms(std::string_view cmake) {
  static constexpr std::string_view kCall = "add_room(";
  Rooms rooms;
  for (auto at = cmake.find(kCall); at != std::string_view::npos; at = cmake.find(kCall, at + 1)) {
    if (at != 0 && cmake[at - 1] != '\n') continue;  // the function itself, and comments
    auto text = cmake.substr(at + kCall.size());
    text = text.substr(0, text.find(')'));
    auto& depends = rooms[word(text)];
    bool listing = false;
    for (auto next = word(text); !next.empty(); next = word(text)) {
      if (next == "DEPENDS" || next == "LINKS")
        listing = next == "DEPENDS";
      else if (listing)
        depends.insert(next);
    }
  }
  return rooms;
}

std::vector<Include> includes_of(std::string_view source) {
  std::vector<Include> found;
  std::istringstream lines{std::string(source)};
  for (std::string line; std::getline(lines, line);) {
    const auto hash = line.find_first_not_of(" \t");
    if (hash == std::string::npos || line[hash] != '#') continue;
    const auto name = line.find_first_not_of(" \t", hash + 1);
    if (name == std::string::npos || line.compare(name, 7, "include") != 0) continue;
    const auto open = line.find_first_of("<\"", name + 7);
    if (open == std::string::npos) continue;
    const auto close = line.find(line[open] == '<' ? '>' : '"', open + 1);
    if (close == std::string::npos) continue;
    found.push_back({line.substr(open + 1, close - open - 1), line[open] == '"'});
  }
  return found;
}

Files read_tree(const fs::path& root, const std::vector<std::string>& folders) {
  static const std::set<std::string> kSources{".c", ".h", ".cpp", ".hpp"};
  Files files;
  for (const auto& folder : folders) {
    if (!fs::is_directory(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (!entry.is_regular_file() || kSources.count(entry.path().extension().string()) == 0) continue;
      std::ostringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      files[fs::relative(entry.path(), root).generic_string()] = text.str();
    }
  }
  return files;
}

std::vector<std::string> check_layers(const Rooms& rooms, const Files& files) { return Checker(rooms, files).run(); }

}  // namespace tenantry::test
