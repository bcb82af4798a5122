// How the commands of batches are given and what came of them is written down: what Batches' own thread does.
#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "service/active_batch.hpp"
#include "service/selection.hpp"

namespace tenantry::service {
namespace {

namespace json = base::json;
using base::ErrorKind;
using store::BatchItem;

constexpr int kTries = 5;  // of a command that the host has no room for
constexpr std::chrono::seconds kBetweenLooks{15};
constexpr std::chrono::milliseconds kBetweenTries{500};

void note(BatchItem& item, const base::Result<CommandAnswer>& answer) {
  item.state = answer.has_error() ? "refused" : "done";
  if (!answer.has_error()) return;
  item.code = answer.error().code;
  item.message = answer.error().message;
  item.next_action = answer.error().next_action;
}

}  // namespace

void Batches::start() {
  thread_ = std::thread([this] { live(); });
}

void Batches::stop() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopped = true;
  }
  shared_->changed.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Batches::add(const store::Batch& batch, std::vector<BatchItem> items, bool resumed) {
  auto active = std::make_shared<Active>();
  active->batch = batch;
  active->request = base::parse_json(batch.request)->as_object();
  active->resumed = resumed;
  if (const auto* jitter = active->request.if_contains("jitter_ms")) active->jitter = jitter->to_number<std::int64_t>();
  const auto account = store_.account(batch.account);
  if (account.has_value() && *account)
    active->actor = Actor{batch.account, (*account)->email, (*account)->role};
  else
    active->actor = base::Error{
        ErrorKind::kDenied, "batch.account", "The account that asked for this is gone.", "Ask for it anew.", {}, {}};
  for (auto& item : items) {
    active->unanswered.insert(item.tenant.value);
    active->waiting.push_back(std::move(item));
  }
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->added.push_back(std::move(active));
  }
  shared_->changed.notify_all();
}

// What this host's earlier lives, or hosts that are gone, have left over.
void Batches::resume() {
  const auto claimed = store_.batches().claim_batches(self_, clock_.now());
  if (claimed.has_error()) return base::log::warn("batches not claimed", {{"code", claimed.error().code}});
  for (const auto& batch : *claimed) {
    const auto known = [&](const auto& active) { return active->batch.id == batch.id; };
    if (std::any_of(active_.begin(), active_.end(), known)) continue;
    auto items = store_.batches().batch_items(batch.id, "waiting", 0, kMostSelected);
    if (items.has_error()) continue;
    base::log::info("batch taken up", {{"batch", batch.id}, {"waiting", items->size()}});
    add(batch, std::move(*items), true);
  }
}

void Batches::live() {
  auto next_look = std::chrono::steady_clock::now();
  auto next_try = next_look;
  for (;;) {
    auto now = std::chrono::steady_clock::now();
    if (now >= next_look) {
      resume();
      next_look = now + kBetweenLooks;
    }
    std::vector<Shared::Answer> answers;
    std::vector<std::shared_ptr<Active>> added;
    bool stopped = false;
    {
      std::unique_lock lock(shared_->mutex);
      shared_->changed.wait_until(lock, std::min(next_look, next_try), [this] {
        return shared_->stopped || !shared_->added.empty() || !shared_->answers.empty();
      });
      answers.swap(shared_->answers);
      added.swap(shared_->added);
      stopped = shared_->stopped;
    }
    // create() and resume() may both have found it; their items are the same.
    for (auto& one : added)
      if (std::none_of(active_.begin(), active_.end(), [&](const auto& a) { return a->batch.id == one->batch.id; }))
        active_.push_back(std::move(one));
    for (auto& [active, item, result] : answers) {
      --active->out;
      const bool later = result.has_error() &&
                         (result.error().kind == ErrorKind::kUnavailable || result.error().kind == ErrorKind::kBusy);
      if (later && ++active->tries[item.number] < kTries) {
        active->waiting.push_back(std::move(item));
        active->next = std::chrono::steady_clock::now() + kBetweenTries;
        continue;
      }
      note(item, result);
      item.at = clock_.now();
      active->unanswered.erase(item.tenant.value);
      active->answered.push_back(std::move(item));
    }
    settle();
    if (stopped) return;
    now = std::chrono::steady_clock::now();
    next_try = give_what_is_due(now);
  }
}

Batches::Steady Batches::give_what_is_due(Steady now) {
  auto next = now + kBetweenLooks;
  for (auto at = active_.begin(); at != active_.end(); ++at) {
    auto& active = **at;
    // Once around at most: items whose tenant an earlier batch still has to do with wait.
    for (auto left = active.waiting.size(); left > 0 && active.out < kBatchAtOnce && active.next <= now; --left) {
      auto item = std::move(active.waiting.front());
      active.waiting.pop_front();
      const bool free = std::none_of(
          active_.begin(), at, [&](const auto& earlier) { return earlier->unanswered.contains(item.tenant.value); });
      if (!free) {
        active.waiting.push_back(std::move(item));
        continue;
      }
      if (active.jitter > 0)
        active.next =
            now + std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(0, 2 * active.jitter)(random_));
      give(active, std::move(item));
    }
    if (!active.waiting.empty()) next = std::min(next, std::max(active.next, now + std::chrono::milliseconds(5)));
    if (!active.answered.empty()) next = std::min(next, now + kBetweenTries);  // the store was away
  }
  return next;
}

void Batches::give(Active& active, BatchItem item) {
  ++active.out;
  const auto self =
      *std::find_if(active_.begin(), active_.end(), [&](const auto& one) { return one.get() == &active; });
  auto answered = [shared = shared_, self, item](const base::Result<CommandAnswer>& result) {
    {
      const std::lock_guard lock(shared->mutex);
      shared->answers.push_back({self, item, result});
    }
    shared->changed.notify_all();
  };
  if (active.actor.has_error()) return answered(active.actor.error());
  if (active.resumed || active.tries.contains(item.number)) {
    const auto given = store_.operation(item.operation);
    if (given.has_error()) return answered(given.error());
    if (*given) return answered(CommandAnswer());  // in an earlier life
  }
  send(*active.actor, active.request, item.tenant, item.operation, false, answered);
}

void Batches::settle() {
  for (auto at = active_.begin(); at != active_.end();) {
    auto& active = **at;
    if (!active.answered.empty()) {
      const auto settled = store_.batches().settle_batch(active.batch.id, active.answered, clock_.now());
      if (settled.has_error()) {
        base::log::warn("batch not written down", {{"batch", active.batch.id}, {"code", settled.error().code}});
        ++at;
        continue;
      }
      active.answered.clear();
    }
    const bool over = active.waiting.empty() && active.out == 0;
    at = over ? active_.erase(at) : std::next(at);
  }
}

}  // namespace tenantry::service
