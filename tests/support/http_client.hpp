// A small blocking HTTP client over a plain socket, for tests: it can also send what no proper client would.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenantry::test {

struct HttpAnswer {
  int status = 0;  // 0: none arrived in time, or it was cut off
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  [[nodiscard]] std::string header(std::string_view name) const;  // any case; "" if absent
};

// One connection; not thread-safe. Every wait is bounded by the timeout.
class HttpClient {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  explicit HttpClient(std::uint16_t port, std::string host = "127.0.0.1",
                      std::chrono::milliseconds timeout = std::chrono::seconds(10));
  HttpClient(HttpClient&& other) noexcept;
  HttpClient& operator=(HttpClient&& other) = delete;
  ~HttpClient();

  [[nodiscard]] bool connected() const { return fd_ >= 0; }
  [[nodiscard]] int fd() const { return fd_; }

  // Sends and reads the whole answer; the connection stays for the next one.
  HttpAnswer request(std::string_view method, std::string_view target, std::string_view body = {},
                     const Headers& headers = {});
  HttpAnswer get(std::string_view target, const Headers& headers = {}) { return request("GET", target, {}, headers); }
  HttpAnswer post_json(std::string_view target, std::string_view body, Headers headers = {});

  // What request() would send.
  [[nodiscard]] std::string format(std::string_view method, std::string_view target, std::string_view body = {},
                                   const Headers& headers = {}) const;

  bool send_raw(std::string_view bytes);           // false: the other side is gone, or does not read
  HttpAnswer read_answer(bool head_only = false);  // the next answer; head_only for HEAD
  std::optional<HttpAnswer> read_head();           // status and headers; the body stays unread (streams)
  std::string read_line();                         // without its end; "" also at the end of the stream
  // The next server-sent event: its fields joined as "name: value\n...". Comments are skipped. nullopt: end or timeout.
  std::optional<std::string> read_event();
  [[nodiscard]] bool closed_by_peer();    // waits for the end; whatever comes before is thrown away
  [[nodiscard]] std::string read_rest();  // until the end or the timeout
  void shut_write();
  void reset();  // closes with an RST instead of a FIN

 private:
  bool fill();  // reads more into buffer_; false at the end or after the timeout

  std::string host_;
  std::chrono::milliseconds timeout_;
  int fd_ = -1;
  std::string buffer_;
};

}  // namespace tenantry::test
