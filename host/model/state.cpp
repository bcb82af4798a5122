#include "model/state.hpp"

namespace tenantry::model {

namespace {
template <class State, class Rows>
std::optional<State> by_word(const Rows& rows, std::string_view word) {
  for (const auto& row : rows)
    if (row.word == word) return row.state;
  return std::nullopt;
}
template <class Value, class Words>
std::optional<Value> by_index(const Words& words, std::string_view word) {
  for (std::size_t i = 0; i < words.size(); ++i)
    if (words[i] == word) return static_cast<Value>(i);
  return std::nullopt;
}
}  // namespace

std::optional<StepState> step_state(std::string_view word) { return by_word<StepState>(kStepStates, word); }
std::optional<RunState> run_state(std::string_view word) { return by_word<RunState>(kRunStates, word); }
std::optional<WaitReason> wait_reason(std::string_view word) { return by_index<WaitReason>(kWaitReasons, word); }
std::optional<Verb> verb(std::string_view word) { return by_index<Verb>(kVerbs, word); }

}  // namespace tenantry::model
