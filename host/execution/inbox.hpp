// What reaches the scheduler from other threads.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "engine/runtime.hpp"
#include "execution/board.hpp"
#include "model/advance.hpp"

namespace tenantry::execution {

// Called exactly once after the commit (or the refusal), on a thread that may wait a little.
using Answered = std::function<void(base::Result<RunView>)>;

struct CreateRun {
  model::Run run;
  model::Change change;
  std::shared_ptr<engine::Runtime> runtime;
  Answered answered;
};
struct GiveCommand {
  base::RunId run;
  model::Command command;
  Answered answered;   // null: it was left to another host
  base::Time until{};  // how long other hosts may keep it waiting; Time{}: it has not met any
};
struct CallEnded {
  base::RunId run;
  std::size_t step = 0;
  std::int64_t attempt = 0;
  engine::Answer answer;
};
struct SaveCheckpoint {
  base::RunId run;
  model::CheckpointSaved saved;
  std::function<void(bool)> answered;
};
struct EngineSaid {
  base::RunId run;
  model::Fact fact;  // EngineLog or EngineEvent
};
struct Progressed {
  base::RunId run;
  std::size_t step = 0;
  std::int64_t attempt = 0;
  int permille = 0;
  std::string note;
};

// From the scheduler itself: what this run found out about its ERP server.
struct ServerSaid {
  base::RunId run;
  model::ServerNews news;
};

using Item = std::variant<CreateRun, GiveCommand, CallEnded, SaveCheckpoint, EngineSaid, Progressed, ServerSaid>;

// A queue of many writers and one reader. Thread-safe.
class Inbox {
 public:
  // false: the reader is gone, and the item is dropped.
  bool put(Item item) {
    {
      const std::scoped_lock lock(mutex_);
      if (closed_) return false;
      items_.push_back(std::move(item));
    }
    arrived_.notify_one();
    return true;
  }
  // Wakes the reader without giving it anything.
  void nudge() {
    {
      const std::scoped_lock lock(mutex_);
      nudged_ = true;
    }
    arrived_.notify_one();
  }
  // Everything there is; waits for something, a nudge, or `wait` to pass.
  [[nodiscard]] std::vector<Item> take(base::Millis wait) {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, wait, [&] { return nudged_ || !items_.empty(); });
    nudged_ = false;
    return std::exchange(items_, {});
  }
  // The reader goes; what is left is returned.
  [[nodiscard]] std::vector<Item> close() {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    return std::exchange(items_, {});
  }

 private:
  std::mutex mutex_;  // guards what follows
  std::vector<Item> items_;
  bool nudged_ = false;
  bool closed_ = false;
  std::condition_variable arrived_;
};

}  // namespace tenantry::execution
