#include "database/sqlite.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>

#include "database/inspect.hpp"
#include "database/migrate.hpp"
#include "database/sqlite_dialect.hpp"
#include "tables/soci_store.hpp"

namespace tenantry::database {
namespace {

namespace fs = std::filesystem;

base::Error cannot_open(std::string message, std::string next_action) {
  return {base::ErrorKind::kInvalid, "store.cannot_open", std::move(message), std::move(next_action), {}, {}};
}

// Held for as long as the store is open. The kernel gives it up with the process, however that ends.
class SideLock {
 public:
  static base::Result<SideLock> take(const std::string& path) {
    const std::string name = path + ".lock";
    SideLock lock(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (lock.fd_ < 0)
      return cannot_open("The store's lock file " + name + " cannot be made: " + std::strerror(errno) + ".",
                         "Give the host write permission on the folder.");
    if (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) {
      std::string holder;
      std::ifstream(name) >> holder;
      return base::Error{base::ErrorKind::kUnavailable,
                         "store.in_use",
                         "The store " + path + " is already open in another process" +
                             (holder.empty() ? "" : " (pid " + holder + ")") +
                             "; a SQLite store serves one host at a time.",
                         "End the other process, or give this host a store of its own.",
                         {},
                         {}};
    }
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(lock.fd_, 0) == 0) static_cast<void>(!::pwrite(lock.fd_, pid.data(), pid.size(), 0));
    return lock;
  }
  static SideLock of_the_host_beside() { return SideLock(-1); }
  SideLock(SideLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  SideLock(const SideLock&) = delete;
  SideLock& operator=(const SideLock&) = delete;
  SideLock& operator=(SideLock&&) = delete;
  ~SideLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  explicit SideLock(int fd) : fd_(fd) {}
  int fd_;
};

// A folder that goes with its owner; empty path: none.
struct TemporaryFolder {
  std::string path;
  TemporaryFolder() = default;
  TemporaryFolder(TemporaryFolder&& other) noexcept : path(std::exchange(other.path, {})) {}
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path.empty()) fs::remove_all(path, ignored);
  }
};

class SqliteStore final : public tables::SociStore {
 public:
  SqliteStore(TemporaryFolder folder, SideLock lock, std::unique_ptr<sql::Dialect> dialect, SqliteOptions options)
      : tables::SociStore(std::move(dialect), std::move(options.read_manifest), options.readers),
        folder_(std::move(folder)),
        lock_(std::move(lock)) {}
  SqliteStore(const SqliteStore&) = delete;
  SqliteStore& operator=(const SqliteStore&) = delete;
  // While the lock is still held.
  ~SqliteStore() override { close(); }

 private:
  TemporaryFolder folder_;
  SideLock lock_;
};

// What is said before SQLite is asked, because its own words would not tell an operator what to do.
std::optional<base::Error> look(const std::string& path) {
  if (path.empty()) return cannot_open("The store has no path.", "Name a file for the store.");
  if (path.find_first_of("\"\n") != std::string::npos)
    return cannot_open("The store's path " + path + " holds a quote or a line break.", "Name another file.");
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) {
    const auto folder = fs::path(path).parent_path();
    const auto& name = folder.empty() ? fs::path(".") : folder;
    std::error_code ignored;
    if (errno == ENOENT && !fs::is_directory(name, ignored))
      return cannot_open("The store " + path + " cannot be made: the folder " + name.string() + " does not exist.",
                         "Make the folder.");
    if (errno != ENOENT)
      return cannot_open("The store " + path + " cannot be reached: " + std::strerror(errno) + ".",
                         "Correct the path or its permissions.");
    return std::nullopt;
  }
  if (S_ISDIR(file.st_mode))
    return cannot_open("The store " + path + " is a directory.", "Name a file, for example " + path + "/tenantry.db.");
  if (!S_ISREG(file.st_mode)) return cannot_open("The store " + path + " is not a regular file.", "Name a file.");
  if (::access(path.c_str(), R_OK) != 0)
    return cannot_open("The store " + path + " may not be read by this user.", "Give the host's user the file.");
  if (::access(path.c_str(), W_OK) != 0)
    return cannot_open("The store " + path + " is read-only for this user.",
                       "Give the host's user write permission on the file and its folder.");
  std::array<char, 16> head{};
  std::ifstream in(path, std::ios::binary);
  in.read(head.data(), head.size());
  if (file.st_size > 0 && std::string_view(head.data(), head.size()) != std::string_view("SQLite format 3\0", 16))
    return base::Error{base::ErrorKind::kInvalid,
                       "store.not_a_database",
                       "The file " + path + " is not a database.",
                       "Name another file for the store.",
                       {},
                       {}};
  return std::nullopt;
}

