// A small blocking HTTP client, for the `bench` command and for tests.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace tenantry::sandbox {

struct Answer {
  int status = 0;
  std::multimap<std::string, std::string> headers;  // names in lower case
  std::string body;

  [[nodiscard]] std::string header(const std::string& lower_name) const;
};

// One connection for each call. nullopt: refused, closed without an answer, or no answer in time.
[[nodiscard]] std::optional<Answer> call(std::uint16_t port, const std::string& method, const std::string& target,
                                         const std::map<std::string, std::string>& headers = {},
                                         const std::string& body = {},
                                         std::chrono::milliseconds timeout = std::chrono::seconds(30));

}  // namespace tenantry::sandbox
