#include "execution/lease_guard.hpp"

#include <utility>

#include "base/log.hpp"

namespace tenantry::execution {

LeaseGuard::~LeaseGuard() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void LeaseGuard::start() {
  const std::lock_guard lock(mutex_);
  watching_ = true;
  thread_ = std::thread([this] { watch(); });
}

void LeaseGuard::leased_until(base::Time until) {
  const std::lock_guard lock(mutex_);
  const bool first = !until_;
  until_ = until;
  if (first) changed_.notify_one();
}

void LeaseGuard::add(std::shared_ptr<engine::Call> call) {
  if (!call) return;
  const std::lock_guard lock(mutex_);
  if (gave_up_)
    call->abandon();
  else
    calls_.insert(std::move(call));
}

void LeaseGuard::remove(const std::shared_ptr<engine::Call>& call) {
  const std::lock_guard lock(mutex_);
  calls_.erase(call);
}

bool LeaseGuard::gave_up() {
  const std::lock_guard lock(mutex_);
  look();
  return gave_up_;
}

void LeaseGuard::reset() {
  const std::lock_guard lock(mutex_);
  gave_up_ = false;
  until_.reset();
}

void LeaseGuard::look() {
  if (!watching_ || gave_up_ || !until_ || clock_.now() < *until_) return;
  gave_up_ = true;
  base::log::warn("lease about to run out", {{"calls", calls_.size()}});
  for (const auto& call : std::exchange(calls_, {})) call->abandon();
}

void LeaseGuard::watch() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    look();
    if (gave_up_ || !until_)
      changed_.wait(lock, [&] { return stopping_ || (!gave_up_ && until_); });
    else
      changed_.wait_for(lock, std::max(*until_ - clock_.now(), base::Millis{1}));
  }
}

}  // namespace tenantry::execution
