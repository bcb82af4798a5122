// The tables of what is legal, and the page that is written from them.
#include "model/rules.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "fixture.hpp"

using namespace tenantry::model;
using namespace tenantry::model::test;

TEST_CASE("the page of what is legal is what the tables say") {
  const std::string file = TENANTRY_ROOT "/host/model/README.md";
  if (std::getenv("TENANTRY_WRITE_PAGES") != nullptr) std::ofstream(file) << rules_page();
  std::ostringstream page;
  page << std::ifstream(file).rdbuf();
  CHECK(page.str() == rules_page());
}

TEST_CASE("each verb and each state stands in its own row") {
  for (std::size_t i = 0; i < kVerbRows.size(); ++i) CHECK(kVerbRows[i].verb == static_cast<Verb>(i));
  for (std::size_t i = 0; i < kRunStates.size(); ++i) CHECK(kRunStates[i].state == static_cast<RunState>(i));
  for (std::size_t i = 0; i < kStepStates.size(); ++i) CHECK(kStepStates[i].state == static_cast<StepState>(i));
}

TEST_CASE("a verb is refused in every state its row does not name, and the refusal says what is legal") {
  for (const auto& row : kVerbRows) {
    if (row.verb == Verb::kStart || row.verb == Verb::kPlan) continue;
    for (const auto& state : kRunStates) {
      Driven run({step("a")});
      run.run.head.state = state.state;
      const auto given = run.command(row.verb, "a", "why", true);
      CAPTURE(word(row.verb), state.word);
      if (row.legal_in.has(state.state)) {
        if (given.has_error()) CHECK(given.error().code != "run.illegal_verb");
      } else {
        REQUIRE(given.has_error());
        CHECK(given.error().code == "run.illegal_verb");
        CHECK(given.error().kind == tenantry::base::ErrorKind::kConflict);
        CHECK_FALSE(given.error().allowed_verbs.empty());
      }
    }
  }
}

TEST_CASE("while a run is verified only stopping is legal, and a removed tenant's run is closed") {
  RunHead head;
  head.state = RunState::kCompleted;
  head.verifying = true;
  for (const auto& row : kVerbRows)
    CHECK(is_legal(row.verb, head) == (row.verb == Verb::kCancel || row.verb == Verb::kDeprovision));
  head.verifying = false;
  head.removing = true;
  head.state = RunState::kCompensationFailed;
  for (const auto& row : kVerbRows)
    CHECK(is_legal(row.verb, head) == (row.verb == Verb::kRollback || row.verb == Verb::kDeprovision));
  head.state = RunState::kCompensated;
  for (const auto& row : kVerbRows) CHECK_FALSE(is_legal(row.verb, head));
}
