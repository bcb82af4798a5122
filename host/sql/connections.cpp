#include "sql/connections.hpp"

#include <chrono>
#include <utility>

#include "base/ids.hpp"
#include "base/log.hpp"

namespace tenantry::sql {
namespace {

constexpr std::size_t kLargestGroup = 512;  // bounds how long the first of a group waits
constexpr int kTries = 5;
constexpr std::chrono::milliseconds kBetweenSettlings{100};

base::Error unreadable(const std::exception& error) {
  return base::internal("store.corrupt",
                        std::string("The store holds something this version cannot read: ") + error.what() + ".");
}

base::Error lost(std::string message) {
  return {base::ErrorKind::kUnavailable,
          "store.lost",
          std::move(message),
          "Check the store's server and disk, then try again.",
          {},
          {}};
}

base::Error ended() { return lost("The store ended before it was known whether a change was committed."); }

}  // namespace

Writer::Writer(const Dialect& dialect) : dialect_(dialect), name_(base::new_id("writer_")) {}

Writer::~Writer() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return !led_; });
}

base::Result<void> Writer::commit(const Work& work) {
  Waiting own;
  own.work = &work;
  bool leads = false;
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(&own);
    leads = !std::exchange(led_, true);
    changed_.notify_one();  // who leads may be waiting for the store
  }
  if (!leads) {
    own.woken.acquire();
    leads = !own.answered;
  }
  if (leads) lead(own);
  if (own.error) return std::move(*own.error);
  return {};
}

void Writer::lead(const Waiting& own) {
  Group group;
  while (!own.answered || !unsettled_.empty()) {
    take(group);
    if (!unsettled_.empty() && !settle() && is_over()) {
      gave_up_ = true;
      answer(std::exchange(unsettled_, {}), ended());
    }
    if (!group.empty()) carry_out(group);
    group.clear();
  }
  pass_on();
}

void Writer::end_within(base::Millis patience) {
  const std::lock_guard lock(mutex_);
  ends_at_ = std::chrono::steady_clock::now() + patience;
}

bool Writer::is_over() {
  const std::lock_guard lock(mutex_);
  return stopping_ || (ends_at_ && std::chrono::steady_clock::now() >= *ends_at_);
}

// Empty: time to settle.
void Writer::take(Group& group) {
  std::unique_lock lock(mutex_);
  if (queue_.empty()) changed_.wait_for(lock, kBetweenSettlings, [&] { return !queue_.empty() || stopping_; });
  if (queue_.size() <= kLargestGroup) return group.swap(queue_);
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(kLargestGroup);
  group.assign(queue_.begin(), end);
  queue_.erase(queue_.begin(), end);
}

// Its own work is done: the others have theirs done by one of them.
void Writer::pass_on() {
  const std::lock_guard lock(mutex_);
  led_ = !queue_.empty();
  if (led_)
    queue_.front()->woken.release();
  else if (stopping_)
    changed_.notify_all();
}

void Writer::answer(const Group& group, const std::optional<base::Error>& error) {
  for (auto* waiting : group) {
    waiting->error = error;
    waiting->answered = true;
    waiting->woken.release();
  }
}

void Writer::carry_out(const Group& group) { attempt(group, group.size() > 1); }

// Everybody in the group is answered when it returns, except those that are unsettled.
void Writer::attempt(const Group& group, bool may_split) {
  std::optional<Failed> failed;
  for (int tries = 0; tries < kTries; ++tries) {
    failed = transact(group);
    if (!failed || failed->next != Next::kAgain) break;
  }
  if (!failed) return answer(group, std::nullopt);
  if (failed->next == Next::kUnsettled) {
    unsettled_ = group;
    static_cast<void>(settle());
    return;
  }
  if (failed->next != Next::kSplit || !may_split) return answer(group, failed->error);
  for (auto* waiting : group) attempt({waiting}, false);
}

void Writer::open() {
  session_ = std::make_unique<Session>(dialect_, Access::kWrite);
  if (!dialect_.is_remote()) return;
  // There before the first transaction, because only what was committed can be waited for.
  session_->run(
      R"sql(insert into commit_marks (writer, number) values (:writer, 0) on conflict (writer) do nothing)sql", name_);
}

