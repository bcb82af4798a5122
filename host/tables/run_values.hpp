// What is written of a run's parts, in the order in which the statements name it. For run_writes.cpp and
// run_arrays.cpp.
#pragma once
#include <optional>
#include <string_view>
#include <tuple>

#include "model/advance.hpp"
#include "tables/names.hpp"

namespace tenantry::tables {

inline const model::Failure kNoFailure{};

// A failure's five columns; no failure: five empty texts.
inline auto failure_values(const std::optional<model::Failure>& failure) {
  const auto& f = failure ? *failure : kNoFailure;
  return std::tuple<std::string_view, std::string_view, std::string_view, std::string_view, std::string_view>(
      failure ? row(f.cause).word : std::string_view(), f.code, f.message, f.next_action, f.detail);
}

// In the order of the columns in both statements below.
inline auto step_values(const model::StepRun& s) {
  return std::tuple_cat(
      std::make_tuple(word(s.state), word(s.wait_reason), s.due_at, s.attempt, s.attempts, s.in_flight, word(s.op),
                      s.check_due, s.check_tries, s.blame, s.waited, s.called_at, s.first_started_at, s.started_at,
                      s.completed_at, s.progress, std::string_view(s.message)),
      failure_values(s.failure), std::make_tuple(word(s.made), word(s.undo)), std::tie(s.drift, s.output),
      std::make_tuple(BytesView(s.checkpoint)));
}

// Who carries the run on; a finished one, nobody.
inline std::optional<std::int64_t> owner_of(const model::RunHead& head, std::int64_t life) {
  return model::is_active(head) ? std::optional(life) : std::nullopt;
}

// Attempts at steps that are no more are kept under numbers from here on.
inline constexpr std::size_t kMostSteps = 1'000;  // of a manifest; more than the host accepts

}  // namespace tenantry::tables
