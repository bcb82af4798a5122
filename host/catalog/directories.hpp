// The engine directories as they change: which files are new, changed or gone, told only once a file holds still. A
// file that is renamed into place is whole at once; one that is copied grows for a while, and looks like this:
//
//   look  size      told
//   1     64 KiB    -            it is new, but may still grow
//   2     2 MiB     -            it grew
//   3     2 MiB     changed      it held still between two looks
//
// Times of files are as coarse as the kernel's ticks, so a file that was written to a moment ago does not count as
// still: it could be written to again and look the same.
//
// A copy that pauses is told too early, is refused because it is cut short, and is told again when it goes on.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace tenantry::catalog {

// What says that a file is another one, or was written to, without reading it.
struct FileMark {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t written_ns = 0;
  std::int64_t changed_ns = 0;  // of the inode: contents, owner, mode
  friend bool operator==(const FileMark&, const FileMark&) = default;
};

struct UnreadableDirectory {
  std::string directory;
  std::string why;
  friend bool operator==(const UnreadableDirectory&, const UnreadableDirectory&) = default;
};

struct DirectoryNews {
  std::vector<std::filesystem::path> changed;  // to be loaded, in the order of directories and names
  std::vector<std::filesystem::path> gone;
  std::vector<UnreadableDirectory> unreadable;  // at this look

  [[nodiscard]] bool empty() const { return changed.empty() && gone.empty(); }
};

// Not thread-safe.
class Directories {
 public:
  explicit Directories(std::vector<std::filesystem::path> directories) : directories_(std::move(directories)) {}

  // What has happened to the *.so of the directories since it was last told. `at_once` does not wait for files to hold
  // still: for the first look of a host that starts. The files of a directory that cannot be read at the moment are not
  // gone.
  [[nodiscard]] DirectoryNews look(bool at_once = false);

 private:
  struct Known {
    FileMark seen;  // at the last look
    FileMark told;
    bool was_told = false;  // and not so soon that it could have changed unseen
    bool missing = false;   // at the last look
  };

  const std::vector<std::filesystem::path> directories_;
  std::map<std::filesystem::path, Known> known_;
};

}  // namespace tenantry::catalog
