#include "execution/foresee.hpp"

#include <algorithm>
#include <mutex>

#include "base/mask.hpp"
#include "model/slice.hpp"

namespace tenantry::execution {
namespace {

constexpr base::Millis kLimit{20'000};

// Gathers the answers; whoever brings the last one tells.
struct Questions {
  model::Run run;
  Foreseen done;
  std::mutex mutex;  // guards what follows
  std::vector<std::optional<engine::Answer>> answers;
  std::size_t open = 1;  // one for whoever asks

  void close(std::size_t step, std::optional<engine::Answer> answer) {
    {
      const std::scoped_lock lock(mutex);
      if (answer) answers[step] = std::move(answer);
      if (--open > 0) return;
    }
    done(std::move(answers));
  }
};

class Question final : public engine::CallSink {
 public:
  Question(std::shared_ptr<Questions> all, std::size_t step, const Ports& ports)
      : all_(std::move(all)), step_(step), ports_(ports) {}
  void log(engine::LogLevel, std::string_view, std::string_view) override {}
  void progress(std::uint32_t, std::string_view) override {}
  void heartbeat() override {}
  void emit(std::string_view, std::string_view) override {}
  [[nodiscard]] bool save_checkpoint(std::string_view) override { return false; }
  [[nodiscard]] std::optional<std::string> secret(std::string_view name) override {
    const auto& declared = all_->run.manifest().steps[step_].secrets;
    if (std::find(declared.begin(), declared.end(), name) == declared.end()) return std::nullopt;
    auto value = ports_.secret(*all_->run.spec, name);
    const std::scoped_lock lock(mutex_);
    if (value) mask_.add(*value);
    return value;
  }
  [[nodiscard]] bool put_secret(std::string_view, std::string_view) override { return false; }
  void finished(engine::Answer answer) override {
    {
      const std::scoped_lock lock(mutex_);
      answer.output = mask_.apply(answer.output);
      if (answer.failure) answer.failure->message = mask_.apply(answer.failure->message);
      if (answer.failure) answer.failure->next_action = mask_.apply(answer.failure->next_action);
    }
    all_->close(step_, std::move(answer));
  }

 private:
  const std::shared_ptr<Questions> all_;
  const std::size_t step_;
  const Ports& ports_;
  std::mutex mutex_;  // guards mask_
  base::Mask mask_;
};

}  // namespace

void foresee(model::Run run, engine::Runtime& runtime, const Ports& ports, Foreseen done) {
  const auto all = std::make_shared<Questions>();
  all->run = std::move(run);
  all->done = std::move(done);
  const auto& steps = all->run.manifest().steps;
  all->answers.resize(steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (!steps[i].has_plan) continue;
    auto input = model::slice(all->run, i, true);
    if (input.has_error()) continue;
    engine::Invocation call;
    call.op = model::Op::kPlan;
    call.step = steps[i].id;
    call.run_id = all->run.spec->id.value;
    call.tenant_id = all->run.spec->tenant.value;
    call.idempotency_key = call.run_id + "." + call.step + ".plan";
    call.input = std::move(*input);
    call.timeout = std::min(steps[i].timeout, kLimit);
    {
      const std::scoped_lock lock(all->mutex);
      ++all->open;
    }
    (void)runtime.start(std::move(call), std::make_shared<Question>(all, i, ports));
  }
  all->close(0, std::nullopt);
}

}  // namespace tenantry::execution
