#include "model/rules.hpp"

namespace tenantry::model {
namespace {

template <class Row>
std::string diagram(const std::string_view first, const auto& moves, const auto& states) {
  std::string page = "```mermaid\nstateDiagram-v2\n  [*] --> " + std::string(first) + "\n";
  for (const Row& move : moves)
    page += "  " + std::string(word(move.from)) + " --> " + std::string(word(move.to)) + ": " + std::string(move.why) +
            "\n";
  for (const auto& row : states)
    if (row.terminal) page += "  " + std::string(row.word) + " --> [*]\n";
  return page + "```\n";
}

std::string legal_words(const RunStates& states) {
  std::string words;
  for (const auto& row : kRunStates)
    if (states.has(row.state)) words += (words.empty() ? "" : ", ") + std::string(row.word);
  return words;
}

std::string yes(bool value) { return value ? "yes" : ""; }

}  // namespace

std::string rules_page() {
  std::string page =
      "# What is legal\n\n"
      "Written from `rules.hpp` and `state.hpp`; a test keeps it so (`TENANTRY_WRITE_PAGES=1 test_model` writes it "
      "anew).\n\n"
      "## Verbs\n\n"
      "While a finished run is being verified only cancel and deprovision are legal; while a tenant is being\n"
      "deprovisioned only cancel, kill, rollback and deprovision.\n\n"
      "| verb | legal while the run is | effect |\n|---|---|---|\n";
  for (const auto& row : kVerbRows)
    page += "| " + std::string(word(row.verb)) + " | " + legal_words(row.legal_in) + " | " + std::string(row.effect) +
            " |\n";
  page += "\n## Runs\n\n" + diagram<RunMove>("queued", kRunMoves, kRunStates);
  page += "\n## Steps\n\n| state | terminal | ok | may be retried |\n|---|---|---|---|\n";
  for (const auto& row : kStepStates)
    page += "| " + std::string(row.word) + " | " + yes(row.terminal) + " | " + yes(row.ok) + " | " +
            yes(row.retriable) + " |\n";
  page += "\n" + diagram<StepMove>("pending", kStepMoves, kStepStates);
  page +=
      "\n## Rollback\n\n"
      "A step is taken back if this run has completed it at any time, whatever its state is now; what merely exists "
      "is\n"
      "never touched. UNDO begins at the steps nothing is built on. Until its UNDO has succeeded a step keeps its "
      "state;\n"
      "then it is `cancelled`, with the message \"Taken back.\" and without its output, so nothing can be built on it "
      "and\n"
      "every verb treats it as never done. If UNDO fails for good the step is `failed`, and what it is built on "
      "stays.\n"
      "UNDO succeeds if there is nothing to take back, so an UNDO that ended without proof is asked again. A step "
      "without\n"
      "UNDO is left behind and named, as is an unknown step that VERIFY does not find in effect.\n";
  return page;
}

}  // namespace tenantry::model
