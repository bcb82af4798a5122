#include "kit/kit.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <random>

#include "engine/library.hpp"
#include "engine/plugin_file.hpp"
#include "kit/checks.hpp"

namespace tenantry::kit {
namespace {

using Monotonic = std::chrono::steady_clock;

enum class Needs { kFile, kTable, kContract, kFixture };

struct Check {
  int number;
  const char* name;
  const char* title;
  Needs needs;
  void (*carry_out)(Exam&, Verdict&);
};

constexpr std::array<Check, 24> kChecks{{
    {1, "entry", "the entry, its table and its versions", Needs::kFile, check_entry},
    {2, "exports", "exports nothing else, shares nothing, brings no unwinder", Needs::kFile, check_exports},
    {3, "manifest_repeat", "the manifest is the same every time", Needs::kTable, check_manifest_repeat},
    {4, "manifest_schema", "the manifest and its schemas are understood", Needs::kTable, check_manifest_schema},
    {5, "graph", "the graph of steps is complete and has no circle", Needs::kTable, check_graph},
    {6, "request", "the request is accepted, bad ones are refused", Needs::kContract, check_request},
    {7, "run", "every step runs, with outputs as declared", Needs::kFixture, check_run},
    {8, "run_twice", "run again nothing changes, same run or another", Needs::kFixture, check_run_twice},
    {9, "parallel", "eight tenants at once", Needs::kFixture, check_parallel},
    {10, "malformed_input", "broken inputs fail, and never crash or retry", Needs::kContract, check_malformed_input},
    {11, "cancellation", "cancelled before and during, it returns soon", Needs::kFixture, check_cancellation},
    {12, "deadline", "past its deadline it returns soon", Needs::kFixture, check_deadline},
    {13, "killed", "killed anywhere, the next attempt comes to the same", Needs::kFixture, check_killed},
    {14, "checkpoint_refused", "a refused checkpoint stops the step", Needs::kFixture, check_checkpoint_refused},
    {15, "secrets", "secrets are said nowhere, only declared ones asked for", Needs::kFixture, check_secrets},
    {16, "missing_secret", "a missing secret is named", Needs::kFixture, check_missing_secret},
    {17, "verify", "VERIFY tells in sync from drifted", Needs::kFixture, check_verify},
    {18, "undo", "undone, undone twice, and with nothing to undo", Needs::kFixture, check_undo},
    {19, "read_only", "PLAN and VERIFY touch nothing", Needs::kFixture, check_read_only},
    {20, "unsupported", "unknown steps and operations are unsupported", Needs::kContract, check_unsupported},
    {21, "hygiene", "the process is left as it was found", Needs::kContract, check_hygiene},
    {22, "reopen", "opened and closed as often as one likes", Needs::kContract, check_reopen},
    {23, "sanitizers", "no sanitizer complains", Needs::kFile, check_sanitizers},
    {24, "other_hosts", "works with hosts that know more or offer less", Needs::kFixture, check_other_hosts},
}};

base::Error wrong(const char* code, std::string message, std::string next_action) {
  return {base::ErrorKind::kInvalid, code, std::move(message), std::move(next_action), {}, {}};
}

base::Result<std::vector<const Check*>> chosen(const std::vector<std::string>& only) {
  std::vector<const Check*> out;
  for (const auto& check : kChecks)
    if (only.empty() || std::any_of(only.begin(), only.end(), [&](const std::string& word) {
          return word == check.name || word == std::to_string(check.number);
        }))
      out.push_back(&check);
  for (const auto& word : only)
    if (std::none_of(kChecks.begin(), kChecks.end(),
                     [&](const Check& check) { return word == check.name || word == std::to_string(check.number); }))
      return wrong("check.unknown", "There is no check \"" + word + "\".", "See `tenantry engines check --list`.");
  return out;
}

// Carries the checks out, each with what the earlier ones have found out.
class Examination {
 public:
  Examination(Candidate& candidate, Report& report) : candidate_(candidate), report_(report) {}

  // Checks 1 and 4 are needed by all others, whether they are asked for or not.
  base::Result<void> prepare() {
    const auto entry = carry_out(kChecks[0]);
    has_table_ = entry.result == Result::kOk;
    if (!has_table_) return {};
    (void)carry_out(kChecks[3]);
    if (!candidate_.contract) return {};
    const auto& manifest = *candidate_.contract->manifest();
    report_.engine = manifest.engine.value;
    report_.version = manifest.version;
    if (candidate_.fixture == nullptr) {
      candidate_.example = example_of(manifest.request_schema).value_or(nullptr);
      return {};
    }
    if (const auto& wanted = candidate_.fixture->engine(); !wanted.empty() && wanted != report_.engine)
      return wrong("fixture.invalid",
                   "The fixture is for the engine " + wanted + ", and the file is " + report_.engine + ".",
                   "Give the engine's own fixture.");
    return fill(*candidate_.fixture);
  }

