// Numbers and words from a query string.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "http/request.hpp"

namespace tenantry::rest {

// Reads query members and collects what is wrong with them, with pointers like /query/limit.
class Query {
 public:
  explicit Query(const http::Request& request) : request_(request) {}

  [[nodiscard]] std::int64_t number(std::string_view name, std::int64_t otherwise, std::int64_t least,
                                    std::int64_t most);
  [[nodiscard]] std::string text(std::string_view name);
  // Anything but these names is a problem.
  void only(std::initializer_list<std::string_view> names);
  [[nodiscard]] base::Result<void> verdict() const;
  void wrong(std::string_view name, std::string message);

 private:
  const http::Request& request_;
  std::vector<base::Problem> problems_;
};

}  // namespace tenantry::rest
