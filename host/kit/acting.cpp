// Checks 7 to 9 and 17 to 19: what steps do, do again, do at once, look at, and take back.
#include <algorithm>
#include <barrier>
#include <map>
#include <mutex>
#include <thread>

#include "base/text.hpp"
#include "kit/checks.hpp"

namespace tenantry::kit {
namespace {

using model::Op;
using model::Outcome;
using stage::Subject;

constexpr std::size_t kAtOnce = 8;
constexpr const char* kFixAgain =
    "Look before acting: find what is there by a name or tag of the tenant, and answer ALREADY_DONE with the same "
    "output.";

bool equal_json(const std::string& a, const std::string& b) {
  const auto left = base::parse_json(a.empty() ? "null" : a);
  const auto right = base::parse_json(b.empty() ? "null" : b);
  return left.has_value() && right.has_value() && base::canonical_json(*left) == base::canonical_json(*right);
}

std::string text_or_nothing(const std::string* text) { return text == nullptr ? std::string() : *text; }

enum class Answer { kLost, kKnown };

// Runs every step once more under the same key: because the answer was lost, and then the checkpoint is still there and
// the answer has to be the same; or because a person wants it.
void repeat_same_key(Verdict& found, const Subject& subject, Tenant& tenant, Answer answer, const std::string& when) {
  const auto world = tenant.snapshot(found);
  for (std::size_t i = 0; i < tenant.rehearsal.steps(); ++i) {
    const auto before = text_or_nothing(tenant.rehearsal.output(i));
    const auto outcome = tenant.rehearsal.outcome(i);
    if (answer == Answer::kLost) tenant.rehearsal.lose_answer(i);
    const auto heard = tenant.rehearsal.settle(subject, Op::kRun, i);
    const auto name = name_of(tenant, i) + " " + when;
    if (!keeps_contract(found, name, heard)) continue;
    if (!stage::succeeded(heard.answer.outcome) ||
        (heard.answer.outcome == Outcome::kSkipped) != (outcome == Outcome::kSkipped)) {
      found.fail(name + ": expected done or already_done as before, found " + stage::words(heard) + ".", kFixAgain);
    } else if (answer == Answer::kLost && !equal_json(before, heard.answer.output)) {
      found.fail(
          name + ": expected the same output as before, found that " + stage::difference(before, heard.answer.output) +
              ".",
          "An output describes what is there, not what this attempt did; keep what has to last in a checkpoint.");
    }
  }
  if (const auto after = tenant.snapshot(found); after != world)
    found.fail("Every step " + when + ": expected that nothing changes, found " + stage::difference(world, after) + ".",
               kFixAgain);
}

void run_second_time(Verdict& found, const Subject& subject, Tenant& tenant) {
  const auto world = tenant.snapshot(found);
  auto second = tenant;
  second.rehearsal = tenant.rehearsal.again(tenant.rehearsal.run_id() + "b");
  for (std::size_t i = 0; i < second.rehearsal.steps(); ++i) {
    if (!run_step(found, subject, second, i)) return;
    const auto outcome = *second.rehearsal.outcome(i);
    const auto& expected = second.expected(second.rehearsal.manifest().steps[i].id, &ExpectedOfStep::again);
    const bool usual = outcome == Outcome::kAlreadyDone || outcome == Outcome::kSkipped;
    if (expected.outcomes.empty() ? !usual : !expected.allows(outcome))
      found.fail(name_of(second, i) + " in another run of a finished tenant: expected already_done, found " +
                     std::string(model::word(outcome)) + ".",
                 std::string(kFixAgain) + " If it acts in every run by design, say so in the fixture: steps/" +
                     second.rehearsal.manifest().steps[i].id + "/again/outcome.");
  }
  if (const auto after = tenant.snapshot(found); after != world)
    found.fail("Another run of a finished tenant: expected that nothing changes, found " +
                   stage::difference(world, after) + ".",
               kFixAgain);
}

// One host never runs two steps of the same exclusive name at once.
class Exclusives {
 public:
  explicit Exclusives(const model::Manifest& manifest) {
    for (const auto& step : manifest.steps)
      if (step.exclusive && !step.exclusive->per_tenant) locks_[step.exclusive->name];
  }
  std::unique_lock<std::mutex> enter(const model::StepSpec& step) {
    if (!step.exclusive || step.exclusive->per_tenant) return {};
    return std::unique_lock(locks_.at(step.exclusive->name));
  }

