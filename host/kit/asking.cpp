// Checks 10, 20, 22 and 24: what an engine says to what no right host would ask, and to hosts of another version.
#include <tenantry/abi.h>

#include <algorithm>

#include "base/text.hpp"
#include "kit/broken_input.hpp"
#include "kit/checks.hpp"

namespace tenantry::kit {
namespace {

using model::Op;
using model::Outcome;
using stage::Heard;
using stage::Subject;

constexpr const char* kFixInput =
    "Check every input before using it and end FAILED (the SDK does); only what may pass by itself is RETRY or WAIT.";

void judge_broken(Verdict& found, const std::string& where, const BrokenInput& broken, const Heard& heard) {
  if (broken.how == BrokenInput::How::kOdd) {
    if (heard.threw || heard.outcome < TENANTRY_DONE || heard.outcome > TENANTRY_UNSUPPORTED)
      found.fail(where + ": expected an outcome, found " + stage::words(heard) + ".", kFixInput);
    return;
  }
  if (!keeps_contract(found, where, heard)) return;
  const auto outcome = heard.answer.outcome;
  const bool refused = outcome == Outcome::kFailed || outcome == Outcome::kUnsupported;
  const bool ignored = stage::succeeded(outcome) && broken.how == BrokenInput::How::kWrongShape;
  if (!refused && !ignored)
    found.fail(where + ": expected failed, found " + base::shorten(stage::words(heard), 200) + ".", kFixInput);
}

// The last input before the process died.
void name_the_input(Verdict& verdict, const stage::Ending& ending) {
  if (ending.kind == stage::Ending::Kind::kReturned) return;
  for (auto kept = ending.kept.rbegin(); kept != ending.kept.rend(); ++kept)
    if (const auto* input = kept->as_object().if_contains("input"))
      return verdict.fail("That was with an input " + json::value_to<std::string>(*input) + ".", kFixInput);
}

void break_step(Exam& exam, Verdict& verdict, Tenant& tenant, std::size_t step) {
  const auto ending = exam.in_process(verdict, [&](Subject& subject, Verdict& found) {
    if (!run_steps(found, subject, tenant, 0, step)) return;
    const auto& spec = exam.manifest().steps[step];
    const auto right = tenant.rehearsal.ask(Op::kRun, step);
    std::vector<std::string> addresses;  // where a server is, and what the engine itself said that it made
    for (const auto& source : spec.input)
      if (!source.from.starts_with("/request") && !source.from.starts_with("/tenant")) addresses.push_back(source.name);
    for (const auto& broken : broken_inputs(right.input, exam.random(), addresses)) {
      auto asked = right;
      asked.input = broken.text;
      subject.wire().keep({{"input", base::to_utf8(broken.what)}});
      judge_broken(found, "Step " + spec.id + " with an input " + broken.what, broken,
                   tenant.rehearsal.call(subject, asked));
      if (found.findings.size() >= 3) return;
    }
    const BrokenInput nonsense{"nonsense", "that is nonsense", BrokenInput::How::kWrongShape};
    for (const char* which : {"a checkpoint", "an output"}) {
      auto asked = right;
      (std::string_view(which) == "a checkpoint" ? asked.checkpoint : asked.output) = "\x01nonsense";
      for (const auto op : {Op::kRun, Op::kUndo, Op::kVerify}) {
        if ((op == Op::kUndo && !spec.has_undo) || (op == Op::kVerify && !spec.has_verify)) continue;
        if (op == Op::kRun && std::string_view(which) == "an output") continue;
        asked.op = op;
        subject.wire().keep({{"input", std::string("of nonsense for ") + which}});
        const auto heard = tenant.rehearsal.call(subject, asked);
        if (heard.answer.outcome == Outcome::kDrifted) continue;
        judge_broken(found, "Step " + spec.id + " with nonsense for " + which, nonsense, heard);
      }
    }
  });
  name_the_input(verdict, ending);
}

void break_validate(Exam& exam, Verdict& verdict) {
  const auto ending = exam.in_process(verdict, [&](Subject& subject, Verdict& found) {
    auto rehearsal = exam.bystander();
    const auto right = rehearsal.ask_validate();
    for (const auto& broken : broken_inputs(right.input, exam.random())) {
      auto asked = right;
      asked.input = broken.text;
      subject.wire().keep({{"input", base::to_utf8(broken.what)}});
      auto heard = rehearsal.call(subject, asked);
      if (heard.answer.outcome == Outcome::kUnsupported) return;
      const auto answer = base::parse_json(heard.answer.output.empty() ? "null" : heard.answer.output);
      const auto* problems = answer.has_value() ? base::find_pointer(*answer, "/problems") : nullptr;
      const bool told = problems != nullptr && problems->is_array() && !problems->get_array().empty();
      if (told) heard.answer.outcome = Outcome::kFailed;  // an answer that refuses
      judge_broken(found, "VALIDATE of a request " + broken.what, broken, heard);
      if (found.findings.size() >= 3) return;
    }
  });
  name_the_input(verdict, ending);
}

// The step without its world: only what is certainly no input.
void break_blindly(Exam& exam, Verdict& verdict) {
  exam.in_process(verdict, [&](Subject& subject, Verdict& found) {
    auto rehearsal = exam.bystander();
    for (std::size_t step = 0; step < rehearsal.steps(); ++step)
      for (const auto& broken : broken_inputs("{}", exam.random())) {
        if (broken.how != BrokenInput::How::kNoObject) continue;
        auto asked = rehearsal.ask(Op::kRun, step);
        asked.input = broken.text;
        judge_broken(found, "Step " + asked.step + " with an input " + broken.what, broken,
                     rehearsal.call(subject, asked));
        if (found.findings.size() >= 3) return;
      }
  });
}

}  // namespace

void check_malformed_input(Exam& exam, Verdict& verdict) {
  if (!exam.candidate().example.is_null() || exam.candidate().fixture != nullptr) break_validate(exam, verdict);
  if (exam.candidate().fixture == nullptr) {
    verdict.reason = "without a fixture: no inputs that are nearly right";
    return break_blindly(exam, verdict);
  }
  for (std::size_t step = 0; step < exam.manifest().steps.size(); ++step) {
    auto tenant = exam.tenant();
    break_step(exam, verdict, tenant, step);
  }
}

void check_unsupported(Exam& exam, Verdict& verdict) {
  exam.in_process(verdict, [&](Subject& subject, Verdict& found) {
    auto rehearsal = exam.bystander();
    const auto expect = [&](const std::string& where, const engine::Invocation& asked,
                            std::optional<std::int32_t> op = {}) {
      stage::Conditions conditions;
      conditions.op = op;
      const auto heard = rehearsal.call(subject, asked, conditions);
      if (heard.outcome != TENANTRY_UNSUPPORTED)
        found.fail(where + ": expected unsupported, found " + stage::words(heard) + ".",
                   "Answer TENANTRY_UNSUPPORTED to every step and operation that the manifest does not list.");
    };
    for (std::size_t i = 0; i < rehearsal.steps(); ++i) {
      const auto& spec = exam.manifest().steps[i];
      const auto name = "Step " + spec.id + ", ";
      for (const std::int32_t op : {0, 6, 99, -1, 2'000'000'000})
        expect(name + "operation " + std::to_string(op), rehearsal.ask(Op::kRun, i), op);
      if (!spec.has_undo) expect(name + "UNDO, which it does not declare", rehearsal.ask(Op::kUndo, i));
      if (!spec.has_verify) expect(name + "VERIFY, which it does not declare", rehearsal.ask(Op::kVerify, i));
      if (!spec.has_plan) expect(name + "PLAN, which it does not declare", rehearsal.ask(Op::kPlan, i));
    }
    for (const char* step : {"no_such_step", "", "x"}) {
      auto asked = rehearsal.ask(Op::kRun, 0);
      asked.step = step;
      expect("Unknown step \"" + std::string(step) + "\"", asked);
    }
    auto longer = rehearsal.ask(Op::kRun, 0);
    longer.step += "x";
    expect("Unknown step \"" + longer.step + "\"", longer);
    auto shorter = rehearsal.ask(Op::kRun, 0);
    shorter.step.pop_back();
    if (!exam.manifest().find(shorter.step)) expect("Unknown step \"" + shorter.step + "\"", shorter);
  });
}

void check_reopen(Exam& exam, Verdict& verdict) {
  const auto settings = exam.settings();
  exam.in_process(
      verdict,
      [&](Subject& subject, Verdict& found) {
        const auto open = [&](const std::string& when) {
          const auto opened = subject.open_another(settings);
          if (opened.threw || opened.engine == nullptr)
            found.fail("open() " + when + ": expected an engine, found " +
                           (opened.threw            ? "an exception"
                            : opened.errors.empty() ? "none"
                                                    : "\"" + opened.errors[0] + '"') +
                           ".",
                       "An engine may be opened as often as a host likes, also twice at once.");
          return opened.engine;
        };
        for (const char* when : {"for the first time", "after it was closed", "after it was closed twice"})
          if (auto* engine = open(when)) subject.close(engine);
        auto* one = open("twice at once");
        auto* two = open("twice at once");
        if (one != nullptr && one == two)
          found.fail("open() twice at once: expected two engines, found the same one twice.",
                     "Allocate what open() returns; close() of the one must not end the other.");
        if (one != nullptr) subject.close(one);
        if (two != nullptr && two != one) subject.close(two);
        for (const char* bad : {"", "nonsense", "[]", "7", "{\"\":", "\xff"}) {
          const auto opened = subject.open_another(bad);
          if (opened.engine != nullptr) subject.close(opened.engine);
          const auto where = "open() with the settings " + base::to_utf8(bad);
          if (opened.threw)
            found.fail(where + ": expected a refusal, found an exception.", "Catch everything in open().");
          else if (opened.engine == nullptr && (opened.errors.empty() || opened.errors[0].empty()))
            found.fail(where + ": expected a reason when it is refused, found none.",
                       "Call error once before returning NULL.");
          else if (opened.engine == nullptr && !base::is_utf8(opened.errors[0]))
            found.fail(where + ": expected a reason in UTF-8, found other bytes.",
                       "Clean the text before it is handed over.");
        }
        if (found.ok())
          if (auto* engine = open("after refusals")) subject.close(engine);
      },
      Exam::Opened::kNo);
}

void check_other_hosts(Exam& exam, Verdict& verdict) {
  stage::Conditions later;
  later.later = true;
  auto tenant = exam.tenant();
  exam.in_process(verdict, [&](Subject& subject, Verdict& found) {
    for (std::size_t i = 0; i < tenant.rehearsal.steps(); ++i) {
      Verdict inner;
      if (run_step(inner, subject, tenant, i, later)) continue;
      for (const auto& finding : inner.findings)
        found.fail("On a host of a later minor version: " + finding.message,
                   "Compare versions by TENANTRY_HAS only, and accept a table that is longer than the one known.");
      return;
    }
  });
  stage::Conditions bare;
  bare.bare = true;
  auto other = exam.tenant();
  exam.in_process(verdict, [&](Subject& subject, Verdict& found) {
    for (std::size_t i = 0; i < other.rehearsal.steps(); ++i) {
      const auto heard = other.rehearsal.settle(subject, Op::kRun, i, bare);
      if (!keeps_contract(found, name_of(other, i) + " on a host without extensions", heard)) return;
      if (heard.answer.outcome == Outcome::kFailed && heard.answer.failure && !heard.answer.failure->message.empty())
        return;
      if (stage::succeeded(heard.answer.outcome)) continue;
      return found.fail(name_of(other, i) +
                            " on a host without extensions: expected that it works or fails with a reason, found " +
                            stage::words(heard) + ".",
                        "get_extension() and traceparent may be missing: test for NULL and do without, or end FAILED.");
    }
  });
}

}  // namespace tenantry::kit
