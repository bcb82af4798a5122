// Calls and answers as the bodies of frames.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "child/frames.hpp"
#include "engine/runtime.hpp"

namespace tenantry::child {

// The whole frame. Its time limit can be set again later, since it counts from when the process gets it.
[[nodiscard]] std::string encode_call(std::uint64_t number, const engine::Invocation& call);
void set_timeout(std::string& call_frame, base::Millis timeout);
[[nodiscard]] std::optional<engine::Invocation> decode_call(std::string_view body);

[[nodiscard]] std::string encode_answer(std::uint64_t number, const engine::Answer& answer);
// Trusts nothing: what is not an answer at all is nullopt; what is no answer to `op`, too large or no JSON becomes
// FAILED as in engine/answer.hpp; texts are repaired and cut.
[[nodiscard]] std::optional<engine::Answer> decode_answer(std::string_view body, model::Op op);

}  // namespace tenantry::child
