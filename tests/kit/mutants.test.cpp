// Every seeded defect is found by the check that is there for it, and the right engine is found right.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "kit/kit.hpp"
#include "support/catch.hpp"

namespace tenantry::kit {
namespace {

struct Mutant {
  const char* name;
  const char* check;
  int seconds = 20;  // of a call
};

// mutants/engine.c says what each of them does.
const std::vector<Mutant> kMutants{
    {"reserved_not_zero", "entry"},
    {"manifest_counts", "manifest_repeat"},
    {"schema_keyword", "manifest_schema"},
    {"default_refused", "manifest_schema"},
    {"cycle", "graph"},
    {"unknown_source", "graph"},
    {"id_twice", "graph"},
    {"accepts_anything", "request"},
    {"validate_refuses_all", "request"},
    {"validate_bad_list", "request"},
    {"no_output", "run"},
    {"output_undeclared", "run"},
    {"outcome_zero", "run"},
    {"outcome_unknown", "run"},
    {"skips_undeclared", "run"},
    {"throws_away_level", "run"},
    {"log_not_utf8", "run"},
    {"event_type", "run"},
    {"retries_for_ever", "run"},
    {"exits", "run"},
    {"never_returns", "run", 1},
    {"keeps_input", "run"},
    {"reads_past_input", "run"},
    {"reads_past_table", "run"},
    {"acts_again", "run_twice"},
    {"already_done_without_output", "run_twice"},
    {"fails_if_there", "run_twice"},
    {"new_for_each_run", "run_twice"},
    {"static_buffer", "parallel"},
    {"no_lock", "parallel"},
    {"retries_malformed", "malformed_input"},
    {"ignores_malformed", "malformed_input"},
    {"crashes_on_wrong_type", "malformed_input"},
    {"trusts_checkpoint", "malformed_input"},
    {"recurses", "malformed_input"},
    {"ignores_cancel", "cancellation"},
    {"cancel_is_failed", "cancellation"},
    {"cancel_in_verify", "cancellation"},
    {"waits_for_deadline", "deadline"},
    {"half_file", "killed"},
    {"checkpoint_first", "killed"},
    {"lost_answer_doubles", "killed"},
    {"tries_for_first_attempt_only", "killed"},
    {"undo_counts_on_answer", "killed"},
    {"goes_on_after_refusal", "checkpoint_refused"},
    {"refusal_is_success", "checkpoint_refused"},
    {"secret_in_output", "secrets"},
    {"secret_in_log", "secrets"},
    {"secret_in_error", "secrets"},
    {"secret_in_checkpoint", "secrets"},
    {"secret_undeclared", "secrets"},
    {"secret_missing_unnamed", "missing_secret"},
    {"secret_missing_ignored_crash", "missing_secret"},
    {"verify_always_in_sync", "verify"},
    {"verify_always_drifted", "verify"},
    {"verify_needs_output", "verify"},
    {"undo_twice_fails", "undo"},
    {"undo_does_nothing", "undo"},
    {"undo_takes_too_much", "undo"},
    {"undo_needs_output", "undo"},
    {"plan_acts", "read_only"},
    {"verify_repairs", "read_only"},
    {"verify_saves", "read_only"},
    {"plan_needs_everything", "read_only"},
    {"unknown_step_done", "unsupported"},
    {"unknown_op_runs", "unsupported"},
    {"prefix_of_step", "unsupported"},
    {"undeclared_op_done", "unsupported"},
    {"leaves_thread", "hygiene"},
    {"leaves_descriptor", "hygiene"},
    {"leaves_child", "hygiene"},
    {"keeps_context", "hygiene"},
    {"changes_folder", "hygiene"},
    {"changes_umask", "hygiene"},
    {"changes_locale", "hygiene"},
    {"changes_signal", "hygiene"},
    {"changes_environment", "hygiene"},
    {"prints", "hygiene"},
    {"opens_once", "reopen"},
    {"one_engine_for_all", "reopen"},
    {"refuses_silently", "reopen"},
    {"close_crashes", "reopen"},
    {"exact_minor", "other_hosts"},
    {"needs_extension", "other_hosts"},
};

const std::string kPlugins = TEST_PLUGINS;

Report check(const std::string& file, const std::string& mutant, Options options) {
  if (mutant.empty())
    ::unsetenv("TENANTRY_MUTANT");
  else
    ::setenv("TENANTRY_MUTANT", mutant.c_str(), 1);
  options.file = kPlugins + "/" + file;
  const auto report = check_engine(options);
  ::unsetenv("TENANTRY_MUTANT");
  INFO((report.has_error() ? report.error().message : ""));
  REQUIRE(report.has_value());
  return *report;
}

Options with_fixture() {
  Options options;
  options.fixture = KIT_TESTS "/mutants/fixture.json";
  return options;
}

void find(const Mutant& mutant) {
  auto options = with_fixture();
  options.only = {mutant.check};
  options.time_limit = base::Millis{1000 * mutant.seconds};
  const auto report = check("mutant.so", mutant.name, options);
  REQUIRE(report.checks.size() == 1);
  const auto& found = report.checks.front();
  INFO("mutant " << mutant.name << "\n" << to_text(report));
  CHECK(found.result == Result::kFailed);
  for (const auto& finding : found.findings) CHECK_FALSE(finding.message.empty());
  std::printf("%-30s %2d %-20s %s\n", mutant.name, found.number, found.name.c_str(),
              found.result == Result::kFailed ? found.findings.front().message.substr(0, 150).c_str() : "NOT FOUND");
}

void find_share(std::size_t share) {
  for (std::size_t i = share; i < kMutants.size(); i += 4) find(kMutants[i]);
}

TEST_CASE("every mutant is found by the check that is there for it, first quarter") { find_share(0); }
TEST_CASE("every mutant is found by the check that is there for it, second quarter") { find_share(1); }
TEST_CASE("every mutant is found by the check that is there for it, third quarter") { find_share(2); }
TEST_CASE("every mutant is found by the check that is there for it, last quarter") { find_share(3); }

TEST_CASE("the engine without a defect conforms, whatever the seed") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    auto options = with_fixture();
    options.seed = seed;
    const auto report = check("mutant.so", "", options);
    INFO(to_text(report));
    CHECK(report.conforming());
    CHECK(report.count(Result::kFailed) == 0);
    CHECK(report.count(Result::kOk) >= 23);
  }
}

