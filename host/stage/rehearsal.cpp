#include "stage/rehearsal.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/text.hpp"
#include "model/slice.hpp"

namespace tenantry::stage {
namespace {

using model::Op;
using model::Outcome;

constexpr int kMostAttempts = 60;
constexpr base::Millis kShortestPause{5};
constexpr base::Millis kLongestPause{2'000};

// Bytes that need not be text.
std::string to_hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += "0123456789abcdef"[byte >> 4U];
    out += "0123456789abcdef"[byte & 15U];
  }
  return out;
}
std::string from_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) out += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  return out;
}
std::string_view view(const json::value& text) { return {text.get_string().data(), text.get_string().size()}; }

}  // namespace

Rehearsal::Rehearsal(std::shared_ptr<const engine::Contract> contract, const Documents& documents, std::string run_id,
                     std::map<std::string, std::string> secrets, std::string name)
    : contract_(std::move(contract)), documents_(documents), name_(std::move(name)), secrets_(std::move(secrets)) {
  auto spec = std::make_shared<model::RunSpec>();
  spec->id = base::RunId(std::move(run_id));
  std::string tenant = "tenant";
  if (const auto* id = base::find_pointer(documents.tenant, "/id"); id != nullptr && id->is_string())
    tenant = std::string(view(*id));
  spec->tenant = base::TenantId(tenant);
  spec->manifest = contract_->manifest();
  spec->request = json::serialize(documents.request);
  spec->tenant_document = json::serialize(documents.tenant);
  spec->server_document = json::serialize(documents.server);
  run_.spec = std::move(spec);
  run_.steps.resize(manifest().steps.size());
  outcomes_.resize(run_.steps.size());
  cleared_.resize(run_.steps.size());
}

engine::Invocation Rehearsal::ask(Op op, std::size_t step) const {
  const auto& spec = manifest().steps[step];
  const auto& state = run_.steps[step];
  engine::Invocation out;
  out.op = op;
  out.step = spec.id;
  out.run_id = run_id();
  out.tenant_id = run_.spec->tenant.value;
  out.idempotency_key = run_id() + "." + spec.id;
  out.attempt = static_cast<std::uint32_t>(state.attempt + 1);
  out.max_attempts = static_cast<std::uint32_t>(spec.retry.attempts);
  out.input = *model::slice(run_, step);
  if (op != Op::kRun && state.output) out.output = *state.output;
  if (state.checkpoint) out.checkpoint = *state.checkpoint;
  out.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  out.timeout = spec.timeout;
  return out;
}

