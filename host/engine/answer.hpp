// From what an engine said during a call to what the host makes of it. The same for every runtime.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "engine/runtime.hpp"

namespace tenantry::engine {

// What was said, within the limits of limits.hpp but otherwise as it came.
struct Spoken {
  struct Error {
    std::string code;
    std::string message;
    std::string detail;
  };

  std::int32_t outcome = 0;  // the return value of invoke()
  bool threw = false;        // it did not return, something was thrown out of it
  std::optional<std::string> output;
  bool output_too_large = false;
  bool checkpoint_too_large = false;
  std::optional<Error> error;
  base::Millis retry_after{0};
  bool cancel_asked = false;   // by a caller, not by the deadline
  bool past_deadline = false;  // it returned after the deadline
};

// Never trusts anything: unknown outcomes, missing, broken or oversized outputs and answers that the operation does not
// know become FAILED with a host.* code. After the deadline a failure is RETRY host.deadline, unless the call was
// cancelled and says so; a success stays one: what is done is done, and doing it again would only look it up.
//
// The cause of a failure is the member "class" of the error's detail if that is a word of model::kFailureClasses, else
// the last part of its code if that is one ("erpnext.rate_limited"), else what the outcome suggests. The member
// "next_action" of the detail becomes Failure::next_action.
[[nodiscard]] Answer judge(const Invocation& invocation, Spoken spoken);

// An answer of the host itself.
[[nodiscard]] Answer host_answer(model::Outcome outcome, model::FailureClass cause, std::string code,
                                 std::string message);

}  // namespace tenantry::engine
