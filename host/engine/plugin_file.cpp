#include "engine/plugin_file.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/limits.hpp"

namespace tenantry::engine {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

std::string octal(mode_t mode) {
  std::string out;
  for (int shift = 6; shift >= 0; shift -= 3)
    out += static_cast<char>('0' + ((mode >> static_cast<unsigned>(shift)) & 7U));
  return out;
}

std::string reason(int error) { return std::strerror(error); }

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISLNK(mode)) return "a symbolic link";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

std::string sha256_hex(const std::string& bytes) {
  std::string hash(crypto_hash_sha256_BYTES, '\0');
  crypto_hash_sha256(reinterpret_cast<unsigned char*>(hash.data()),
                     reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  std::string out(hash.size() * 2 + 1, '\0');
  sodium_bin2hex(out.data(), out.size(), reinterpret_cast<const unsigned char*>(hash.data()), hash.size());
  out.pop_back();
  return out;
}

// Reads to the end rather than to the size: the file may be growing or shrinking.
bool read_all(int fd, std::string& out) {
  char buffer[1U << 16U];
  while (out.size() <= kMaxFile) {
    const auto got = ::read(fd, buffer, sizeof buffer);
    if (got == 0) return true;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    out.append(buffer, static_cast<std::size_t>(got));
  }
  return true;
}

}  // namespace

base::Error refusal(const std::string& name, const std::string& why, std::vector<base::Problem> problems) {
  return {base::ErrorKind::kInvalid, "engine.refused",
          name + ": " + why + ".",   "Replace the file by a correct build of the engine.",
          std::move(problems),       {}};
}

base::Result<PluginFile> read_plugin_file(const std::filesystem::path& path, const std::vector<std::string>& allow) {
  PluginFile out;
  out.name = path.filename().string();
  if (path.extension() != ".so") return refusal(out.name, "expected a file called *.so");

  // Looked at before it is opened: opening a device can do things.
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return refusal(out.name, "cannot be read: " + reason(errno));
  if (!S_ISREG(status.st_mode))
    return refusal(out.name, std::string("expected a regular file, found ") + kind_of(status.st_mode));
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return refusal(out.name, "cannot be read: " + reason(errno));
  if (!S_ISREG(status.st_mode)) return refusal(out.name, "expected a regular file, found something else");
  if (status.st_uid != 0 && status.st_uid != ::geteuid())
    return refusal(out.name, "expected to belong to root or to user " + std::to_string(::geteuid()) +
                                 ", found that it belongs to user " + std::to_string(status.st_uid));
  if ((status.st_mode & S_IWOTH) != 0)
    return refusal(out.name, "expected that not everybody may write to it, found mode " + octal(status.st_mode));

  if (!read_all(file.get(), out.bytes)) return refusal(out.name, "cannot be read: " + reason(errno));
  if (out.bytes.size() > kMaxFile) return refusal(out.name, "larger than " + std::to_string(kMaxFile) + " bytes");
  out.sha256 = sha256_hex(out.bytes);
  if (!allow.empty() && std::find(allow.begin(), allow.end(), out.sha256) == allow.end())
    return refusal(out.name, "not in the list of allowed files; its SHA-256 is " + out.sha256);
  return out;
}

}  // namespace tenantry::engine
