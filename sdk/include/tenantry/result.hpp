// How a step ends, as a value: a step function returns one of done(), already_done(), skipped(), wait(), retry(),
// failed() or cancelled(), and the type of the function decides which of them the compiler accepts.
#pragma once
#include <boost/json.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <tenantry/abi.h>

namespace tenantry {

namespace json = boost::json;
using namespace std::chrono_literals;
using Milliseconds = std::chrono::milliseconds;

// The output of a step that has nothing to tell later steps.
struct Nothing {
  friend bool operator==(const Nothing&, const Nothing&) { return true; }
};

// One thing wrong with a document, at a JSON pointer ("" is the whole document).
struct Problem {
  std::string path;
  std::string message;
  friend bool operator==(const Problem& a, const Problem& b) { return a.path == b.path && a.message == b.message; }
};
using Problems = std::vector<Problem>;

// A call that did not produce a value, and why. Made by wait(), retry(), failed() and cancelled(). `code` is dotted,
// stable, and starts with the engine's id; `message` is for a person. Neither may hold a secret.
class Ending {
 public:
  Ending(tenantry_outcome outcome, std::string code, std::string message,
         std::optional<Milliseconds> after = std::nullopt)
      : outcome_(outcome), code_(std::move(code)), message_(std::move(message)), after_(after) {}

  // Adds a fact for programs, e.g. the object concerned, what was expected and what was found. A value comes back, not
  // a reference, so that `e = std::move(e).detail(...)` is no assignment to itself.
  template <class V>
  Ending detail(std::string_view name, V&& value) && {
    if constexpr (std::is_convertible_v<V&&, std::string_view>)
      detail_[name].emplace_string() = std::string_view(value);
    else
      detail_[name] = json::value(std::forward<V>(value));
    return std::move(*this);
  }
  // The one thing a person should do next, in plain words.
  Ending next_action(std::string_view words) && { return std::move(*this).detail("next_action", words); }
  // The part of the input that is to blame, as a JSON pointer like /request/domain.
  Ending at(std::string_view pointer) && { return std::move(*this).detail("pointer", pointer); }

  tenantry_outcome outcome() const { return outcome_; }
  const std::string& code() const { return code_; }
  const std::string& message() const { return message_; }
  const json::object& detail() const { return detail_; }
  std::optional<Milliseconds> retry_after() const { return after_; }

 private:
  tenantry_outcome outcome_;
  std::string code_;
  std::string message_;
  std::optional<Milliseconds> after_;
  json::object detail_;
};

// May pass next time; costs an attempt. The host decides when, but not before `after`.
[[nodiscard]] inline Ending retry(std::string code, std::string message,
                                  std::optional<Milliseconds> after = std::nullopt) {
  return {TENANTRY_RETRY, std::move(code), std::move(message), after};
}

// For good, until a person changes something.
[[nodiscard]] inline Ending failed(std::string code, std::string message) {
  return {TENANTRY_FAILED, std::move(code), std::move(message)};
}

// Not ready, and nothing is wrong: call again after this time. Costs no attempt.
[[nodiscard]] inline Ending wait(Milliseconds after, std::string why) {
  return {TENANTRY_WAIT, "engine.waiting", std::move(why), after};
}

// Stopped because the host asked for it.
[[nodiscard]] inline Ending cancelled() { return {TENANTRY_CANCELLED, "engine.cancelled", "stopped on request"}; }

template <class T>
struct Done {
  T value;
  tenantry_outcome outcome;
};

// This call changed the world, and `value` says what there is now.
template <class T>
[[nodiscard]] Done<std::decay_t<T>> done(T&& value) {
  return {std::forward<T>(value), TENANTRY_DONE};
}
[[nodiscard]] inline Done<Nothing> done() { return {{}, TENANTRY_DONE}; }

// It was already as wanted; `value` is as complete as after done().
template <class T>
[[nodiscard]] Done<std::decay_t<T>> already_done(T&& value) {
  return {std::forward<T>(value), TENANTRY_ALREADY_DONE};
}
[[nodiscard]] inline Done<Nothing> already_done() { return {{}, TENANTRY_ALREADY_DONE}; }

struct Skipped {
  std::string why;
};

// Does not apply to this request. Only a step that returns Result<std::optional<T>> can say so, because then everything
// that reads its output has to be ready for nothing.
[[nodiscard]] inline Skipped skipped(std::string why) { return {std::move(why)}; }

namespace detail {
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
}  // namespace detail

// What a step function returns: a T with done() or already_done(), or the reason why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  template <class U, class = std::enable_if_t<std::is_convertible_v<U, T>>>
  Result(Done<U> done) : state_(Done<T>{std::move(done.value), done.outcome}) {}
  Result(Ending ending) : state_(std::move(ending)) {}
  template <class S, class = std::enable_if_t<std::is_same_v<S, Skipped> && detail::is_optional<T>>>
  Result(S skip) : state_(std::move(skip)) {}

