// A run as it was last committed, for those who read it on other threads. Snapshots are made when somebody asks: most
// changes of most runs are never looked at.
#pragma once
#include <memory>
#include <mutex>
#include <span>
#include <utility>

#include "model/advance.hpp"

namespace tenantry::execution {

using RunView = std::shared_ptr<const model::Run>;

// Thread-safe.
class Committed {
 public:
  explicit Committed(const model::Run& run) : run_(run), spec_(run.spec) {}

  // `run` is what is committed now; `changes` say which of its steps are new.
  void update(const model::Run& run, std::span<const model::Change> changes) {
    const std::scoped_lock lock(mutex_);
    view_ = nullptr;
    run_.head = run.head;
    for (const auto& change : changes) {
      if (change.repin) run_ = run;
      for (const auto& [index, step] : change.steps) run_.steps[index] = run.steps[index];
    }
  }
  // Steps differ in what is not durable, too.
  void update(const model::Run& run) {
    const std::scoped_lock lock(mutex_);
    view_ = nullptr;
    run_ = run;
  }

  [[nodiscard]] RunView view() const {
    const std::scoped_lock lock(mutex_);
    if (!view_) view_ = std::make_shared<const model::Run>(run_);
    return view_;
  }
  [[nodiscard]] const model::RunId& id() const { return spec_->id; }
  [[nodiscard]] const model::TenantId& tenant() const { return spec_->tenant; }

 private:
  mutable std::mutex mutex_;  // guards what follows
  model::Run run_;
  mutable RunView view_;
  const std::shared_ptr<const model::RunSpec> spec_;  // only for its ids, which are the same in every version
};

using CommittedPtr = std::shared_ptr<Committed>;

}  // namespace tenantry::execution
