#include "engine/answer.hpp"

#include <tenantry/abi.h>

#include <string_view>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "engine/limits.hpp"

namespace tenantry::engine {
namespace {

namespace json = boost::json;
using model::FailureClass;
using model::Op;
using model::Outcome;

std::optional<Outcome> outcome_of(std::int32_t value) {
  switch (value) {
    case TENANTRY_DONE:
      return Outcome::kDone;
    case TENANTRY_ALREADY_DONE:
      return Outcome::kAlreadyDone;
    case TENANTRY_SKIPPED:
      return Outcome::kSkipped;
    case TENANTRY_WAIT:
      return Outcome::kWait;
    case TENANTRY_RETRY:
      return Outcome::kRetry;
    case TENANTRY_FAILED:
      return Outcome::kFailed;
    case TENANTRY_CANCELLED:
      return Outcome::kCancelled;
    case TENANTRY_DRIFTED:
      return Outcome::kDrifted;
    case TENANTRY_UNSUPPORTED:
      return Outcome::kUnsupported;
    default:
      return std::nullopt;
  }
}

FailureClass class_suggested_by(Outcome outcome, std::string_view code, const json::object& detail) {
  switch (outcome) {
    case Outcome::kRetry:
    case Outcome::kWait:
      return FailureClass::kTransient;
    case Outcome::kCancelled:
      return FailureClass::kCancelled;
    default:
      break;
  }
  if (code == "engine.missing_secret") return FailureClass::kMissingDependency;
  return code == "engine.bad_input" || detail.contains("pointer") ? FailureClass::kInvalidInput
                                                                  : FailureClass::kInternal;
}

model::Failure failure_of(Outcome outcome, const Spoken::Error& error) {
  model::Failure out;
  out.code = base::shorten(base::to_utf8(error.code), kMaxErrorCode);
  if (out.code.empty()) out.code = "engine.no_code";
  out.message = base::shorten(base::to_utf8(error.message), kMaxErrorMessage);

  json::object detail;
  if (auto parsed = base::parse_json(error.detail, kMaxDetail); parsed.has_value() && parsed->is_object()) {
    detail = std::move(parsed->get_object());
    out.detail = error.detail;
  }
  if (const auto* next = detail.if_contains("next_action"); next && next->is_string())
    out.next_action = base::shorten({next->get_string().data(), next->get_string().size()}, kMaxErrorMessage);

  std::optional<FailureClass> cause;
  if (const auto* word = detail.if_contains("class"); word && word->is_string())
    cause = model::failure_class({word->get_string().data(), word->get_string().size()});
  if (!cause) cause = model::failure_class(std::string_view(out.code).substr(out.code.rfind('.') + 1));
  out.cause = cause.value_or(class_suggested_by(outcome, out.code, detail));
  return out;
}

Answer broken(std::string code, std::string message) {
  return host_answer(Outcome::kFailed, FailureClass::kInternal, std::move(code), std::move(message));
}

// The member that a document of this operation and outcome must hold a list in; empty: any JSON document.
std::string_view list_in_output(Op op, Outcome outcome) {
  if (outcome == Outcome::kDrifted) return "drift";
  if (op == Op::kPlan) return "actions";
  return op == Op::kValidate ? "problems" : "";
}

bool has_output(Outcome outcome) {
  return outcome == Outcome::kDone || outcome == Outcome::kAlreadyDone || outcome == Outcome::kDrifted;
}

bool needs_output(Op op, Outcome outcome) { return op == Op::kRun || !list_in_output(op, outcome).empty(); }

std::optional<Answer> output_fault(const Invocation& invocation, Outcome outcome, const Spoken& spoken) {
  const auto operation = std::string(word(invocation.op));
  if (spoken.output_too_large)
    return broken("host.output_too_large",
                  "The output of " + operation + " is larger than " + std::to_string(kMaxOutput) + " bytes.");
  if (!spoken.output) {
    if (!needs_output(invocation.op, outcome)) return std::nullopt;
    return broken("host.bad_output",
                  "The engine ended " + operation + " with " + std::string(word(outcome)) + " but set no output.");
  }
  const auto document = base::parse_json(*spoken.output, kMaxOutput);
  if (!document)
    return broken("host.bad_output", "The output of " + operation + " is not accepted: " + document.error().message);
  const auto list = list_in_output(invocation.op, outcome);
  if (list.empty()) return std::nullopt;
  const auto* object = document->if_object();
  const auto* found = object ? object->if_contains(list) : nullptr;
  if (found && found->is_array()) return std::nullopt;
  return broken("host.bad_output", "The output of " + operation + " is expected to be an object with the list \"" +
                                       std::string(list) + "\".");
}

bool is_answer_to(Op op, Outcome outcome) {
  if (outcome == Outcome::kDrifted) return op == Op::kVerify;
  if (outcome == Outcome::kSkipped) return op == Op::kRun;
  return true;
}

}  // namespace

Answer host_answer(Outcome outcome, FailureClass cause, std::string code, std::string message) {
  return {outcome, {}, model::Failure{cause, std::move(code), std::move(message), {}, {}}, base::Millis{0}};
}

Answer judge(const Invocation& invocation, Spoken spoken) {
  const auto operation = std::string(word(invocation.op));
  if (spoken.threw)
    return broken("host.plugin_threw",
                  "The engine threw an exception out of " + operation + "; its author has to catch it.");
  const auto outcome = outcome_of(spoken.outcome);
  if (!outcome)
    return broken("host.bad_outcome", "The engine ended " + operation + " with the unknown outcome " +
                                          std::to_string(spoken.outcome) + ".");
  if (spoken.past_deadline && !has_output(*outcome) && !(spoken.cancel_asked && *outcome == Outcome::kCancelled))
    return host_answer(Outcome::kRetry, FailureClass::kTimeout, "host.deadline",
                       "The call took longer than its limit of " + std::to_string(invocation.timeout.count()) + " ms.");
  if (spoken.checkpoint_too_large)
    return broken("host.checkpoint_too_large",
                  "The engine tried to save a checkpoint larger than " + std::to_string(kMaxCheckpoint) + " bytes.");
  if (!is_answer_to(invocation.op, *outcome))
    return broken("host.bad_outcome", "The engine ended " + operation + " with " + std::string(word(*outcome)) +
                                          ", which is no answer to it.");

  Answer out;
  out.outcome = *outcome;
  if (has_output(*outcome)) {
    if (auto fault = output_fault(invocation, *outcome, spoken)) return std::move(*fault);
    out.output = std::move(spoken.output).value_or("");
    return out;
  }
  if (spoken.error) out.failure = failure_of(*outcome, *spoken.error);
  out.retry_after = spoken.retry_after;
  return out;
}

}  // namespace tenantry::engine