TEST_CASE("what a sanitizer says is the business of a check of its own") {
  auto options = with_fixture();
  options.only = {"run", "sanitizers"};
  const auto wrong = check("mutant.so", "reads_past_input", options);
  const auto right = check("mutant.so", "", options);
  INFO(to_text(wrong) << to_text(right));
#if defined(__SANITIZE_ADDRESS__)
  CHECK(wrong.checks.back().result == Result::kFailed);
  CHECK(wrong.checks.back().findings.front().message.find("AddressSanitizer") != std::string::npos);
  CHECK(right.checks.back().result == Result::kOk);
#elif !defined(__SANITIZE_THREAD__)
  CHECK(right.checks.back().result == Result::kSkipped);
  CHECK(right.checks.back().reason.find("asan") != std::string::npos);
#endif
  CHECK(wrong.checks.front().result == Result::kFailed);
}

TEST_CASE("a file that no host would load is found, and what to do about it is said") {
  const std::vector<std::tuple<const char*, int, const char*>> files {
    {"no_entry.so", 1, "TENANTRY_ENGINE"}, {"no_table.so", 1, "abi.h"}, {"wrong_magic.so", 1, "abi.h"},
        {"newer_major.so", 1, "abi.h"}, {"newer_minor.so", 1, "min_host_minor"}, {"short_table.so", 1, "abi.h"},
        {"no_invoke.so", 1, "abi.h"}, {"throws_in_entry.so", 1, "abi.h"}, {"unresolved.so", 1, "-z,defs"},
        {"extra_export.so", 2, "tenantry_add_engine"},
#if defined(__GNUC__) && !defined(__clang__)
        {"unique.so", 2, "-fno-gnu-unique"},
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        {"static_unwinder.so", 2, "-static-libgcc"},
#endif
#endif
        {"manifest_changes.so", 3, "Leave times"}, {"throws_in_manifest.so", 3, "Catch"},
        {"manifest_no_json.so", 4, "manifest"}, {"manifest_twice.so", 5, "graph"}, {"manifest_cycle.so", 5, "graph"},
        {"manifest_source.so", 5, "graph"}, {"throws_in_invoke.so", 20, "UNSUPPORTED"},
        {"open_fails_silently.so", 22, "open"},
  };
  for (const auto& [file, number, fix] : files) {
    Options options;
    options.only = {std::to_string(number)};
    const auto report = check(file, "", options);
    const auto text = to_text(report);
    INFO(text);
    REQUIRE(report.checks.size() == 1);
    CHECK(report.checks.front().result == Result::kFailed);
    CHECK(text.find(fix) != std::string::npos);
    CHECK_FALSE(report.conforming());
    if (!report.checks.front().findings.empty())
      std::printf("%-30s %2d %-20s %s\n", file, number, report.checks.front().name.c_str(),
                  report.checks.front().findings.front().message.substr(0, 150).c_str());
  }
}

}  // namespace
}  // namespace tenantry::kit