 private:
  std::map<std::string, std::mutex> locks_;
};

// The input of a step before its predecessors have run, as PLAN gets it.
std::string input_with_unknowns(const model::StepSpec& step, const std::string& input) {
  auto document = base::parse_json(input)->as_object();
  for (const auto& source : step.input)
    if (source.from.starts_with("/steps/") && document.at(source.name).is_null())
      document[source.name] = json::object{{"$unknown", true}};
  return json::serialize(document);
}

void look_only(Verdict& found, const Subject& subject, Tenant& tenant, Op op, std::size_t step,
               const std::string& when) {
  auto asked = tenant.rehearsal.ask(op, step);
  if (op == Op::kPlan) asked.input = input_with_unknowns(tenant.rehearsal.manifest().steps[step], asked.input);
  const auto heard = tenant.rehearsal.call(subject, asked);
  const auto name = name_of(tenant, step) + ", " + std::string(op == Op::kPlan ? "PLAN " : "VERIFY ") + when;
  keeps_contract(found, name, heard);
  for (const auto& callback : heard.callbacks)
    if (has_effect(callback))
      found.expected(name, "that it only looks", "a call of " + callback,
                     "PLAN and VERIFY save nothing, put no secrets and emit no events.");
  const auto outcome = heard.answer.outcome;
  if (op == Op::kPlan && !stage::succeeded(outcome))
    found.fail(
        name + ": expected a list of actions, found " + stage::words(heard) + ".",
        "Say what can be said with what is known; an input of {\"$unknown\":true} is an output that does not exist "
        "yet.");
}

}  // namespace

void check_run(Exam& exam, Verdict& verdict) {
  exam.in_process(verdict, [&](Subject& subject, Verdict& found) {
    auto tenant = exam.tenant();
    for (std::size_t i = 0; i < tenant.rehearsal.steps(); ++i) {
      if (!run_step(found, subject, tenant, i)) return;
      const auto& id = tenant.rehearsal.manifest().steps[i].id;
      const auto& expected = tenant.expected(id, &ExpectedOfStep::run);
      if (const auto outcome = *tenant.rehearsal.outcome(i); !expected.allows(outcome))
        found.fail(name_of(tenant, i) + ": expected the outcome the fixture names, found " +
                       std::string(model::word(outcome)) + ".",
                   "Correct steps/" + id + "/run in the fixture, or the step.");
      const auto output = base::parse_json(tenant.rehearsal.output(i) ? *tenant.rehearsal.output(i) : "null");
      if (expected.output && !contains(*output, *expected.output))
        found.fail(name_of(tenant, i) + ": expected an output with " + json::serialize(*expected.output) + ", found " +
                       base::shorten(json::serialize(*output), 300) + ".",
                   "Correct steps/" + id + "/run in the fixture, or the step.");
    }
    found.data["ran"] = true;
  });
}

void check_run_twice(Exam& exam, Verdict& verdict) {
  auto tenant = exam.tenant();
  const auto ending = exam.in_process(verdict, [&](Subject& subject, Verdict& found) {
    auto here = tenant;
    if (!run_steps(found, subject, here, 0, here.rehearsal.steps())) return;
    repeat_same_key(found, subject, here, Answer::kLost, "again after its answer was lost");
    found.data["ran"] = true;
  });
  if (!verdict.data.contains("ran")) return;
  for (const auto& kept : ending.kept) tenant.rehearsal.learn(kept);
  exam.in_process(verdict, [&](Subject& subject, Verdict& found) {
    auto here = tenant;
    repeat_same_key(found, subject, here, Answer::kLost, "again after its answer was lost, in another process");
    repeat_same_key(found, subject, here, Answer::kKnown, "again with the same key");
    run_second_time(found, subject, here);
  });
}

void check_parallel(Exam& exam, Verdict& verdict) {
  exam.in_process(verdict, [&](Subject& subject, Verdict& found) {
    std::vector<Tenant> tenants;
    for (std::size_t i = 0; i < kAtOnce; ++i) tenants.push_back(exam.tenant());
    std::shuffle(tenants.begin(), tenants.end(), exam.random());
    Exclusives exclusives(exam.manifest());
    std::barrier together(static_cast<std::ptrdiff_t>(kAtOnce));
    std::vector<Verdict> verdicts(kAtOnce);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kAtOnce; ++i)
      threads.emplace_back([&, i] {
        for (std::size_t step = 0; step < exam.manifest().steps.size(); ++step) {
          together.arrive_and_wait();
          if (!verdicts[i].ok()) continue;
          const auto alone = exclusives.enter(exam.manifest().steps[step]);
          run_step(verdicts[i], subject, tenants[i], step);
        }
      });
    for (auto& thread : threads) thread.join();
    for (const auto& one : verdicts)
      for (const auto& finding : one.findings)
        found.fail("Eight tenants at once: " + finding.message,
                   "invoke() is called by many threads: guard what the engine "
                   "shares between calls, and keep nothing in statics.");
    if (found.ok())
      for (auto& tenant : tenants)
        repeat_same_key(found, subject, tenant, Answer::kLost, "alone after eight tenants at once");
  });
}

