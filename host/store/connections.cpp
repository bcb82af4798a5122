#include "store/connections.hpp"

#include <utility>

namespace tenantry::store {
namespace {

constexpr std::size_t kLargestGroup = 512;  // bounds how long the first of a group waits

base::Error unreadable(const std::exception& error) {
  return base::internal("store.corrupt",
                        std::string("The store holds something this version cannot read: ") + error.what() + ".");
}

}  // namespace

Writer::Writer(const Dialect& dialect) : dialect_(dialect), thread_([this] { loop(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_one();
  thread_.join();
}

base::Result<void> Writer::commit(const Work& work) {
  Waiting waiting;
  waiting.work = &work;
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(&waiting);
  }
  arrived_.notify_one();
  waiting.done.acquire();
  if (waiting.error) return std::move(*waiting.error);
  return {};
}

void Writer::loop() {
  std::vector<Waiting*> group;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [&] { return !queue_.empty() || stopping_; });
      if (queue_.empty()) break;
      if (queue_.size() <= kLargestGroup) {
        group.swap(queue_);
      } else {
        const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(kLargestGroup);
        group.assign(queue_.begin(), end);
        queue_.erase(queue_.begin(), end);
      }
    }
    carry_out(group);
    for (auto* waiting : group) waiting->done.release();
    group.clear();
  }
  session_.reset();
}

void Writer::carry_out(const std::vector<Waiting*>& group) {
  const auto failed = transact(group);
  if (!failed) return;
  if (!failed->splits || group.size() == 1) {
    for (auto* waiting : group) waiting->error = failed->error;
    return;
  }
  for (auto* waiting : group)
    if (auto alone = transact({waiting})) waiting->error = std::move(alone->error);
}

std::optional<Writer::Failed> Writer::transact(const std::vector<Waiting*>& group) {
  std::optional<Failed> failed;
  try {
    if (!session_) session_ = std::make_unique<Session>(dialect_, Access::kWrite);
    session_->run(dialect_.begin_write());
    for (const auto* waiting : group) (*waiting->work)(*session_);
    session_->run("commit");
    return std::nullopt;
  } catch (const soci::soci_error& error) {
    const auto trouble = dialect_.diagnose(error);
    failed = Failed{to_error(trouble, error), trouble == Trouble::kConstraint};
  } catch (const Unreadable& error) {
    failed = Failed{unreadable(error), true};
  } catch (const std::exception& error) {
    failed = Failed{base::internal("store.failed", std::string("A write failed: ") + error.what() + "."), true};
  }
  session_.reset();  // rolls back
  return failed;
}

Readers::Readers(const Dialect& dialect, std::size_t limit) : dialect_(dialect), free_(limit) {}

base::Result<void> Readers::read(const Work& work) {
  auto session = acquire();
  base::Result<void> result;
  try {
    if (!session) session = std::make_unique<Session>(dialect_, Access::kRead);
    session->run(dialect_.begin_read());
    work(*session);
    session->run("commit");
  } catch (const soci::soci_error& error) {
    session.reset();
    result = to_error(dialect_.diagnose(error), error);
  } catch (const Unreadable& error) {
    session.reset();
    result = unreadable(error);
  } catch (...) {
    session.reset();
    give_back(nullptr);
    throw;
  }
  give_back(std::move(session));
  return result;
}

std::unique_ptr<Session> Readers::acquire() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [&] { return free_ > 0; });
  --free_;
  if (idle_.empty()) return nullptr;
  auto session = std::move(idle_.back());
  idle_.pop_back();
  return session;
}

void Readers::give_back(std::unique_ptr<Session> session) {
  {
    const std::lock_guard lock(mutex_);
    ++free_;
    if (session) idle_.push_back(std::move(session));
  }
  returned_.notify_one();
}

}  // namespace tenantry::store
