// The unfinished runs of this host as last committed: what status reads look at, so that they never wait for a writer.
#pragma once
#include <memory>
#include <shared_mutex>
#include <unordered_map>

#include "model/run.hpp"

namespace tenantry::execution {

using RunView = std::shared_ptr<const model::Run>;

// Thread-safe.
class Board {
 public:
  void put(RunView run);
  void remove(const model::Run& run);

  // nullptr: not here; the store knows.
  [[nodiscard]] RunView run(const base::RunId& run) const;
  [[nodiscard]] RunView of_tenant(const base::TenantId& tenant) const;
  [[nodiscard]] std::size_t size() const;

 private:
  mutable std::shared_mutex mutex_;  // guards both
  std::unordered_map<base::RunId, RunView> runs_;
  std::unordered_map<base::TenantId, RunView> tenants_;
};

}  // namespace tenantry::execution
