// The host's end of one call: masks what the engine says, notes its signs of life, passes it on to the scheduler.
#pragma once
#include <atomic>
#include <mutex>

#include "base/clock.hpp"
#include "base/mask.hpp"
#include "execution/inbox.hpp"
#include "execution/ports.hpp"

namespace tenantry::execution {

class StepCall final : public engine::CallSink {
 public:
  // What is shared is so because a call that was given up may outlive the scheduler.
  StepCall(std::shared_ptr<const model::RunSpec> run, std::size_t step, std::int64_t attempt,
           std::shared_ptr<Inbox> inbox, std::shared_ptr<const Ports> ports, const base::Clock& clock);

  void log(engine::LogLevel level, std::string_view message, std::string_view fields_json) override;
  void progress(std::uint32_t permille, std::string_view note) override;
  void heartbeat() override;
  void emit(std::string_view type, std::string_view data_json) override;
  [[nodiscard]] bool save_checkpoint(std::string_view bytes) override;
  [[nodiscard]] std::optional<std::string> secret(std::string_view name) override;
  [[nodiscard]] bool put_secret(std::string_view name, std::string_view value) override;
  void finished(engine::Answer answer) override;

  [[nodiscard]] base::Time last_sign() const { return base::from_millis(last_sign_.load()); }

 private:
  [[nodiscard]] std::string masked(std::string_view text);

  const std::shared_ptr<const model::RunSpec> run_;
  const std::size_t step_;
  const std::int64_t attempt_;
  const std::shared_ptr<Inbox> inbox_;
  const std::shared_ptr<const Ports> ports_;
  const base::Clock& clock_;
  std::atomic<std::int64_t> last_sign_;
  std::mutex mutex_;  // guards what follows
  base::Mask mask_;
  int lines_ = 0;
  base::Time last_progress_{};
};

}  // namespace tenantry::execution
