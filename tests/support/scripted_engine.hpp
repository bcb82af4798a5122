// An engine whose answers the test decides: at once by a script, or later by hand.
#pragma once
#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/runtime.hpp"

namespace tenantry::test {

class ScriptedEngine final : public engine::Runtime {
 public:
  // nullopt: the call stays out until answer() or the end of the test.
  using Script = std::function<std::optional<engine::Answer>(const engine::Invocation&, engine::CallSink&)>;

  struct Seen {
    engine::Invocation call;
    std::shared_ptr<engine::CallSink> sink;
    bool answered = false;
    std::shared_ptr<std::atomic<int>> cancels = std::make_shared<std::atomic<int>>(0);
    std::shared_ptr<std::atomic<bool>> abandoned = std::make_shared<std::atomic<bool>>(false);
  };

  void script(const std::string& step, Script script) {
    const std::scoped_lock lock(mutex_);
    scripts_[step] = std::move(script);
  }
  void hold(const std::string& step) {
    script(step, [](const auto&, auto&) { return std::nullopt; });
  }

  std::shared_ptr<engine::Call> start(engine::Invocation call, std::shared_ptr<engine::CallSink> sink) override {
    Script script;
    std::size_t index = 0;
    auto handle = std::make_shared<Handle>();
    {
      const std::scoped_lock lock(mutex_);
      index = seen_.size();
      seen_.push_back({call, sink});
      handle->cancels = seen_.back().cancels;
      handle->abandoned = seen_.back().abandoned;
      running_ += 1;
      most_ = std::max(most_, running_);
      if (const auto found = scripts_.find(call.step); found != scripts_.end()) script = found->second;
    }
    auto answer = script ? script(call, *sink) : std::optional(done());
    if (answer) finish(index, std::move(*answer));
    return handle;
  }
  [[nodiscard]] std::size_t stuck() const override { return 0; }

  // Ends the newest call of this step that is still out; false if there is none.
  bool answer(const std::string& step, engine::Answer answer, const std::string& run = {}) {
    std::size_t index = 0;
    {
      const std::scoped_lock lock(mutex_);
      index = seen_.size();
      while (index > 0) {
        const auto& one = seen_[index - 1];
        if (!one.answered && one.call.step == step && (run.empty() || one.call.run_id == run)) break;
        --index;
      }
    }
    if (index == 0) return false;
    finish(index - 1, std::move(answer));
    return true;
  }

  [[nodiscard]] std::vector<Seen> seen() const {
    const std::scoped_lock lock(mutex_);
    return seen_;
  }
  [[nodiscard]] std::size_t count(const std::string& step, model::Op op = model::Op::kRun) const {
    const std::scoped_lock lock(mutex_);
    return static_cast<std::size_t>(std::count_if(
        seen_.begin(), seen_.end(), [&](const Seen& one) { return one.call.step == step && one.call.op == op; }));
  }
  [[nodiscard]] int out() const {
    const std::scoped_lock lock(mutex_);
    return running_;
  }
  [[nodiscard]] int most_at_once() const {
    const std::scoped_lock lock(mutex_);
    return most_;
  }

  static engine::Answer done(std::string output = {}) {
    engine::Answer answer;
    answer.outcome = model::Outcome::kDone;
    answer.output = std::move(output);
    return answer;
  }
  static engine::Answer failing(model::Outcome outcome, model::FailureClass cause = model::FailureClass::kInternal,
                                std::string message = "it did not work") {
    engine::Answer answer;
    answer.outcome = outcome;
    answer.failure = model::Failure{cause, "test.cause", std::move(message), {}, {}};
    return answer;
  }

 private:
  struct Handle final : engine::Call {
    std::shared_ptr<std::atomic<int>> cancels;
    std::shared_ptr<std::atomic<bool>> abandoned;
    void cancel() override { ++*cancels; }
    void abandon() override { *abandoned = true; }
  };

  void finish(std::size_t index, engine::Answer answer) {
    std::shared_ptr<engine::CallSink> sink;
    bool abandoned = false;
    {
      const std::scoped_lock lock(mutex_);
      seen_[index].answered = true;
      sink = std::move(seen_[index].sink);  // as a runtime does: what holds the call may hold the runtime
      abandoned = *seen_[index].abandoned;
      running_ -= 1;
    }
    if (!abandoned) sink->finished(std::move(answer));
  }

  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, Script> scripts_;
  std::vector<Seen> seen_;
  int running_ = 0;
  int most_ = 0;
};

}  // namespace tenantry::test
