#include "stage/subject.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <thread>

#include "base/text.hpp"
#include "engine/library.hpp"
#include "engine/limits.hpp"

namespace tenantry::stage {
namespace {

struct Pieces {
  std::vector<std::string> all;
  std::size_t size = 0;

  static void take(void* to, tenantry_text piece) noexcept {
    auto& self = *static_cast<Pieces*>(to);
    if (piece.data == nullptr || self.size > 2U << 20U) return;
    self.size += piece.size;
    self.all.emplace_back(piece.data, std::min<std::uint64_t>(piece.size, 2U << 20U));
  }
};

tenantry_text text(const Lent& lent) { return {lent.data(), lent.size()}; }

// Cancels a call in its middle, or ends the process there.
class Timer {
 public:
  Timer(Listener& listener, const Conditions& conditions) {
    const bool dies = conditions.die_in.has_value();
    if (!dies && !conditions.cancel_after) return;
    const auto after = dies ? *conditions.die_in : std::chrono::microseconds(*conditions.cancel_after);
    thread_ = std::thread([this, &listener, after, dies] {
      std::unique_lock lock(mutex_);
      if (over_cv_.wait_for(lock, after, [this] { return over_; })) return;
      if (dies) ::kill(::getpid(), SIGKILL);
      listener.cancel();
    });
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() {
    if (!thread_.joinable()) return;
    {
      const std::scoped_lock lock(mutex_);
      over_ = true;
    }
    over_cv_.notify_all();
    thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable over_cv_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace

base::Result<std::unique_ptr<Subject>> Subject::load(const engine::PluginFile& file, int copy, Wire& wire,
                                                     base::Millis limit) {
  wire.begin("loading the file", limit);
  const auto table = engine::load_table(file.name, engine::Descriptor(::fcntl(copy, F_DUPFD_CLOEXEC, 0)));
  if (table.has_error()) return table.error();
  return std::unique_ptr<Subject>(new Subject(**table, wire, limit));
}

std::string Subject::built_with() const {
  if (table_.built_with.data == nullptr) return {};
  return base::shorten(base::to_utf8({table_.built_with.data, std::min<std::uint64_t>(table_.built_with.size, 1000)}),
                       200);
}

std::string Subject::manifest(bool* threw) const {
  wire_.begin("manifest()", limit_);
  Pieces pieces;
  try {
    table_.manifest(Pieces::take, &pieces);
  } catch (...) {
    if (threw != nullptr) *threw = true;
    return {};
  }
  std::string out;
  for (const auto& piece : pieces.all) out += piece;
  return out;
}

Subject::Opened Subject::open_another(std::string_view settings) const {
  wire_.begin("open()", limit_);
  Opened out;
  Pieces pieces;
  const Lent lent(settings);
  try {
    out.engine = table_.open(text(lent), Pieces::take, &pieces);
  } catch (...) {
    out.threw = true;
  }
  out.errors = std::move(pieces.all);
  return out;
}

void Subject::close(tenantry_engine* engine) const {
  wire_.begin("close()", limit_);
  try {
    table_.close(engine);
  } catch (...) {
    throw std::runtime_error("close() threw an exception");
  }
}

void Subject::open(std::string_view settings) {
  auto opened = open_another(settings);
  if (opened.threw) throw std::runtime_error("open() threw an exception");
  if (opened.engine == nullptr)
    throw std::runtime_error("open() refused the settings: " +
                             (opened.errors.empty() ? "it gave no reason" : opened.errors[0]));
  engine_ = opened.engine;
}

void Subject::close() {
  if (engine_ != nullptr) close(std::exchange(engine_, nullptr));
}

Heard Subject::call(const engine::Invocation& asked, const Conditions& conditions, Listener::Secrets secrets,
                    Listener::Keep keep) const {
  const auto words = std::string(asked.step.empty() ? "" : " of step " + asked.step);
  const auto name = !conditions.op ? std::string(model::word(asked.op)) : "operation " + std::to_string(*conditions.op);
  wire_.begin(name + words, conditions.limit.value_or(limit_));
  auto& listener = *new Listener(conditions, std::move(secrets), asked.timeout, std::move(keep));
  const Lent step(asked.step), run(asked.run_id), tenant(asked.tenant_id), key(asked.idempotency_key),
      input(asked.input), output(asked.output), checkpoint(asked.checkpoint),
      trace(conditions.bare ? "" : asked.traceparent);
  tenantry_call call{};
  call.size = sizeof call;
  call.op = conditions.op.value_or(static_cast<tenantry_op>(asked.op));
  call.step = text(step);
  call.run_id = text(run);
  call.tenant_id = text(tenant);
  call.idempotency_key = text(key);
  call.attempt = asked.attempt;
  call.max_attempts = asked.max_attempts;
  call.input = text(input);
  call.output = text(output);
  call.checkpoint = text(checkpoint);
  call.host = host_table(conditions);
  call.ctx = listener.context();
  call.traceparent = text(trace);
  const LentStruct<tenantry_call> lent(call);
  const Timer timer(listener, conditions);
  std::int32_t outcome = 0;
  bool threw = false;
  try {
    outcome = table_.invoke(engine_, lent.get());
  } catch (...) {
    threw = true;
  }
  return listener.close(asked, outcome, threw);
}

}  // namespace tenantry::stage
