// Ids are opaque text, and each kind is a type of its own.
#pragma once
#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace tenantry::base {

template <class Tag>
struct Id {
  std::string value;

  Id() = default;
  explicit Id(std::string text) : value(std::move(text)) {}
  [[nodiscard]] bool empty() const { return value.empty(); }
  friend auto operator<=>(const Id&, const Id&) = default;
};

using AccountId = Id<struct AccountTag>;
using TenantId = Id<struct TenantTag>;
using RunId = Id<struct RunTag>;
using OperationId = Id<struct OperationTag>;
using ServerId = Id<struct ServerTag>;  // an ERP server of the operator's configuration
using EngineId = Id<struct EngineTag>;

// A fresh id: prefix, then 26 characters that sort by time of making and cannot be guessed (80 random bits).
[[nodiscard]] std::string new_id(std::string_view prefix);

// `bytes` random bytes from the kernel, as lower-case hex.
[[nodiscard]] std::string random_hex(std::size_t bytes);

}  // namespace tenantry::base

template <class Tag>
struct std::hash<tenantry::base::Id<Tag>> {
  std::size_t operator()(const tenantry::base::Id<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.value);
  }
};
