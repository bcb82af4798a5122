#include "service/validation.hpp"

#include "base/ids.hpp"

namespace tenantry::service {
namespace {

namespace json = base::json;
using Done = std::function<void(base::Result<std::vector<base::Problem>>)>;

constexpr base::Millis kLimit{5'000};

base::Result<std::vector<base::Problem>> judge(const engine::Answer& answer) {
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

class Judge final : public engine::CallSink {
 public:
  explicit Judge(Done done) : done_(std::move(done)) {}
  void log(engine::LogLevel, std::string_view, std::string_view) override {}
  void progress(std::uint32_t, std::string_view) override {}
  void heartbeat() override {}
  void emit(std::string_view, std::string_view) override {}
  [[nodiscard]] bool save_checkpoint(std::string_view) override { return false; }
  [[nodiscard]] std::optional<std::string> secret(std::string_view) override { return std::nullopt; }
  [[nodiscard]] bool put_secret(std::string_view, std::string_view) override { return false; }
  void finished(engine::Answer answer) override { done_(judge(answer)); }

 private:
  Done done_;
};

}  // namespace

void validate(const LoadedEngine& engine, const std::string& request, const std::string& tenant_id, Done done) {
  engine::Invocation call;
  call.op = model::Op::kValidate;
  call.tenant_id = tenant_id;
  call.idempotency_key = base::new_id("validate_");
  call.input = request;
  call.timeout = kLimit;
  (void)engine.runtime->start(std::move(call), std::make_shared<Judge>(std::move(done)));
}

}  // namespace tenantry::service
