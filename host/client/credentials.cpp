#include "client/credentials.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/json.hpp"

namespace tenantry::client {
namespace {

namespace fs = std::filesystem;
namespace json = base::json;

base::Error trouble(std::string code, std::string message, std::string next_action) {
  return {base::ErrorKind::kInvalid, std::move(code), std::move(message), std::move(next_action), {}, {}};
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing changes the environment
  return value != nullptr ? value : "";
}

json::object read(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  auto parsed = base::parse_json(text.str());
  if (parsed.has_error() || !parsed->is_object()) return {};
  return std::move(parsed->get_object());
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// The terminal without echo, for as long as it lives.
class Silence {
 public:
  explicit Silence(int fd) : fd_(fd) {
    ::tcgetattr(fd_, &before_);
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(fd_, TCSAFLUSH, &quiet);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  ~Silence() { ::tcsetattr(fd_, TCSAFLUSH, &before_); }

 private:
  int fd_;
  termios before_{};
};

std::optional<std::string> ask(std::string_view prompt) {
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC);
  if (terminal < 0) return std::nullopt;
  std::string line;
  {
    const Silence silence(terminal);
    write_all(terminal, prompt);
    for (char c = 0; ::read(terminal, &c, 1) == 1 && c != '\n';) line += c;
  }
  write_all(terminal, "\n");
  ::close(terminal);
  return line;
}

}  // namespace

base::Result<Credentials> Credentials::of_this_account() {
  fs::path folder = variable("XDG_CONFIG_HOME");
  if (folder.empty() || !folder.is_absolute()) {
    const fs::path home = variable("HOME");
    if (home.empty())
      return trouble("cli.home", "There is no home directory to keep the sign-in in.", "Set HOME or XDG_CONFIG_HOME.");
    folder = home / ".config";
  }
  return Credentials(folder / "tenantry" / "credentials.json");
}

std::string Credentials::token(const std::string& url) const {
  const auto document = read(file_);
  const auto* hosts = document.if_contains("hosts");
  const auto* host = hosts != nullptr && hosts->is_object() ? hosts->get_object().if_contains(url) : nullptr;
  const auto* token = host != nullptr && host->is_object() ? host->get_object().if_contains("token") : nullptr;
  return token != nullptr && token->is_string() ? std::string(token->get_string()) : std::string();
}

std::optional<std::string> Credentials::last_url() const {
  const auto document = read(file_);
  const auto* last = document.if_contains("last");
  if (last == nullptr || !last->is_string()) return std::nullopt;
  return std::string(last->get_string());
}

base::Result<void> Credentials::store(const std::string& url, const std::string& token) const {
  auto document = read(file_);
  auto& hosts = document["hosts"];
  if (!hosts.is_object()) hosts.emplace_object();
  hosts.get_object()[url] = json::object{{"token", token}};
  document["last"] = url;
  const auto failed = [&] {
    return trouble("cli.credentials", "Cannot write " + file_.string() + ": " + std::strerror(errno) + ".",
                   "Make the folder writable, or set XDG_CONFIG_HOME.");
  };
  std::error_code ignored;
  fs::create_directories(file_.parent_path().parent_path(), ignored);
  if (::mkdir(file_.parent_path().c_str(), 0700) != 0 && errno != EEXIST) return failed();
  const std::string fresh = file_.string() + ".new";
  ::unlink(fresh.c_str());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return failed();
  const bool written = write_all(fd, json::serialize(document) + "\n") && ::fsync(fd) == 0;
  ::close(fd);
  if (!written || ::rename(fresh.c_str(), file_.c_str()) != 0) return failed();
  return {};
}

base::Result<std::string> read_password(const char* name, const std::string& file, std::string_view prompt) {
  if (auto value = variable(name); !value.empty()) return value;
  std::string line;
  if (!file.empty()) {
    std::ifstream stream(file);
    if (!std::getline(stream, line) || line.empty())
      return trouble("cli.password", "There is no password in the first line of " + file + ".", "Check the file.");
    return line;
  }
  const auto typed = ask(prompt);
  if (typed && !typed->empty()) return *typed;
  return trouble("cli.password", "No password was given.",
                 "Set " + std::string(name) + ", name a file with --password-file, or type it on a terminal.");
}

}  // namespace tenantry::client