// So that neither the file nor what SQLite makes beside it, with the same mode, is for others to read.
std::optional<base::Error> make_private(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return cannot_open("The store " + path + " cannot be made: " + std::strerror(errno) + ".",
                       "Give the host's user write permission on the folder.");
  ::close(fd);
  return std::nullopt;
}

// Who holds SideLock; empty: nobody. Lets go of it before a host that is just being started could notice.
std::string holder_of(const std::string& path) {
  const std::string name = path + ".lock";
  const int fd = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  const bool held = ::flock(fd, LOCK_SH | LOCK_NB) != 0;
  ::close(fd);
  std::string pid;
  if (held) std::ifstream(name) >> pid;
  return held && pid.empty() ? "?" : pid;
}

// How the file can be read without leaving anything beside it: as it is, or together with the log of writes that was
// left there, which has an index as long as a host runs and after its sudden end.
std::string to_read_only(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) {
    static constexpr std::string_view kHex = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    if (c == '%' || c == '?' || c == '#')
      uri += std::string("%") + kHex[byte >> 4U] + kHex[byte & 15U];
    else
      uri += c;
  }
  std::error_code failure;
  const bool has_log = fs::file_size(path + "-wal", failure) > 0 && !failure;
  return uri + (has_log && fs::exists(path + "-shm", failure) ? "?mode=ro&readonly_shm=1" : "?immutable=1");
}

}  // namespace

base::Result<Inspection> inspect_sqlite(const std::string& path) {
  Inspection found;
  found.name = path;
  found.newest = migrations().back().version;
  std::error_code ignored;
  if (!fs::exists(path, ignored) && !fs::exists(fs::path(path).parent_path(), ignored)) return found;
  if (auto error = look(path)) return std::move(*error);
  if (!fs::exists(path, ignored) || fs::file_size(path, ignored) == 0) return found;
  found.holder = holder_of(path);
  const auto dialect = sqlite_dialect(to_read_only(path), {}, true);
  try {
    if (const auto looked = look_into(*dialect, "The store " + path, found); looked.has_error()) return looked.error();
  } catch (const soci::soci_error& error) {
    auto told = sql::to_error(dialect->diagnose(error), error);
    told.message = "The store " + path + " cannot be opened. " + told.message;
    return told;
  }
  return found;
}

base::Result<std::unique_ptr<store::Store>> open_sqlite(const std::string& given, SqliteOptions options) {
  TemporaryFolder folder;
  std::string path = given;
  if (given == ":memory:") {
    std::string name = (fs::temp_directory_path() / "tenantry-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      return cannot_open("No temporary folder for the store can be made.", "Set TMPDIR to a folder with room.");
    folder.path = name;
    path = name + "/store.db";
  }
  if (auto error = look(path)) return std::move(*error);
  auto taken = SideLock::take(path);
  const bool beside = taken.has_error() && taken.error().code == "store.in_use" && options.beside_host;
  if (taken.has_error() && !beside) return taken.error();
  auto lock = beside ? SideLock::of_the_host_beside() : std::move(*taken);
  if (auto error = make_private(path)) return std::move(*error);

  auto dialect = sqlite_dialect(path, options, folder.path.empty());
  try {
    const auto name = "The store " + path;
    const auto migrated = beside ? check_layout(*dialect, name) : migrate(*dialect, name);
    if (!migrated.has_value()) return migrated.error();
  } catch (const soci::soci_error& error) {
    auto told = sql::to_error(dialect->diagnose(error), error);
    told.message = "The store " + path + " cannot be opened. " + told.message;
    return told;
  }
  return std::unique_ptr<store::Store>(
      std::make_unique<SqliteStore>(std::move(folder), std::move(lock), std::move(dialect), std::move(options)));
}

}  // namespace tenantry::database
