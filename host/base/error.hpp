// What can go wrong in a correct program, as a value.
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace tenantry::base {

// The only thing about an error that decides how it is answered (HTTP status, exit code).
enum class ErrorKind {
  kInvalid,          // the caller's input is wrong; `problems` says where
  kUnauthenticated,  // who are you?
  kDenied,           // you may not
  kNotFound,
  kGone,         // was there, and never comes back
  kConflict,     // not in this state; detail says which commands are legal
  kBusy,         // too much at once; later is fine
  kUnavailable,  // something we need is down
  kInternal,     // our fault
};

// One thing wrong with an input, at a JSON pointer ("" is the whole input).
struct Problem {
  std::string pointer;
  std::string message;
  friend bool operator==(const Problem&, const Problem&) = default;
};

// `code` is stable and documented; `message` is for a person; `next_action` is the one thing to do next, in plain
// words. None of them ever holds a secret.
struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string code;
  std::string message;
  std::string next_action;
  std::vector<Problem> problems;
  std::vector<std::string> allowed_verbs;  // kConflict: what is legal instead
};

inline Error invalid(std::string code, std::string message, std::vector<Problem> problems = {}) {
  return {ErrorKind::kInvalid, std::move(code),
          std::move(message),  "Correct the request and send it again.",
          std::move(problems), {}};
}
inline Error not_found(std::string code, std::string message) {
  return {ErrorKind::kNotFound, std::move(code), std::move(message), "Check the id.", {}, {}};
}
inline Error internal(std::string code, std::string message) {
  return {ErrorKind::kInternal,
          std::move(code),
          std::move(message),
          "Try again; if it persists, give the request id to the operator.",
          {},
          {}};
}

}  // namespace tenantry::base
