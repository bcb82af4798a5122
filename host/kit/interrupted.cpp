// Checks 11 to 16: calls that are cancelled, late, killed, refused a checkpoint, and what becomes of secrets.
#include <tenantry/abi.h>

#include <algorithm>

#include <set>

#include "base/mask.hpp"
#include "base/text.hpp"
#include "kit/checks.hpp"

namespace tenantry::kit {
namespace {

using model::Op;
using model::Outcome;
using stage::Conditions;
using stage::Heard;
using stage::Subject;

constexpr base::Millis kPromptly{2'000};
constexpr base::Millis kMargin{1'000};
constexpr std::size_t kMostDeaths = 6;  // in callbacks of a step
constexpr int kMostLasting = 4;         // after callbacks that last
constexpr int kByTheClock = 2;

constexpr const char* kFixPromptly =
    "Wait with sleep_ms(), put cancel_fd() into every poll, and ask is_cancelled() in loops (SDK: Context::sleep, "
    "run_program and http::Client do).";

std::vector<Op> operations(const model::StepSpec& step) {
  std::vector<Op> out;
  if (step.has_verify) out.push_back(Op::kVerify);
  if (step.has_plan) out.push_back(Op::kPlan);
  if (step.has_undo) out.push_back(Op::kUndo);
  return out;
}

std::string upper(std::string_view word) {
  std::string out(word);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return static_cast<char>(c - ('a' <= c && c <= 'z' ? 32 : 0)); });
  return out;
}

// One call that has to end soon.
bool ends_promptly(Verdict& found, const Subject& subject, Tenant& tenant, Op op, std::size_t step,
                   Conditions conditions, const std::string& when) {
  conditions.limit = kPromptly + kMargin + conditions.cancel_after.value_or(base::Millis{0});
  if (conditions.cancel_at != 0) conditions.limit = subject.limit();
  const auto heard = tenant.rehearsal.attempt(subject, op, step, conditions);
  const auto where = name_of(tenant, step) + ", " + upper(model::word(op)) + " " + when;
  if (!keeps_contract(found, where, heard)) return false;
  if (heard.after_cancel > kPromptly) {
    found.fail(
        where + ": expected that it returns within 2 s, found " + std::to_string(heard.after_cancel.count()) + " ms.",
        kFixPromptly);
    return false;
  }
  if (heard.outcome == TENANTRY_FAILED || heard.outcome == TENANTRY_UNSUPPORTED) {
    found.fail(where + ": expected cancelled, found " + stage::words(heard) + ".",
               "A call that stops because it is asked to ends CANCELLED: failed would need a person.");
    return false;
  }
  return true;
}

// A call that does not return is ended, and the other steps are still looked at.
void each_step_promptly(Exam& exam, Verdict& verdict, const std::vector<std::pair<std::string, Conditions>>& ways) {
  for (std::size_t step = 0; step < exam.manifest().steps.size(); ++step) {
    auto tenant = exam.tenant();
    const auto ending = exam.in_process(verdict, [&](Subject& subject, Verdict& found) {
      if (!run_steps(found, subject, tenant, 0, step)) return;
      for (const auto& [when, conditions] : ways)
        if (!ends_promptly(found, subject, tenant, Op::kRun, step, conditions, when)) return;
      if (!run_step(found, subject, tenant, step)) return;
      for (const auto op : operations(exam.manifest().steps[step]))
        if (!ends_promptly(found, subject, tenant, op, step, ways.front().second, ways.front().first)) return;
    });
    if (ending.kind == stage::Ending::Kind::kHung) return;
  }
}

struct Death {
  std::string when;
  Conditions conditions;
};

// When the process of a step dies: in its callbacks, all if they are few, else the first, the last and some others;
// after those that last; between effect and answer; and anywhere else by the clock.
std::vector<Death> deaths(const std::vector<std::string>& callbacks, std::int64_t took, std::mt19937_64& random) {
  const auto count = static_cast<int>(callbacks.size());
  std::set<int> chosen;
  if (callbacks.size() <= kMostDeaths) {
    for (int i = 1; i <= count; ++i) chosen.insert(i);
  } else {
    chosen.insert({1, count});
    while (chosen.size() < kMostDeaths) chosen.insert(1 + static_cast<int>(random() % callbacks.size()));
  }
  std::vector<Death> out;
  for (const int at : chosen) {
    Death death{"in callback " + std::to_string(at) + " (" + callbacks[static_cast<std::size_t>(at - 1)] + ")", {}};
    death.conditions.die_at = at;
    out.push_back(std::move(death));
  }
  for (int at = 1, left = kMostLasting; at <= count && left > 0; ++at) {
    const auto& name = callbacks[static_cast<std::size_t>(at - 1)];
    if (name != "save_checkpoint" && name != "put_secret") continue;
    Death death{"after callback " + std::to_string(at) + " (" + name + ")", {}};
    death.conditions.die_after = at;
    out.push_back(std::move(death));
    --left;
  }
  Death last{"between effect and answer", {}};
  last.conditions.die_at_return = true;
  out.push_back(std::move(last));
  for (int i = 0; i < kByTheClock; ++i) {
    Death any{"in the middle", {}};
    any.conditions.die_in =
        std::chrono::microseconds(random() % static_cast<std::uint64_t>(std::max<std::int64_t>(took, 1)));
    out.push_back(std::move(any));
  }
  return out;
}

struct Reference {
  std::vector<std::vector<std::string>> callbacks;  // of each step's first attempt
  std::vector<std::int64_t> took;                   // of the same, in microseconds
  std::vector<std::string> results;                 // after each step
};

std::optional<Reference> reference_of(Exam& exam, Verdict& verdict) {
  auto tenant = exam.tenant();
  exam.in_process(verdict, [&](Subject& subject, Verdict& found) {
    json::array steps;
    for (std::size_t i = 0; i < tenant.rehearsal.steps(); ++i) {
      const auto heard = tenant.rehearsal.attempt(subject, Op::kRun, i);
      if (!stage::succeeded(heard.answer.outcome) && !run_step(found, subject, tenant, i)) return;
      steps.push_back({{"callbacks", json::value_from(heard.callbacks)},
                       {"took", heard.took.count()},
                       {"result", tenant.result(found)}});
    }
    found.data["reference"] = std::move(steps);
  });
  if (!verdict.ok() || !verdict.data.contains("reference")) return std::nullopt;
  Reference out;
  for (const auto& step : verdict.data.at("reference").as_array()) {
    out.callbacks.push_back(json::value_to<std::vector<std::string>>(step.at("callbacks")));
    out.took.push_back(step.at("took").to_number<std::int64_t>());
    out.results.push_back(json::value_to<std::string>(step.at("result")));
  }
  verdict.data.clear();
  return out;
}

void kill_and_try_again(Exam& exam, Verdict& verdict, std::size_t step, Conditions death, const std::string& when,
                        const std::string& result) {
  auto tenant = exam.tenant();
  const auto ending = exam.to_its_death(verdict, [&](Subject& subject, Verdict& found) {
    if (run_steps(found, subject, tenant, 0, step)) (void)tenant.rehearsal.attempt(subject, Op::kRun, step, death);
  });
  if (!verdict.ok()) return;
  for (const auto& kept : ending.kept) tenant.rehearsal.learn(kept);
  exam.in_process(verdict, [&](Subject& subject, Verdict& found) {
    Verdict inner;
    const auto where = name_of(tenant, step) + ", killed " + when;
    if (!run_step(inner, subject, tenant, step)) {
      for (const auto& finding : inner.findings)
        found.fail(where + ", in the next attempt: " + finding.message,
                   "The next attempt finds everything as the dead one left it: look first, and go on from there.");
      return;
    }
    if (const auto now = tenant.result(found); now != result)
      found.fail(
          where + ": expected that the next attempt comes to the same as an undisturbed one, found that " +
              stage::difference(result, now) + ".",
          "Give what the step makes a name or tag of its own (the idempotency key), look for it before making it, "
          "and write files under another name first.");
  });
}

// UNDO after a RUN that died before it answered, and UNDO that dies itself and is asked again.
void kill_around_undo(Exam& exam, Verdict& verdict, std::size_t step, Op dies, Conditions death,
                      const std::string& when) {
  auto tenant = exam.tenant();
  const auto ending = exam.to_its_death(verdict, [&](Subject& subject, Verdict& found) {
    if (!run_steps(found, subject, tenant, 0, dies == Op::kUndo ? step + 1 : step)) return;
    (void)tenant.rehearsal.attempt(subject, dies, step, death);
  });
  if (!verdict.ok()) return;
  for (const auto& kept : ending.kept) tenant.rehearsal.learn(kept);
  exam.in_process(verdict, [&](Subject& subject, Verdict& found) {
    const auto heard = tenant.rehearsal.settle(subject, Op::kUndo, step);
    const auto where =
        name_of(tenant, step) + ", UNDO after " + (dies == Op::kUndo ? "an UNDO" : "a RUN") + " that died " + when;
    if (keeps_contract(found, where, heard) && heard.answer.outcome != Outcome::kDone &&
        heard.answer.outcome != Outcome::kAlreadyDone)
      found.fail(
          where + ": expected done, found " + stage::words(heard) + ".",
          "UNDO gets the checkpoint, and an output only if RUN answered: look for what is there, and succeed if it "
          "is gone already.");
  });
}

}  // namespace

void check_cancellation(Exam& exam, Verdict& verdict) {
  Conditions before, first, third, soon, later;
  before.cancelled = true;
  first.cancel_at = 1;
  third.cancel_at = 3;
  soon.cancel_after = base::Millis{5};
  later.cancel_after = base::Millis{40};
  each_step_promptly(exam, verdict,
                     {{"cancelled before it starts", before},
                      {"cancelled in its first callback", first},
                      {"cancelled in its third callback", third},
                      {"cancelled after 5 ms", soon},
                      {"cancelled after 40 ms", later}});
}

void check_deadline(Exam& exam, Verdict& verdict) {
  Conditions late;
  late.past_deadline = true;
  each_step_promptly(exam, verdict, {{"with its deadline passed", late}});
}

void check_killed(Exam& exam, Verdict& verdict) {
  const auto reference = reference_of(exam, verdict);
  if (!reference) return;
  int count = 0;
  for (std::size_t step = 0; step < reference->callbacks.size(); ++step) {
    for (const auto& [when, death] : deaths(reference->callbacks[step], reference->took[step], exam.random())) {
      kill_and_try_again(exam, verdict, step, death, when, reference->results[step]);
      ++count;
      if (verdict.findings.size() >= 3) return;
    }
  }
  for (std::size_t step = 0; step < reference->callbacks.size(); ++step) {
    if (!exam.manifest().steps[step].has_undo) continue;
    Conditions first;
    first.die_at = 1;
    Conditions last;
    last.die_at_return = true;
    kill_around_undo(exam, verdict, step, Op::kRun, last, "between effect and answer");
    kill_around_undo(exam, verdict, step, Op::kUndo, first, "in its first callback");
    kill_around_undo(exam, verdict, step, Op::kUndo, last, "between effect and answer");
    count += 3;
    if (verdict.findings.size() >= 3) return;
  }
  verdict.reason = "killed " + std::to_string(count) + " times";
}

void check_checkpoint_refused(Exam& exam, Verdict& verdict) {
  exam.in_process(verdict, [&](Subject& subject, Verdict& found) {
    auto tenant = exam.tenant();
    bool any = false;
    for (std::size_t i = 0; i < tenant.rehearsal.steps(); ++i) {
      std::string world;
      bool refused = false;
      Conditions conditions;
      conditions.refuse_checkpoints = true;
      conditions.at_refusal = [&] {
        refused = true;
        world = tenant.snapshot(found);
      };
      const auto heard = tenant.rehearsal.attempt(subject, Op::kRun, i, conditions);
      const auto where = name_of(tenant, i) + ", when save_checkpoint answers 0";
      constexpr const char* kFix =
          "The lease is lost and somebody else owns the step: return CANCELLED at once (SDK: save() throws Cancelled).";
      if (refused) {
        any = true;
        if (stage::succeeded(heard.answer.outcome) || heard.outcome == TENANTRY_FAILED ||
            heard.outcome == TENANTRY_WAIT)
          found.fail(where + ": expected that it stops with cancelled, found " + stage::words(heard) + ".", kFix);
        if (heard.after_refusal > 0)
          found.fail(where + ": expected that it does nothing more, found " + std::to_string(heard.after_refusal) +
                         " more callbacks with an effect.",
                     kFix);
        if (const auto now = tenant.snapshot(found); now != world)
          found.fail(where + ": expected that nothing changes any more, found " + stage::difference(world, now) + ".",
                     kFix);
      }
      if (!stage::succeeded(heard.answer.outcome) && !run_step(found, subject, tenant, i)) return;
    }
    if (!any && found.ok()) found.skip("no step saved a checkpoint");
  });
}

namespace {

constexpr const char* kSaidNowhere = "that secrets are said nowhere";

// Looks for secrets in all that was said.
class Search {
 public:
  void learn(const std::map<std::string, std::string>& secrets) {
    for (const auto& [name, value] : secrets) {
      if (value.size() < 4 || !known_.emplace(name, value).second) continue;
      masks_.emplace_back(name, std::make_unique<base::Mask>()).second->add(value);
    }
  }
  void look(Verdict& found, const std::string& where, const Heard& heard) const {
    for (const auto& said : heard.said)
      for (const auto& [name, mask] : masks_)
        if (mask->apply(said.text) != said.text)
          found.expected(where, kSaidNowhere, name + " in " + said.where,
                         "Never put a secret into outputs, errors, log lines, notes, events or checkpoints; put_secret "
                         "keeps one.");
    for (const auto& breach : heard.breaches)
      if (breach.starts_with("the secret "))
        found.expected(where, "that it asks for the secrets its manifest lists", breach,
                       "List the secret for the step (SDK: .secrets({...})).");
  }
  void look(Verdict& found, const std::string& where, const std::string& text) const {
    for (const auto& [name, mask] : masks_)
      if (mask->apply(text) != text) found.expected(where, kSaidNowhere, name, "Print no secrets.");
  }

