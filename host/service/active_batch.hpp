// A batch that is being carried out; only for the files that define Batches.
#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "service/batches.hpp"

namespace tenantry::service {

inline constexpr std::size_t kBatchAtOnce = 16;  // of one batch: commands that are not answered yet
inline constexpr std::int64_t kDefaultJitter = 25;

struct Batches::Active {
  store::Batch batch;
  base::json::object request;
  base::Result<Actor> actor = base::internal("batch.actor", "unknown");
  bool resumed = false;  // items may have been given before
  std::int64_t jitter = kDefaultJitter;
  std::deque<store::BatchItem> waiting;
  std::unordered_set<std::string> unanswered;  // tenants
  std::unordered_map<std::int64_t, int> tries;
  std::size_t out = 0;
  Steady next{};
  std::vector<store::BatchItem> answered;  // not written down yet
};

struct Batches::Shared {
  std::mutex mutex;  // guards what follows
  std::condition_variable changed;
  bool stopped = false;
  std::vector<std::shared_ptr<Active>> added;
  struct Answer {
    std::shared_ptr<Active> active;
    store::BatchItem item;
    base::Result<CommandAnswer> result;
  };
  std::vector<Answer> answers;
};

}  // namespace tenantry::service