void check_verify(Exam& exam, Verdict& verdict) {
  const auto& steps = exam.manifest().steps;
  if (std::none_of(steps.begin(), steps.end(), [](const auto& step) { return step.has_verify; }))
    return verdict.skip("no step has VERIFY");
  exam.in_process(verdict, [&](Subject& subject, Verdict& found) {
    auto tenant = exam.tenant();
    auto& rehearsal = tenant.rehearsal;
    if (!run_steps(found, subject, tenant, 0, steps.size())) return;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (!steps[i].has_verify || rehearsal.outcome(i) == Outcome::kSkipped) continue;
      const auto name = name_of(tenant, i) + ", VERIFY ";
      const auto heard = rehearsal.attempt(subject, Op::kVerify, i);
      if (!keeps_contract(found, name + "after RUN", heard)) continue;
      if (heard.answer.outcome != Outcome::kDone && heard.answer.outcome != Outcome::kAlreadyDone)
        found.fail(name + "after RUN: expected in sync (done), found " + stage::words(heard) +
                       (heard.answer.output.empty() ? "" : " with " + base::shorten(heard.answer.output, 300)) + ".",
                   "VERIFY compares the world with the step's output; right after RUN they are the same.");
      auto lost = rehearsal.ask(Op::kVerify, i);
      lost.output.clear();
      const auto without = rehearsal.call(subject, lost);
      if (!keeps_contract(found, name + "without an output", without)) continue;
      const auto outcome = without.answer.outcome;
      if (outcome != Outcome::kDone && outcome != Outcome::kAlreadyDone && outcome != Outcome::kDrifted)
        found.fail(name + "without an output: expected done or drifted, found " + stage::words(without) + ".",
                   "The attempt may have died before it answered: say whether its work is complete, or DRIFTED.");
      if (const auto fault = rehearsal.output_fault(i, without); outcome != Outcome::kDrifted && !fault.empty())
        found.expected(name + "without an output", "what RUN would have returned", fault,
                       "Set the same output as RUN, or none.");
    }
    std::vector<std::size_t> undone;
    for (auto i = steps.size(); i-- > 0;) {
      if (!steps[i].has_undo || rehearsal.outcome(i) != Outcome::kDone) continue;
      if (rehearsal.settle(subject, Op::kUndo, i).answer.outcome == Outcome::kDone) undone.push_back(i);
    }
    for (const auto i : undone) {
      if (!steps[i].has_verify) continue;
      const auto heard = rehearsal.attempt(subject, Op::kVerify, i);
      const auto name = name_of(tenant, i) + ", VERIFY after UNDO";
      if (!keeps_contract(found, name, heard)) continue;
      const auto& expected = tenant.expected(steps[i].id, &ExpectedOfStep::after_undo);
      if (expected.outcomes.empty() ? heard.answer.outcome != Outcome::kDrifted
                                    : !expected.allows(heard.answer.outcome))
        found.fail(
            name + ": expected drifted, found " + stage::words(heard) + ".",
            "VERIFY has to look at the world and not at the output alone. If UNDO leaves this by design, say so in "
            "the fixture: steps/" +
                steps[i].id + "/after_undo/outcome.");
    }
  });
}

