#include "engine/answer.hpp"

#include "engine/limits.hpp"
#include "support/catch.hpp"

namespace tenantry::engine {
namespace {

using model::FailureClass;
using model::Op;
using model::Outcome;

Answer judge_error(std::int32_t outcome, const std::string& code, const std::string& detail) {
  Spoken spoken;
  spoken.outcome = outcome;
  spoken.error = Spoken::Error{code, "words", detail};
  return judge({}, std::move(spoken));
}
FailureClass cause(std::int32_t outcome, const std::string& code, const std::string& detail = "") {
  return judge_error(outcome, code, detail).failure->cause;
}

constexpr std::int32_t kRetry = 5;
constexpr std::int32_t kFailed = 6;

TEST_CASE("the cause of a failure is what the engine named, else what its code or outcome suggests") {
  CHECK(cause(kFailed, "erp.x", R"({"class":"quota"})") == FailureClass::kQuota);
  CHECK(cause(kFailed, "erp.rate_limited", R"({"class":"quota"})") == FailureClass::kQuota);
  CHECK(cause(kFailed, "erp.rate_limited", R"({"class":"nonsense"})") == FailureClass::kRateLimited);
  CHECK(cause(kFailed, "erp.company.conflict") == FailureClass::kConflict);
  CHECK(cause(kFailed, "conflict") == FailureClass::kConflict);
  CHECK(cause(kRetry, "erp.deadlock") == FailureClass::kTransient);
  CHECK(cause(kFailed, "erp.deadlock") == FailureClass::kInternal);
  CHECK(cause(kFailed, "erp.deadlock", R"({"pointer":"/request/a"})") == FailureClass::kInvalidInput);
  CHECK(cause(kFailed, "engine.bad_input") == FailureClass::kInvalidInput);
  CHECK(cause(kFailed, "engine.missing_secret") == FailureClass::kMissingDependency);
  CHECK(cause(7, "engine.cancelled") == FailureClass::kCancelled);
}

TEST_CASE("an error is kept within its limits, and a broken detail is dropped") {
  CHECK(judge_error(kFailed, "", "").failure->code == "engine.no_code");
  CHECK(judge_error(kFailed, "a.b", "{").failure->detail.empty());
  CHECK(judge_error(kFailed, "a.b", "[1]").failure->detail.empty());
  CHECK(judge_error(kFailed, "a.b", R"({"x":1})").failure->detail == R"({"x":1})");
  Spoken spoken;
  spoken.outcome = kFailed;
  spoken.error = Spoken::Error{std::string(1000, 'c'), std::string(100'000, 'm'), ""};
  const auto answer = judge({}, std::move(spoken));
  CHECK(answer.failure->code.size() <= kMaxErrorCode);
  CHECK(answer.failure->message.size() <= kMaxErrorMessage);
  CHECK(answer.failure->message.ends_with("\xE2\x80\xA6"));
}

TEST_CASE("documents of plan, validate and drift must hold their list") {
  const auto outcome = [](Op op, std::int32_t number, const char* output) {
    Invocation call;
    call.op = op;
    Spoken spoken;
    spoken.outcome = number;
    spoken.output = output;
    return judge(call, std::move(spoken)).outcome;
  };
  CHECK(outcome(Op::kPlan, 1, R"({"actions":[]})") == Outcome::kDone);
  CHECK(outcome(Op::kPlan, 1, R"({"actions":{}})") == Outcome::kFailed);
  CHECK(outcome(Op::kValidate, 1, R"({"problems":[]})") == Outcome::kDone);
  CHECK(outcome(Op::kValidate, 1, "[]") == Outcome::kFailed);
  CHECK(outcome(Op::kVerify, 8, R"({"drift":[]})") == Outcome::kDrifted);
  CHECK(outcome(Op::kVerify, 8, "{}") == Outcome::kFailed);
  CHECK(outcome(Op::kVerify, 1, R"({"name":"x"})") == Outcome::kDone);
  CHECK(outcome(Op::kUndo, 1, "not json") == Outcome::kFailed);
}

TEST_CASE("a late failure is a retry, unless the call was cancelled and says so; a late success is a success") {
  const auto late = [](std::int32_t number, bool cancel_asked) {
    Invocation call;
    call.timeout = base::Millis{5};
    Spoken spoken;
    spoken.outcome = number;
    spoken.output = "{}";
    spoken.past_deadline = true;
    spoken.cancel_asked = cancel_asked;
    return judge(call, std::move(spoken)).outcome;
  };
  CHECK(late(1, false) == Outcome::kDone);
  CHECK(late(5, false) == Outcome::kRetry);
  CHECK(late(6, false) == Outcome::kRetry);
  CHECK(late(7, false) == Outcome::kRetry);
  CHECK(late(7, true) == Outcome::kCancelled);
  CHECK(late(2, true) == Outcome::kAlreadyDone);
  CHECK(late(6, true) == Outcome::kRetry);
}

TEST_CASE("only what belongs to an outcome is passed on") {
  Spoken spoken;
  spoken.outcome = kRetry;
  spoken.output = "{}";
  spoken.output_too_large = true;
  spoken.retry_after = base::Millis{7};
  const auto retry = judge({}, spoken);
  CHECK(retry.output.empty());
  CHECK(retry.outcome == Outcome::kRetry);
  CHECK(retry.retry_after == base::Millis{7});
  spoken.outcome = 1;
  spoken.output_too_large = false;
  spoken.error = Spoken::Error{"a.b", "forgotten", ""};
  CHECK_FALSE(judge({}, spoken).failure.has_value());
}

}  // namespace
}  // namespace tenantry::engine
