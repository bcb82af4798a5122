#include "execution/board.hpp"

#include <mutex>
#include <utility>

namespace tenantry::execution {
namespace {

constexpr std::size_t kManyFinished = 256;

}  // namespace

void Board::put(RunView run) {
  const std::unique_lock lock(mutex_);
  finished_.erase(run->spec->tenant);
  finished_before_.erase(run->spec->tenant);
  tenants_[run->spec->tenant] = run;
  runs_[run->spec->id] = std::move(run);
}

void Board::remove(const model::Run& run) {
  const std::unique_lock lock(mutex_);
  drop(run);
}

void Board::finish(RunView run) {
  const std::unique_lock lock(mutex_);
  drop(*run);
  if (finished_.size() >= kManyFinished) finished_before_ = std::exchange(finished_, {});
  finished_before_.erase(run->spec->tenant);
  finished_.insert_or_assign(run->spec->tenant, std::move(run));
}

void Board::drop(const model::Run& run) {
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

RunView Board::newest_of(const base::TenantId& tenant) const {
  const std::shared_lock lock(mutex_);
  for (const auto* runs : {&tenants_, &finished_, &finished_before_})
    if (const auto found = runs->find(tenant); found != runs->end()) return found->second;
  return nullptr;
}

std::size_t Board::size() const {
  const std::shared_lock lock(mutex_);
  return runs_.size();
}

}  // namespace tenantry::execution
