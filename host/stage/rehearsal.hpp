// One run of one tenant as a host would carry it out, step by step, with everything a host would have stored: outputs,
// checkpoints, secrets. What it learns in a process that dies reaches the caller through the wire, and learn() takes it
// up there, as a host does after a crash.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/contract.hpp"
#include "model/run.hpp"
#include "stage/subject.hpp"

namespace tenantry::stage {

// The documents that steps read. JSON objects.
struct Documents {
  json::value request;
  json::value tenant;
  json::value server;
};

// Copyable; not thread-safe. The same copy must not be used for two processes at once.
class Rehearsal {
 public:
  Rehearsal(std::shared_ptr<const engine::Contract> contract, const Documents& documents, std::string run_id,
            std::map<std::string, std::string> secrets, std::string name = {});

  [[nodiscard]] const model::Manifest& manifest() const { return *contract_->manifest(); }
  [[nodiscard]] std::size_t steps() const { return run_.steps.size(); }
  [[nodiscard]] const std::string& run_id() const { return run_.spec->id.value; }
  [[nodiscard]] const std::string& name() const { return name_; }  // what the caller calls it
  [[nodiscard]] const std::string* output(std::size_t step) const { return run_.steps[step].output.get(); }
  [[nodiscard]] std::optional<model::Outcome> outcome(std::size_t step) const { return outcomes_[step]; }
  std::map<std::string, std::string>& secrets() { return secrets_; }
  [[nodiscard]] const std::map<std::string, std::string>& secrets() const { return secrets_; }

  // The next call of this operation, as a host would make it.
  [[nodiscard]] engine::Invocation ask(model::Op op, std::size_t step) const;
  [[nodiscard]] engine::Invocation ask_validate() const;

  // Makes one call. What lasts is stored and, through the wire of the subject, told to the caller.
  Heard attempt(const Subject& subject, model::Op op, std::size_t step, const Conditions& conditions = {});
  // One with an order of the caller's own; nothing is stored but secrets.
  Heard call(const Subject& subject, const engine::Invocation& invocation, const Conditions& conditions = {});
  // Again as long as the engine says RETRY or WAIT, a while.
  Heard settle(const Subject& subject, model::Op op, std::size_t step, const Conditions& conditions = {});

  // What another process kept for this rehearsal.
  void learn(const json::value& kept);
  // As if the answer of the step's last RUN had been lost: the checkpoint is there again.
  void lose_answer(std::size_t step);
  // Forgets an output and a checkpoint, as if the step had never run.
  void forget(std::size_t step);
  // The same tenant again, in a run of its own.
  [[nodiscard]] Rehearsal again(std::string run_id) const;

  // What is wrong with a successful answer to RUN or VERIFY: an output that is not as declared; "" if nothing.
  [[nodiscard]] std::string output_fault(std::size_t step, const Heard& heard) const;

 private:
  [[nodiscard]] Listener::Secrets secrets_of(const engine::Invocation& invocation) const;

  std::shared_ptr<const engine::Contract> contract_;
  Documents documents_;
  std::string name_;
  model::Run run_;
  std::vector<std::optional<model::Outcome>> outcomes_;  // of the last RUN that ended
  std::vector<model::SharedText> cleared_;               // checkpoints of steps that succeeded
  std::map<std::string, std::string> secrets_;
};

[[nodiscard]] bool succeeded(model::Outcome outcome);  // done, already_done, skipped

// "FAILED erpnext.conflict: the message" and the like, for a report.
[[nodiscard]] std::string words(const Heard& heard);

}  // namespace tenantry::stage
