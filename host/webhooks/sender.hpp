// One POST to a receiver outside.
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"

struct sockaddr;

namespace tenantry::webhooks {

// Loopback, link-local, unspecified or multicast, in IPv4, IPv6 or IPv4 within IPv6; also what is neither.
[[nodiscard]] bool is_local(const sockaddr& address);

struct Sent {
  int status = 0;     // of HTTP; 0: there was no answer
  std::string error;  // empty: the receiver took it (2xx)
  base::Millis took{0};
};

// Keeps its connection. Follows no redirects and asks no proxy: what is_local() is about the address that is really
// connected to. Not thread-safe.
class Sender {
 public:
  Sender(bool allow_local, base::Millis timeout);
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;
  ~Sender();

  [[nodiscard]] Sent post(const std::string& url, const std::vector<std::pair<std::string, std::string>>& headers,
                          const std::string& body);

 private:
  struct Wire;
  std::unique_ptr<Wire> wire_;
};

}  // namespace tenantry::webhooks
