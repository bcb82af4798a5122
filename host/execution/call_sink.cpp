#include "execution/call_sink.hpp"

#include <algorithm>
#include <array>
#include <future>

#include "base/text.hpp"

namespace tenantry::execution {
namespace {

constexpr int kMaxLines = 1'000;  // of one attempt; the rest is dropped, and that is said once
constexpr base::Millis kProgressEvery{500};
constexpr std::size_t kMaxLine = 16U << 10U;
constexpr std::size_t kMaxNote = 1U << 10U;
constexpr std::array<std::string_view, 5> kLevels{"info", "debug", "info", "warn", "error"};

}  // namespace

StepCall::StepCall(std::shared_ptr<const model::RunSpec> run, std::size_t step, std::int64_t attempt,
                   std::shared_ptr<Inbox> inbox, std::shared_ptr<const Ports> ports, const base::Clock& clock)
    : run_(std::move(run)),
      step_(step),
      attempt_(attempt),
      inbox_(std::move(inbox)),
      ports_(std::move(ports)),
      clock_(clock),
      last_sign_(base::to_millis(clock.now())) {}

std::string StepCall::masked(std::string_view text) {
  const std::scoped_lock lock(mutex_);
  return mask_.apply(text);
}

void StepCall::heartbeat() { last_sign_ = base::to_millis(clock_.now()); }

void StepCall::log(engine::LogLevel level, std::string_view message, std::string_view fields_json) {
  heartbeat();
  model::EngineLog line{step_, attempt_, std::string(kLevels[static_cast<std::size_t>(level)]), {}, {}};
  {
    const std::scoped_lock lock(mutex_);
    if (++lines_ > kMaxLines) return;
    line.message = lines_ == kMaxLines ? "(the engine logs too much; the rest of this attempt is dropped)"
                                       : base::shorten(base::to_utf8(mask_.apply(message)), kMaxLine);
    line.fields = base::shorten(mask_.apply(fields_json), kMaxLine);
  }
  inbox_->put(EngineSaid{run_->id, std::move(line)});
}

void StepCall::progress(std::uint32_t permille, std::string_view note) {
  heartbeat();
  Progressed news{run_->id, step_, attempt_, static_cast<int>(std::min<std::uint32_t>(permille, 1000)), {}};
  {
    const std::scoped_lock lock(mutex_);
    const auto now = clock_.now();
    if (now - last_progress_ < kProgressEvery) return;
    last_progress_ = now;
    news.note = base::shorten(base::to_utf8(mask_.apply(note)), kMaxNote);
  }
  inbox_->put(std::move(news));
}

void StepCall::emit(std::string_view type, std::string_view data_json) {
  heartbeat();
  inbox_->put(EngineSaid{run_->id, model::EngineEvent{step_, attempt_, base::shorten(base::to_utf8(type), 64),
                                                      base::shorten(masked(data_json), kMaxLine)}});
}

bool StepCall::save_checkpoint(std::string_view bytes) {
  heartbeat();
  std::promise<bool> saved;
  auto answer = saved.get_future();
  const bool taken = inbox_->put(SaveCheckpoint{run_->id,
                                                {step_, attempt_, std::make_shared<const std::string>(bytes)},
                                                [&saved](bool done) { saved.set_value(done); }});
  return taken && answer.get();
}

std::optional<std::string> StepCall::secret(std::string_view name) {
  heartbeat();
  const auto& declared = run_->manifest->steps[step_].secrets;
  if (std::find(declared.begin(), declared.end(), name) == declared.end()) return std::nullopt;
  auto value = ports_->secret(*run_, name);
  if (value) {
    const std::scoped_lock lock(mutex_);
    mask_.add(*value);
  }
  return value;
}

bool StepCall::put_secret(std::string_view name, std::string_view value) {
  heartbeat();
  {
    const std::scoped_lock lock(mutex_);
    mask_.add(value);
  }
  return ports_->put_secret(*run_, name, value);
}

void StepCall::finished(engine::Answer answer) {
  answer.output = masked(answer.output);
  if (answer.failure) {
    answer.failure->message = masked(answer.failure->message);
    answer.failure->next_action = masked(answer.failure->next_action);
    answer.failure->detail = masked(answer.failure->detail);
    answer.failure->code = masked(answer.failure->code);
  }
  inbox_->put(CallEnded{run_->id, step_, attempt_, std::move(answer)});
}

}  // namespace tenantry::execution