std::optional<Writer::Failed> Writer::transact(const Group& group) {
  if (gave_up_) return Failed{ended(), {}};
  if (!unsettled_.empty() && !settle()) return Failed{lost("The store does not answer; nothing was changed."), {}};
  std::optional<Failed> failed;
  const bool used_before = session_ != nullptr;
  bool committing = false;
  try {
    if (!session_) open();
    session_->run(dialect_.begin_write());
    if (dialect_.is_remote() &&
        session_->run(R"sql(update commit_marks set number = :number where writer = :writer)sql", ++number_, name_) ==
            0)
      throw std::runtime_error("somebody emptied commit_marks");
    for (const auto* waiting : group) (*waiting->work)(*session_);
    committing = true;
    session_->run("commit");
    return std::nullopt;
  } catch (const soci::soci_error& error) {
    const auto trouble = dialect_.diagnose(error);
    auto next = Next::kGiveUp;
    if (trouble == Trouble::kConstraint) next = Next::kSplit;
    if (trouble == Trouble::kContended || (trouble == Trouble::kLost && used_before && dialect_.is_remote()))
      next = Next::kAgain;
    if (trouble == Trouble::kLost && committing && dialect_.is_remote()) next = Next::kUnsettled;
    failed = Failed{to_error(trouble, error), next};
  } catch (const Unreadable& error) {
    failed = Failed{unreadable(error), Next::kSplit};
  } catch (const std::exception& error) {
    failed = Failed{base::internal("store.failed", std::string("A write failed: ") + error.what() + "."), Next::kSplit};
  }
  session_.reset();  // rolls back
  return failed;
}

// Finds out whether the transaction whose commit was not answered took place. false: the store is still away.
bool Writer::settle() {
  std::int64_t newest = 0;
  try {
    if (!session_) open();
    session_->run(dialect_.begin_write());
    session_->select<long long>(R"sql(select number from commit_marks where writer = :writer {for_update})sql",
                                with(name_), [&](long long number) { newest = number; });
    session_->run("commit");
  } catch (const soci::soci_error&) {
    session_.reset();
    return false;
  }
  const bool done = newest == number_;
  base::log::warn("connection lost during a commit", {{"committed", done}});
  const auto group = std::exchange(unsettled_, {});
  if (done)
    answer(group, std::nullopt);
  else
    answer(group, lost("The connection to the store was lost; nothing was changed."));
  return true;
}

Readers::Readers(const Dialect& dialect, std::size_t limit) : dialect_(dialect), free_(limit) {}

base::Result<void> Readers::read(const Work& work, Reads reads) {
  auto session = acquire();
  const bool used_before = session != nullptr;
  auto trouble = Trouble::kFailed;
  base::Result<void> result;
  try {
    result = attempt(session, work, reads, trouble);
    if (result.has_error() && trouble == Trouble::kLost && used_before) {
      drop_idle();  // they were lost with this one
      result = attempt(session, work, reads, trouble);
    }
  } catch (...) {
    give_back(nullptr);
    throw;
  }
  give_back(std::move(session));
  return result;
}

// With an error the session is gone.
base::Result<void> Readers::attempt(std::unique_ptr<Session>& session, const Work& work, Reads reads,
                                    Trouble& trouble) const {
  try {
    if (!session) session = std::make_unique<Session>(dialect_, Access::kRead);
    if (reads == Reads::kSeveral) session->run(dialect_.begin_read());
    work(*session);
    if (reads == Reads::kSeveral) session->run("commit");
    return {};
  } catch (const soci::soci_error& error) {
    trouble = dialect_.diagnose(error);
    session.reset();
    return to_error(trouble, error);
  } catch (const Unreadable& error) {
    session.reset();
    return unreadable(error);
  } catch (...) {
    session.reset();
    throw;
  }
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

void Readers::drop_idle() {
  std::vector<std::unique_ptr<Session>> dropped;
  const std::lock_guard lock(mutex_);
  dropped.swap(idle_);
}

}  // namespace tenantry::sql
