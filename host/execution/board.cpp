#include "execution/board.hpp"

#include <mutex>

namespace tenantry::execution {

void Board::put(RunView run) {
  const std::unique_lock lock(mutex_);
  tenants_[run->spec->tenant] = run;
  runs_[run->spec->id] = std::move(run);
}

void Board::remove(const model::Run& run) {
  const std::unique_lock lock(mutex_);
  runs_.erase(run.spec->id);
  const auto found = tenants_.find(run.spec->tenant);
  if (found != tenants_.end() && found->second->spec->id == run.spec->id) tenants_.erase(found);
}

RunView Board::run(const base::RunId& run) const {
  const std::shared_lock lock(mutex_);
  const auto found = runs_.find(run);
  return found == runs_.end() ? nullptr : found->second;
}

RunView Board::of_tenant(const base::TenantId& tenant) const {
  const std::shared_lock lock(mutex_);
  const auto found = tenants_.find(tenant);
  return found == tenants_.end() ? nullptr : found->second;
}

std::size_t Board::size() const {
  const std::shared_lock lock(mutex_);
  return runs_.size();
}

}  // namespace tenantry::execution
