// Answers of the store that are believed for a moment, so that a page that asks often does not ask the store as often.
#pragma once
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.hpp"

namespace tenantry::service {

// Thread-safe. What was asked before something was forgotten is not kept afterwards: take the ticket before asking.
template <class Value>
class Remembered {
 public:
  using Ticket = std::uint64_t;

  [[nodiscard]] std::optional<Value> find(const std::string& key, base::Time now) const {
    const std::scoped_lock lock(mutex_);
    const auto found = values_.find(key);
    if (found == values_.end() || found->second.until <= now) return std::nullopt;
    return found->second.value;
  }
  [[nodiscard]] Ticket ticket() const {
    const std::scoped_lock lock(mutex_);
    return forgotten_;
  }
  void keep(const std::string& key, Value value, base::Time until, Ticket ticket) {
    const std::scoped_lock lock(mutex_);
    if (ticket != forgotten_) return;
    if (values_.size() >= kMost) values_.clear();
    values_.insert_or_assign(key, Entry{std::move(value), until});
  }
  void forget(const std::string& key) {
    const std::scoped_lock lock(mutex_);
    ++forgotten_;
    values_.erase(key);
  }

 private:
  static constexpr std::size_t kMost = 4'096;
  struct Entry {
    Value value;
    base::Time until{};
  };
  mutable std::mutex mutex_;  // guards what follows
  std::unordered_map<std::string, Entry> values_;
  Ticket forgotten_ = 0;
};

}  // namespace tenantry::service
