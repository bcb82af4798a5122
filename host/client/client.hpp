// A REST client for one host.
#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

namespace tenantry::client {

// The address without a slash at its end; must begin with http:// or https://. Code cli.url.
[[nodiscard]] base::Result<std::string> clean_url(std::string url);

// The error that an answer of status 400 or above stands for: from problem+json if it is that, else from the status.
[[nodiscard]] base::Error error_of(int status, std::string_view body);

// One connection, kept open. Not thread-safe. Follows no redirects: a token goes to the host it was given for.
class Client {
 public:
  // `token` may be empty. `trace` is a file that gets a line for each call ("POST /api/auth/login 200"), or "".
  Client(std::string url, std::string token, const std::string& trace = {});
  Client(Client&&) noexcept;
  Client& operator=(Client&&) = delete;
  ~Client();

  // The JSON of a 2xx answer. Errors are those of error_of, and cli.unreachable (kind kUnavailable) and cli.answer
  // (not JSON) of our own.
  [[nodiscard]] base::Result<base::json::value> get(const std::string& path);
  // A fresh Idempotency-Key goes along, and one more try follows if the connection breaks.
  [[nodiscard]] base::Result<base::json::value> post(const std::string& path, const base::json::value& body);
  [[nodiscard]] base::Result<base::json::value> remove(const std::string& path, const base::json::value& body);

  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  [[nodiscard]] base::Result<base::json::value> change(const char* method, const std::string& path,
                                                       const base::json::value& body);

  friend base::Result<int> reach(const std::string& url, std::chrono::milliseconds limit);
  struct Wire;
  std::string url_;
  std::string token_;
  std::unique_ptr<Wire> wire_;
};

// The status of whatever answers a GET of the address within the time; cli.unreachable says why nothing does. Nothing
// is sent along, and what is answered is not read.
[[nodiscard]] base::Result<int> reach(const std::string& url, std::chrono::milliseconds limit);

// Percent-encodes one segment of a path or one value of a query.
[[nodiscard]] std::string encode_segment(std::string_view text);

}  // namespace tenantry::client
