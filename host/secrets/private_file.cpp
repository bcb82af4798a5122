#include "secrets/private_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/mask.hpp"

namespace tenantry::secrets {
namespace {

constexpr std::size_t kLargest = 65'536;

class File {
 public:
  // Non-blocking, so that a pipe in place of a file cannot stop the host.
  explicit File(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

base::Error refused(std::string code, std::string message, std::string next_action) {
  return {base::ErrorKind::kInvalid, std::move(code), std::move(message), std::move(next_action), {}, {}};
}

}  // namespace

base::Result<std::string> read_private_file(const std::string& path, const std::string& what) {
  const std::string name = "The " + what + " file " + path;
  const File file(path);
  struct stat found {};
  if (file.fd() < 0 || ::fstat(file.fd(), &found) != 0)
    return refused(what + ".unreadable", name + " cannot be read: " + std::strerror(errno) + ".",
                   "Correct the path, or give the host's user the file.");
  if (!S_ISREG(found.st_mode)) return refused(what + ".unreadable", name + " is not a regular file.", "Name a file.");
  if ((found.st_mode & 077U) != 0)
    return refused(what + ".exposed", name + " may be read or written by others than its owner.",
                   "Run: chmod 600 " + path);
  if (found.st_uid != ::geteuid() && found.st_uid != 0)
    return refused(what + ".exposed", name + " belongs to another user.", "Give the host's user the file.");

  std::string text(kLargest + 1, '\0');
  const auto size = ::read(file.fd(), text.data(), text.size());
  if (size < 0)
    return refused(what + ".unreadable", name + " cannot be read: " + std::strerror(errno) + ".",
                   "Check the file and its disk.");
  if (static_cast<std::size_t>(size) > kLargest) {
    base::wipe(text);
    return refused(what + ".unreadable", name + " has more than 64 KiB.", "Name the right file.");
  }
  text.resize(static_cast<std::size_t>(size));
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  if (text.empty()) return refused(what + ".empty", name + " is empty.", "Write the " + what + " to the file.");
  return text;
}

}  // namespace tenantry::secrets