 private:
  std::map<std::string, std::string> known_;
  std::vector<std::pair<std::string, std::unique_ptr<base::Mask>>> masks_;
};

void run_and_search(Verdict& found, const Subject& subject, Tenant& tenant, Search& search) {
  auto& rehearsal = tenant.rehearsal;
  search.look(found, "VALIDATE", rehearsal.call(subject, rehearsal.ask_validate()));
  for (std::size_t i = 0; i < rehearsal.steps(); ++i) {
    const auto heard = rehearsal.settle(subject, Op::kRun, i);
    search.learn(rehearsal.secrets());
    search.look(found, name_of(tenant, i) + ", RUN", heard);
    if (!stage::succeeded(heard.answer.outcome)) return;
    for (const auto op : {Op::kVerify, Op::kPlan}) {
      const auto& spec = rehearsal.manifest().steps[i];
      if (op == Op::kVerify ? spec.has_verify : spec.has_plan)
        search.look(found, name_of(tenant, i) + ", " + upper(model::word(op)), rehearsal.attempt(subject, op, i));
    }
  }
  for (auto i = rehearsal.steps(); i-- > 0;)
    if (rehearsal.manifest().steps[i].has_undo)
      search.look(found, name_of(tenant, i) + ", UNDO", rehearsal.settle(subject, Op::kUndo, i));
}

// The first step that asks for one gets canaries: error messages like to repeat what was wrong.
void run_with_wrong_secrets(Verdict& found, const Subject& subject, Tenant& tenant) {
  auto& rehearsal = tenant.rehearsal;
  const auto right = rehearsal.secrets();
  for (std::size_t i = 0; i < rehearsal.steps(); ++i) {
    for (auto& [name, value] : rehearsal.secrets()) value = "canary-of-" + name + "-4711";
    Search search;
    search.learn(rehearsal.secrets());
    const auto heard = rehearsal.attempt(subject, Op::kRun, i);
    search.look(found, name_of(tenant, i) + " with wrong secrets", heard);
    rehearsal.secrets() = right;
    if (!heard.asked.empty() || !run_step(found, subject, tenant, i)) return;
  }
}

}  // namespace

void check_secrets(Exam& exam, Verdict& verdict) {
  auto tenant = exam.tenant();
  auto other = exam.tenant();
  Search all;
  all.learn(tenant.rehearsal.secrets());
  const auto ending = exam.in_process(verdict, [&](Subject& subject, Verdict& found) {
    Search search;
    search.learn(tenant.rehearsal.secrets());
    run_and_search(found, subject, tenant, search);
    if (!other.rehearsal.secrets().empty()) run_with_wrong_secrets(found, subject, other);
  });
  all.look(verdict, "Standard output", ending.out);
  all.look(verdict, "Standard error", ending.err);
  if (tenant.rehearsal.secrets().empty())
    verdict.reason = "the fixture has no secrets; only their names were looked at";
}

void check_missing_secret(Exam& exam, Verdict& verdict) {
  exam.in_process(verdict, [&](Subject& subject, Verdict& found) {
    auto tenant = exam.tenant();
    auto& rehearsal = tenant.rehearsal;
    bool any = false;
    for (std::size_t i = 0; i < rehearsal.steps(); ++i) {
      const auto right = rehearsal.secrets();
      rehearsal.secrets().clear();
      const auto heard = rehearsal.attempt(subject, Op::kRun, i);
      auto put = rehearsal.secrets();
      rehearsal.secrets() = right;
      rehearsal.secrets().merge(put);
      const auto done = stage::succeeded(heard.answer.outcome);
      any = any || !heard.asked.empty();
      if (!heard.asked.empty() && !done && keeps_contract(found, name_of(tenant, i) + " without secrets", heard)) {
        const auto& failure = heard.answer.failure;
        const auto said = failure ? failure->message + failure->detail : std::string();
        const bool named = std::any_of(heard.asked.begin(), heard.asked.end(), [&](const std::string& name) {
          return said.find(name.substr(name.rfind('.') + 1)) != std::string::npos;
        });
        if (!named || heard.outcome != TENANTRY_FAILED)
          found.fail(
              name_of(tenant, i) + " without the secret " + heard.asked.front() +
                  ": expected failed with an error that names it, found " + stage::words(heard) + ".",
              "When get_secret() answers 0, end FAILED and say which secret is missing (SDK: Context::secret does).");
      }
      if (!done && !run_step(found, subject, tenant, i)) return;
    }
    if (!any && found.ok()) found.skip("no step asks for a secret");
  });
}

}  // namespace tenantry::kit
