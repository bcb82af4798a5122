#include "service/validation.hpp"

#include <deque>
#include <mutex>
#include <set>
#include <unordered_map>

#include "base/ids.hpp"

namespace tenantry::service {
namespace {

namespace json = base::json;

constexpr base::Millis kLimit{5'000};
constexpr int kAtOnce = 4;               // of the threads that an engine has beside those for steps
constexpr std::size_t kLongest = 1'024;  // requests of one engine that wait
constexpr std::size_t kMostEngines = 256;

base::Error crowded() {
  return {base::ErrorKind::kBusy,
          "engine.validate_busy",
          "Too many requests wait for the engine to judge them.",
          "Try again in a moment.",
          {},
          {}};
}

base::Result<std::vector<base::Problem>> verdict(const engine::Answer& answer) {
  using model::Outcome;
  if (answer.outcome == Outcome::kUnsupported) return std::vector<base::Problem>{};
  if (answer.outcome != Outcome::kDone && answer.outcome != Outcome::kAlreadyDone)
    return base::Error{base::ErrorKind::kUnavailable,
                       "engine.validate",
                       "The engine could not judge the request: " +
                           (answer.failure ? answer.failure->message : std::string(word(answer.outcome)) + "."),
                       "Try again in a moment.",
                       {},
                       {}};
  std::vector<base::Problem> problems;
  const auto output = base::parse_json(answer.output.empty() ? "{}" : answer.output);
  const auto* found = output.has_value() ? base::find_pointer(*output, "/problems") : nullptr;
  if (found == nullptr || !found->is_array()) return problems;
  for (const auto& one : found->get_array()) {
    const auto* path = base::find_pointer(one, "/path");
    const auto* message = base::find_pointer(one, "/message");
    problems.push_back({path != nullptr && path->is_string() ? path->get_string().c_str() : "",
                        message != nullptr && message->is_string() ? message->get_string().c_str() : "not accepted"});
  }
  return problems;
}

}  // namespace

// Where the questions wait. Kept alive by the calls that are out.
struct Validation::Desk : std::enable_shared_from_this<Validation::Desk> {
  struct Question {
    std::shared_ptr<engine::Runtime> runtime;
    engine::Invocation call;
    Done done;
  };
  struct Line {
    int out = 0;
    std::deque<Question> waiting;
  };

  void ask(const std::string& engine, Question question);
  // The engine with this digest has answered; the next one's turn.
  void answered(const std::string& engine, bool has_validate);

  std::mutex mutex;                             // guards what follows
  std::unordered_map<std::string, Line> lines;  // by the engine's digest, as long as something is out
  std::set<std::string> without;                // engines that have no VALIDATE
};

namespace {

class Judge final : public engine::CallSink {
 public:
  using Answered = std::function<void(const engine::Answer&)>;
  explicit Judge(Answered answered) : answered_(std::move(answered)) {}
  void log(engine::LogLevel, std::string_view, std::string_view) override {}
  void progress(std::uint32_t, std::string_view) override {}
  void heartbeat() override {}
  void emit(std::string_view, std::string_view) override {}
  [[nodiscard]] bool save_checkpoint(std::string_view) override { return false; }
  [[nodiscard]] std::optional<std::string> secret(std::string_view) override { return std::nullopt; }
  [[nodiscard]] bool put_secret(std::string_view, std::string_view) override { return false; }
  void finished(engine::Answer answer) override { answered_(answer); }

 private:
  const Answered answered_;
};

}  // namespace

void Validation::Desk::ask(const std::string& engine, Question question) {
  auto told = [self = shared_from_this(), engine, done = std::move(question.done)](const engine::Answer& answer) {
    self->answered(engine, answer.outcome != model::Outcome::kUnsupported);
    done(verdict(answer));
  };
  (void)question.runtime->start(std::move(question.call), std::make_shared<Judge>(std::move(told)));
}

void Validation::Desk::answered(const std::string& engine, bool has_validate) {
  std::unique_lock lock(mutex);
  if (!has_validate && without.size() < kMostEngines) without.insert(engine);
  auto& line = lines[engine];
  if (line.waiting.empty()) {
    if (--line.out == 0) lines.erase(engine);
    return;
  }
  auto next = std::move(line.waiting.front());
  line.waiting.pop_front();
  lock.unlock();
  ask(engine, std::move(next));
}

Validation::Validation() : desk_(std::make_shared<Desk>()) {}

void Validation::judge(const LoadedEngine& engine, const std::string& request, const std::string& tenant_id,
                       Done done) {
  const auto& digest = engine.manifest().digest;
  engine::Invocation call;
  call.op = model::Op::kValidate;
  call.tenant_id = tenant_id;
  call.idempotency_key = base::new_id("validate_");
  call.input = request;
  call.timeout = kLimit;
  Desk::Question question{engine.runtime, std::move(call), std::move(done)};
  std::unique_lock lock(desk_->mutex);
  if (desk_->without.contains(digest)) {
    lock.unlock();
    return question.done(std::vector<base::Problem>{});
  }
  auto& line = desk_->lines[digest];
  if (line.out < kAtOnce) {
    ++line.out;
    lock.unlock();
    return desk_->ask(digest, std::move(question));
  }
  if (line.waiting.size() < kLongest) return line.waiting.push_back(std::move(question));
  lock.unlock();
  question.done(crowded());
}

}  // namespace tenantry::service