  bool has_value() const { return std::holds_alternative<Done<T>>(state_); }
  explicit operator bool() const { return has_value(); }
  // Only if has_value().
  const T& value() const { return std::get<Done<T>>(state_).value; }
  T& value() { return std::get<Done<T>>(state_).value; }
  const T& operator*() const { return value(); }
  const T* operator->() const { return &value(); }
  // Only if outcome() is neither done, already done nor skipped. Lets a step pass on the ending of a function it
  // called.
  const Ending& ending() const { return std::get<Ending>(state_); }
  // Only if outcome() is skipped.
  const std::string& skip_reason() const { return std::get<Skipped>(state_).why; }

  tenantry_outcome outcome() const {
    if (const auto* done = std::get_if<Done<T>>(&state_)) return done->outcome;
    if (const auto* ending = std::get_if<Ending>(&state_)) return ending->outcome();
    return TENANTRY_SKIPPED;
  }

 private:
  std::variant<Done<T>, Ending, Skipped> state_;
};

// One difference between the world and what a step left behind.
struct Drift {
  std::string what;
  std::string expected;
  std::string found;
  friend bool operator==(const Drift& a, const Drift& b) {
    return a.what == b.what && a.expected == b.expected && a.found == b.found;
  }
};

// What a verify function returns: in_sync(), drifted(...), or an Ending if it could not look.
class [[nodiscard]] Verdict {
 public:
  // An empty list means in sync.
  explicit Verdict(std::vector<Drift> drift) : drift_(std::move(drift)) {}
  Verdict(Ending ending) : ending_(std::move(ending)) {}

  const std::vector<Drift>& drift() const { return drift_; }
  const std::optional<Ending>& ending() const { return ending_; }
  const std::optional<json::value>& output() const { return output_; }
  Verdict with_output(json::value output) && {
    output_ = std::move(output);
    return std::move(*this);
  }

 private:
  std::vector<Drift> drift_;
  std::optional<Ending> ending_;
  std::optional<json::value> output_;
};

[[nodiscard]] inline Verdict in_sync() { return Verdict(std::vector<Drift>{}); }
[[nodiscard]] inline Verdict drifted(std::vector<Drift> drift) { return Verdict(std::move(drift)); }
[[nodiscard]] inline Verdict drifted(std::string what, std::string expected, std::string found) {
  return Verdict({Drift{std::move(what), std::move(expected), std::move(found)}});
}

// One thing RUN would do: a verb (create, change, keep, unknown), what it is about, and a detail for a person.
struct Action {
  std::string verb;
  std::string what;
  std::string detail;
  friend bool operator==(const Action& a, const Action& b) {
    return a.verb == b.verb && a.what == b.what && a.detail == b.detail;
  }
};

// What a plan function returns inside a Result: Result<Plan>, with done(Plan{{...}}).
struct Plan {
  std::vector<Action> actions;
};

// What an engine's optional health() returns.
struct Health {
  bool healthy = true;
  std::string message;
  json::object detail;
};

}  // namespace tenantry
