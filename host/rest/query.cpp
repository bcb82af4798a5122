#include "rest/query.hpp"

#include <algorithm>
#include <charconv>

namespace tenantry::rest {

void Query::wrong(std::string_view name, std::string message) {
  problems_.push_back({"/query/" + base::escape_pointer(name), std::move(message)});
}

std::int64_t Query::number(std::string_view name, std::int64_t otherwise, std::int64_t least, std::int64_t most) {
  const auto given = request_.query_value(name);
  if (!given) return otherwise;
  std::int64_t value = 0;
  const auto [end, failure] = std::from_chars(given->data(), given->data() + given->size(), value);
  if (failure == std::errc() && end == given->data() + given->size() && value >= least && value <= most) return value;
  wrong(name, "expected a number from " + std::to_string(least) + " to " + std::to_string(most));
  return otherwise;
}

std::string Query::text(std::string_view name) { return std::string(request_.query_value(name).value_or("")); }

void Query::only(std::initializer_list<std::string_view> names) {
  for (const auto& [name, value] : request_.query)
    if (std::find(names.begin(), names.end(), name) == names.end()) wrong(name, "unknown parameter");
}

base::Result<void> Query::verdict() const {
  if (problems_.empty()) return {};
  return base::invalid("query.invalid", "The query is not understood.", problems_);
}

}  // namespace tenantry::rest