  // Everything the fixture names is there.
  static base::Result<void> fill(const Fixture& fixture) {
    const std::string folder = "/nowhere";
    if (const auto settings = fixture.settings(folder); settings.has_error()) return settings.error();
    if (const auto environment = fixture.environment(folder); environment.has_error()) return environment.error();
    if (const auto scene = fixture.scene(folder, "tenant"); scene.has_error()) return scene.error();
    return {};
  }

  CheckReport carry_out(const Check& check) {
    CheckReport out;
    out.number = check.number;
    out.name = check.name;
    out.title = check.title;
    const auto began = Monotonic::now();
    Verdict verdict;
    if (auto why = why_not(check); !why.empty())
      verdict.skip(std::move(why));
    else
      examine(check, verdict);
    out.took = std::chrono::duration_cast<base::Millis>(Monotonic::now() - began);
    out.findings = std::move(verdict.findings);
    out.reason = std::move(verdict.reason);
    out.result = !out.findings.empty() ? Result::kFailed : verdict.skipped ? Result::kSkipped : Result::kOk;
    if (check.number == 1 && verdict.data.contains("built_with"))
      report_.built_with = verdict.data.at("built_with").as_string().c_str();
    if (check.number == 7) does_not_run_ = out.result == Result::kFailed && !verdict.data.contains("ran");
    return out;
  }

 private:
  std::string why_not(const Check& check) const {
    if (check.needs >= Needs::kTable && !has_table_) return "the file cannot be used, see check 1";
    if (check.number == 2 && !has_table_) return "the file cannot be loaded, see check 1";
    if (check.needs >= Needs::kContract && !candidate_.contract)
      return "the manifest is not usable, see checks 4 and 5";
    if (check.needs == Needs::kFixture && candidate_.fixture == nullptr) return "needs a fixture, because steps act";
    if (check.needs == Needs::kFixture && check.number != 7 && does_not_run_)
      return "the steps do not run, see check 7";
    return {};
  }

  void examine(const Check& check, Verdict& verdict) {
    try {
      Exam exam(candidate_, check.number);
      if (check.needs == Needs::kContract && candidate_.fixture == nullptr) {
        try {
          (void)exam.settings();
        } catch (const std::exception& error) {
          return verdict.skip(std::string("cannot be opened without a fixture: ") + error.what());
        }
      }
      check.carry_out(exam, verdict);
    } catch (const std::exception& error) {
      verdict.fail(std::string("The check could not be carried out: ") + error.what(), "Correct the fixture.");
    }
  }

  Candidate& candidate_;
  Report& report_;
  bool has_table_ = false;
  bool does_not_run_ = false;
};

}  // namespace

std::string list_checks() {
  std::string out;
  for (const auto& check : kChecks) {
    const auto number = std::to_string(check.number);
    const std::string name = check.name;
    out.append(4 - number.size(), ' ').append(number).append("  ").append(name).append(20 - name.size(), ' ');
    out.append(check.title).append(check.needs == Needs::kFixture ? " (needs a fixture)\n" : "\n");
  }
  return out;
}

base::Result<Report> check_engine(const Options& options) {
  const auto checks = chosen(options.only);
  if (checks.has_error()) return checks.error();
  auto file = engine::read_plugin_file(options.file, {});
  if (file.has_error()) return file.error();
  std::optional<Fixture> fixture;
  if (!options.fixture.empty()) {
    auto read = Fixture::read(options.fixture);
    if (read.has_error()) return read.error();
    fixture = std::move(*read);
  }

  Report report;
  report.file = file->name;
  report.sha256 = file->sha256;
  report.fixture = options.fixture.string();
  report.seed = options.seed != 0 ? options.seed : 1 + std::random_device{}() % 1'000'000'000U;
  Candidate candidate;
  const auto copy = engine::sealed_copy(*file);
  if (copy.has_error()) return copy.error();
  candidate.copy = copy->get();
  candidate.file = std::move(*file);
  candidate.fixture = fixture ? &*fixture : nullptr;
  candidate.seed = report.seed;
  candidate.limit = options.time_limit;
  Examination examination(candidate, report);
  if (const auto prepared = examination.prepare(); prepared.has_error()) return prepared.error();

  // What is gathered along the way, standard output and sanitizers, is judged last.
  auto order = *checks;
  std::stable_partition(order.begin(), order.end(),
                        [](const Check* check) { return check->number != 21 && check->number != 23; });
  for (const auto* check : order) report.checks.push_back(examination.carry_out(*check));
  std::sort(report.checks.begin(), report.checks.end(),
            [](const CheckReport& a, const CheckReport& b) { return a.number < b.number; });
  return report;
}

}  // namespace tenantry::kit
