#include "catalog/directories.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <system_error>

namespace tenantry::catalog {
namespace {

namespace fs = std::filesystem;

std::int64_t nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000LL + time.tv_nsec; }

std::optional<FileMark> mark_of(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
  return FileMark{status.st_dev, status.st_ino, status.st_size, nanoseconds(status.st_mtim),
                  nanoseconds(status.st_ctim)};
}

// Written to so short a time ago that the next time may be the same tick. A clock that is behind does not matter.
bool is_fresh(const FileMark& mark) {
  constexpr std::int64_t kTicks = 20'000'000;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto age = std::chrono::nanoseconds(now).count() - std::max(mark.written_ns, mark.changed_ns);
  return age >= 0 && age < kTicks;
}

std::vector<fs::path> libraries_in(const fs::path& directory, std::error_code& failure) {
  std::vector<fs::path> out;
  for (fs::directory_iterator entry(directory, failure), end; !failure && entry != end; entry.increment(failure))
    if (entry->path().extension() == ".so") out.push_back(entry->path());
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

DirectoryNews Directories::look(bool at_once) {
  DirectoryNews news;
  std::set<fs::path> there;
  std::set<fs::path> unread;
  for (const auto& directory : directories_) {
    std::error_code failure;
    for (const auto& path : libraries_in(directory, failure)) {
      const auto mark = mark_of(path);
      if (!mark) continue;  // it went between the two calls
      there.insert(path);
      auto& known = known_[path];
      const bool fresh = is_fresh(*mark);
      const bool still = at_once || (known.seen == *mark && !known.missing && !fresh);
      known.seen = *mark;
      known.missing = false;
      if (!still || (known.was_told && known.told == *mark)) continue;
      known.told = *mark;
      known.was_told = !fresh;
      news.changed.push_back(path);
    }
    if (!failure) continue;
    unread.insert(directory);
    news.unreadable.push_back({directory.string(), failure.message()});
  }
  for (auto entry = known_.begin(); entry != known_.end();) {
    auto& [path, known] = *entry;
    if (there.contains(path) || unread.contains(path.parent_path())) {
      ++entry;
    } else if (!at_once && !known.missing) {
      known.missing = true;  // it may be in the middle of being replaced
      ++entry;
    } else {
      if (known.told != FileMark{}) news.gone.push_back(path);
      entry = known_.erase(entry);
    }
  }
  return news;
}

}  // namespace tenantry::catalog
