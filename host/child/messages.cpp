#include "child/messages.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"
#include "engine/answer.hpp"
#include "engine/limits.hpp"

namespace tenantry::child {
namespace {

using engine::Answer;
using engine::Invocation;
using model::Outcome;

constexpr std::size_t kHead = sizeof(std::uint32_t) + sizeof(Kind) + sizeof(std::uint64_t);
constexpr std::uint64_t kLongest = std::uint64_t{1} << 40U;  // milliseconds

std::string repaired(std::string_view text, std::size_t most) {
  return base::shorten(base::to_utf8(text.substr(0, most + 1)), most);
}

std::uint64_t count(base::Millis time) { return static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0)); }
base::Millis millis(std::uint64_t number) {
  return base::Millis{static_cast<std::int64_t>(std::min(number, kLongest))};
}

model::Failure read_failure(BodyReader& body) {
  model::Failure out;
  const auto cause = body.number();
  out.cause =
      cause < model::kFailureClasses.size() ? static_cast<model::FailureClass>(cause) : model::FailureClass::kInternal;
  out.code = repaired(body.text(), engine::kMaxErrorCode);
  out.message = repaired(body.text(), engine::kMaxErrorMessage);
  out.next_action = repaired(body.text(), engine::kMaxErrorMessage);
  const auto detail = body.text();
  if (const auto parsed = base::parse_json(detail, engine::kMaxDetail); parsed.has_value() && parsed->is_object())
    out.detail = detail;
  return out;
}

}  // namespace

std::string encode_call(std::uint64_t number, const Invocation& call) {
  const auto room = call.step.size() + call.run_id.size() + call.tenant_id.size() + call.idempotency_key.size() +
                    call.input.size() + call.output.size() + call.checkpoint.size() + call.traceparent.size();
  return FrameWriter(Kind::kCall, number, room + 128)
      .number(count(call.timeout))
      .number(static_cast<std::uint64_t>(call.op))
      .text(call.step)
      .text(call.run_id)
      .text(call.tenant_id)
      .text(call.idempotency_key)
      .number(call.attempt)
      .number(call.max_attempts)
      .text(call.input)
      .text(call.output)
      .text(call.checkpoint)
      .text(call.traceparent)
      .take();
}

void set_timeout(std::string& call_frame, base::Millis timeout) {
  const auto value = count(timeout);
  std::memcpy(call_frame.data() + kHead, &value, sizeof value);
}

std::optional<Invocation> decode_call(std::string_view body) {
  BodyReader reader(body);
  Invocation call;
  call.timeout = millis(reader.number());
  call.op = static_cast<model::Op>(reader.number());
  call.step = reader.text();
  call.run_id = reader.text();
  call.tenant_id = reader.text();
  call.idempotency_key = reader.text();
  call.attempt = static_cast<std::uint32_t>(reader.number());
  call.max_attempts = static_cast<std::uint32_t>(reader.number());
  call.input = reader.text();
  call.output = reader.text();
  call.checkpoint = reader.text();
  call.traceparent = reader.text();
  if (!reader.is_whole()) return std::nullopt;
  return call;
}

std::string encode_answer(std::uint64_t number, const Answer& answer) {
  FrameWriter frame(Kind::kFinished, number, answer.output.size() + 128);
  frame.number(static_cast<std::uint64_t>(answer.outcome)).number(count(answer.retry_after)).text(answer.output);
  frame.number(answer.failure ? 1 : 0);
  if (answer.failure)
    frame.number(static_cast<std::uint64_t>(answer.failure->cause))
        .text(answer.failure->code)
        .text(answer.failure->message)
        .text(answer.failure->next_action)
        .text(answer.failure->detail);
  return frame.take();
}

std::optional<Answer> decode_answer(std::string_view body, model::Op op) {
  BodyReader reader(body);
  const auto outcome = reader.number();
  Answer answer;
  answer.retry_after = millis(reader.number());
  const auto output = reader.text();
  const auto has_failure = reader.number();
  if (has_failure == 1) answer.failure = read_failure(reader);
  if (!reader.is_whole() || has_failure > 1 || outcome >= static_cast<std::uint64_t>(Outcome::kLost))
    return std::nullopt;
  answer.outcome = static_cast<Outcome>(outcome);

  // The numbers of outcomes in the contract begin with one.
  engine::Spoken spoken;
  spoken.outcome = static_cast<std::int32_t>(outcome) + 1;
  spoken.output_too_large = output.size() > engine::kMaxOutput;
  if (!output.empty() && !spoken.output_too_large) spoken.output = std::string(output);
  Invocation asked;
  asked.op = op;
  auto judged = engine::judge(asked, std::move(spoken));
  const bool good = answer.outcome == Outcome::kDone || answer.outcome == Outcome::kAlreadyDone ||
                    answer.outcome == Outcome::kDrifted;
  return good || judged.outcome != answer.outcome ? judged : answer;
}

}  // namespace tenantry::child