void check_undo(Exam& exam, Verdict& verdict) {
  const auto& steps = exam.manifest().steps;
  if (std::none_of(steps.begin(), steps.end(), [](const auto& step) { return step.has_undo; }))
    return verdict.skip("no step has UNDO");
  exam.in_process(verdict, [&](Subject& subject, Verdict& found) {
    auto tenant = exam.tenant();
    auto& rehearsal = tenant.rehearsal;
    const auto undo = [&](std::size_t i, const std::string& when) {
      const auto heard = rehearsal.settle(subject, Op::kUndo, i);
      const auto name = name_of(tenant, i) + ", UNDO " + when;
      if (keeps_contract(found, name, heard) && heard.answer.outcome != Outcome::kDone &&
          heard.answer.outcome != Outcome::kAlreadyDone)
        found.fail(name + ": expected done, found " + stage::words(heard) + ".",
                   "UNDO succeeds if there is nothing (more) to take back.");
    };
    const auto unchanged = [&](const std::string& world, const std::string& when) {
      if (const auto now = tenant.snapshot(found); now != world)
        found.fail("UNDO " + when + ": expected that nothing changes, found " + stage::difference(world, now) + ".",
                   "UNDO takes back only what its own step made. If an earlier step makes it by design, say so in the "
                   "fixture: steps/<id>/takes_over.");
    };
    auto neighbour = exam.tenant();
    if (!run_steps(found, subject, neighbour, 0, steps.size())) return;
    const auto files = [&] {
      auto places = tenant.scene.snapshot;
      std::erase_if(places, [](const stage::Place& place) { return place.at.starts_with("http://"); });
      return *stage::look(places) + tenant.result(found);
    };
    const auto empty = files();
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (steps[i].has_undo) {
        const auto world = tenant.snapshot(found);
        undo(i, "with nothing to undo");
        if (!tenant.takes_over(steps[i].id)) unchanged(world, "of step " + steps[i].id + " with nothing to undo");
        rehearsal.forget(i);
      }
      if (!run_step(found, subject, tenant, i)) return;
    }
    std::vector<std::size_t> undone;
    for (auto i = steps.size(); i-- > 0;)
      if (steps[i].has_undo && rehearsal.outcome(i) == Outcome::kDone) undone.push_back(i);
    for (const auto i : undone) undo(i, "after RUN");
    const auto world = tenant.snapshot(found);
    const auto left = files();
    if (!exam.candidate().fixture->leaves_behind() && left != empty)
      found.fail("UNDO of all steps: expected everything as it was before they ran, a neighbour included, found " +
                     stage::difference(empty, left) + ".",
                 "Take back what RUN made. If that cannot be, say \"leaves_behind\": true in the fixture.");
    for (const auto i : undone) undo(i, "for the second time");
    unchanged(world, "for the second time");
    if (!found.ok()) return;
    auto anew = tenant;
    anew.rehearsal = rehearsal.again(rehearsal.run_id() + "c");
    Verdict after;
    if (!run_steps(after, subject, anew, 0, steps.size()))
      for (const auto& finding : after.findings) found.fail("Run anew after UNDO: " + finding.message, finding.fix);
  });
}

void check_read_only(Exam& exam, Verdict& verdict) {
  const auto& steps = exam.manifest().steps;
  if (std::none_of(steps.begin(), steps.end(), [](const auto& step) { return step.has_verify || step.has_plan; }))
    return verdict.skip("no step has PLAN or VERIFY");
  exam.in_process(verdict, [&](Subject& subject, Verdict& found) {
    auto tenant = exam.tenant();
    const auto unchanged = [&](const std::string& world, const std::string& when) {
      if (const auto now = tenant.snapshot(found); now != world)
        found.fail(
            "PLAN and VERIFY " + when + ": expected that nothing changes, found " + stage::difference(world, now) + ".",
            "They look and touch nothing.");
    };
    auto world = tenant.snapshot(found);
    for (std::size_t i = 0; i < steps.size(); ++i)
      if (steps[i].has_plan) look_only(found, subject, tenant, Op::kPlan, i, "before anything ran");
    unchanged(world, "before anything ran");
    if (!run_steps(found, subject, tenant, 0, steps.size())) return;
    world = tenant.snapshot(found);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (steps[i].has_plan) look_only(found, subject, tenant, Op::kPlan, i, "of a finished tenant");
      if (steps[i].has_verify) look_only(found, subject, tenant, Op::kVerify, i, "of a finished tenant");
    }
    unchanged(world, "of a finished tenant");
  });
}

}  // namespace tenantry::kit
