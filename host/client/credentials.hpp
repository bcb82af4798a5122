// Who the person at the command line is: the token of each host in a file of their own, and passwords that never stand
// on a command line.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tenantry::client {

// $XDG_CONFIG_HOME/tenantry/credentials.json, or below ~/.config. One token for each host, and which host was last
// signed in to. Not safe against two writers at once: the last one wins, whole.
class Credentials {
 public:
  explicit Credentials(std::filesystem::path file) : file_(std::move(file)) {}
  // Where the file of this account is. Code cli.home if there is no home directory.
  [[nodiscard]] static base::Result<Credentials> of_this_account();

  [[nodiscard]] std::string token(const std::string& url) const;  // "": not signed in there
  [[nodiscard]] std::optional<std::string> last_url() const;
  // Readable only for its owner, and on the disk whole or not at all. Code cli.credentials.
  [[nodiscard]] base::Result<void> store(const std::string& url, const std::string& token) const;

  [[nodiscard]] const std::filesystem::path& file() const { return file_; }

 private:
  std::filesystem::path file_;
};

// A password from the environment variable, else from the first line of the file ("" is none), else asked for on the
// terminal without echo. Code cli.password.
[[nodiscard]] base::Result<std::string> read_password(const char* variable, const std::string& file,
                                                      std::string_view prompt);

}  // namespace tenantry::client
