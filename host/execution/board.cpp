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

void Board::keep_waiting(const std::string& engine, const std::string& server, model::WaitReason reason) {
  const std::unique_lock lock(mutex_);
  if (reason == model::WaitReason::kNone)
    waiting_.erase({engine, server});
  else
    waiting_[{engine, server}] = reason;
}

void Board::note_server(const base::ServerId& server, bool answers) {
  const std::unique_lock lock(mutex_);
  if (answers)
    silent_.erase(server);
  else
    silent_.insert(server);
}

// Derived when it is read: ten thousand runs that wait for one server cost nothing when the reason changes.
RunView Board::explained(const RunView& view) const {
  const auto found = waiting_.find({view->manifest().engine.value, view->spec->server.value});
  if (found == waiting_.end()) return view;
  std::shared_ptr<model::Run> changed;
  for (std::size_t i = 0; i < view->steps.size(); ++i) {
    const auto& step = view->steps[i];
    if (step.state != model::StepState::kReady || step.wait_reason != model::WaitReason::kNone) continue;
    if (!changed) changed = std::make_shared<model::Run>(*view);
    changed->steps[i].wait_reason = found->second;
  }
  return changed ? std::move(changed) : view;
}

RunView Board::run(const base::RunId& run) const {
  const std::shared_lock lock(mutex_);
  const auto found = runs_.find(run);
  return found == runs_.end() ? nullptr : explained(found->second);
}

RunView Board::of_tenant(const base::TenantId& tenant) const {
  const std::shared_lock lock(mutex_);
  const auto found = tenants_.find(tenant);
  return found == tenants_.end() ? nullptr : explained(found->second);
}

bool Board::answers(const base::ServerId& server) const {
  const std::shared_lock lock(mutex_);
  return !silent_.contains(server);
}

std::size_t Board::size() const {
  const std::shared_lock lock(mutex_);
  return runs_.size();
}

}  // namespace tenantry::execution
