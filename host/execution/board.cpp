#include "execution/board.hpp"

#include <mutex>
#include <utility>

namespace tenantry::execution {
namespace {

constexpr std::size_t kManyFinished = 256;

}  // namespace

void Board::put(CommittedPtr run) {
  const std::unique_lock lock(mutex_);
  finished_.erase(run->tenant());
  finished_before_.erase(run->tenant());
  tenants_[run->tenant()] = run;
  runs_[run->id()] = std::move(run);
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
  if (found != tenants_.end() && found->second->id() == run.spec->id) tenants_.erase(found);
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
RunView Board::explained(const Committed& run) const {
  auto view = run.view();
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
  return found == runs_.end() ? nullptr : explained(*found->second);
}

RunView Board::of_tenant(const base::TenantId& tenant) const {
  const std::shared_lock lock(mutex_);
  const auto found = tenants_.find(tenant);
  return found == tenants_.end() ? nullptr : explained(*found->second);
}

bool Board::answers(const base::ServerId& server) const {
  const std::shared_lock lock(mutex_);
  return !silent_.contains(server);
}

RunView Board::newest_of(const base::TenantId& tenant) const {
  const std::shared_lock lock(mutex_);
  if (const auto found = tenants_.find(tenant); found != tenants_.end()) return explained(*found->second);
  for (const auto* runs : {&finished_, &finished_before_})
    if (const auto found = runs->find(tenant); found != runs->end()) return found->second;
  return nullptr;
}

std::size_t Board::size() const {
  const std::shared_lock lock(mutex_);
  return runs_.size();
}

}  // namespace tenantry::execution