engine::Invocation Rehearsal::ask_validate() const {
  engine::Invocation out;
  out.op = Op::kValidate;
  out.run_id = run_id();
  out.tenant_id = run_.spec->tenant.value;
  out.idempotency_key = run_id() + ".validate";
  out.input = run_.spec->request;
  out.timeout = base::Millis{5'000};
  return out;
}

Listener::Secrets Rehearsal::secrets_of(const engine::Invocation& invocation) const {
  const auto step = manifest().find(invocation.step);
  return {secrets_, step ? manifest().steps[*step].secrets : std::vector<std::string>()};
}

Heard Rehearsal::call(const Subject& subject, const engine::Invocation& invocation, const Conditions& conditions) {
  auto heard = subject.call(invocation, conditions, secrets_of(invocation),
                            [&](std::string_view kind, std::string_view secret, std::string_view bytes) {
                              if (kind != "secret") return;
                              subject.wire().keep({{"of", name_}, {"secret", secret}, {"bytes", to_hex(bytes)}});
                            });
  for (const auto& [secret, value] : heard.put_secrets) secrets_[secret] = value;
  return heard;
}

Heard Rehearsal::attempt(const Subject& subject, Op op, std::size_t step, const Conditions& conditions) {
  const auto invocation = ask(op, step);
  auto& wire = subject.wire();
  wire.keep({{"of", name_}, {"step", step}, {"attempt", invocation.attempt}});
  auto heard = subject.call(invocation, conditions, secrets_of(invocation),
                            [&](std::string_view kind, std::string_view secret, std::string_view bytes) {
                              json::object kept{{"of", name_}, {"bytes", to_hex(bytes)}};
                              if (kind == "secret")
                                kept["secret"] = secret;
                              else
                                kept["step"] = step, kept["checkpoint"] = true;
                              wire.keep(kept);
                            });
  auto& state = run_.steps[step];
  state.attempt += 1;
  for (const auto& [secret, value] : heard.put_secrets) secrets_[secret] = value;
  if (!heard.checkpoints.empty()) state.checkpoint = std::make_shared<const std::string>(heard.checkpoints.back());
  if (op == Op::kRun) {
    json::object kept{{"of", name_}, {"step", step}, {"outcome", static_cast<int>(heard.answer.outcome)}};
    if (succeeded(heard.answer.outcome)) kept["output"] = heard.answer.output;
    wire.keep(kept);
    learn(kept);
  }
  return heard;
}

Heard Rehearsal::settle(const Subject& subject, Op op, std::size_t step, const Conditions& conditions) {
  for (int left = kMostAttempts;; --left) {
    auto heard = attempt(subject, op, step, conditions);
    const auto outcome = heard.answer.outcome;
    const bool again = outcome == Outcome::kWait || outcome == Outcome::kRetry;
    const bool exhausted =
        outcome == Outcome::kRetry && run_.steps[step].attempt >= std::max(20, manifest().steps[step].retry.attempts);
    if (!again || exhausted || left <= 0 || !heard.breaches.empty()) return heard;
    std::this_thread::sleep_for(std::clamp(heard.answer.retry_after, kShortestPause, kLongestPause));
  }
}

void Rehearsal::learn(const json::value& kept) {
  const auto& object = kept.as_object();
  if (view(object.at("of")) != name_) return;
  if (const auto* secret = object.if_contains("secret")) {
    secrets_[std::string(view(*secret))] = from_hex(view(object.at("bytes")));
    return;
  }
  auto& state = run_.steps[object.at("step").to_number<std::size_t>()];
  if (const auto* number = object.if_contains("attempt")) state.attempt = number->to_number<int>();
  if (object.contains("checkpoint"))
    state.checkpoint = std::make_shared<const std::string>(from_hex(view(object.at("bytes"))));
  if (const auto* outcome = object.if_contains("outcome"))
    outcomes_[object.at("step").to_number<std::size_t>()] = static_cast<Outcome>(outcome->to_number<int>());
  if (const auto* output = object.if_contains("output")) {
    state.output = output->get_string().empty() ? nullptr : std::make_shared<const std::string>(view(*output));
    auto& cleared = cleared_[object.at("step").to_number<std::size_t>()];
    if (state.checkpoint) cleared = std::exchange(state.checkpoint, nullptr);
  }
}

void Rehearsal::lose_answer(std::size_t step) { run_.steps[step].checkpoint = cleared_[step]; }

void Rehearsal::forget(std::size_t step) {
  run_.steps[step] = {};
  outcomes_[step].reset();
}

Rehearsal Rehearsal::again(std::string run_id) const {
  Rehearsal out(contract_, documents_, std::move(run_id), secrets_, name_);
  return out;
}

std::string Rehearsal::output_fault(std::size_t step, const Heard& heard) const {
  if (heard.answer.output.empty()) return {};
  const auto fault = contract_->check_output(step, heard.answer.output);
  return fault ? fault->message : std::string();
}

bool succeeded(Outcome outcome) {
  return outcome == Outcome::kDone || outcome == Outcome::kAlreadyDone || outcome == Outcome::kSkipped;
}

std::string words(const Heard& heard) {
  std::string out(model::word(heard.answer.outcome));
  if (!heard.answer.failure) return out;
  return out + " (" + heard.answer.failure->code + ": " + base::shorten(heard.answer.failure->message, 300) + ")";
}

}  // namespace tenantry::stage
