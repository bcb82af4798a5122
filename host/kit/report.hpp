// What the conformance kit found out about one file, for people and for programs (schemas/engine-check.schema.json).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace tenantry::kit {

namespace json = base::json;

// One thing that is wrong: what was expected and found, and how to put it right.
struct Finding {
  std::string message;
  std::string fix;
  friend bool operator==(const Finding&, const Finding&) = default;
};

enum class Result { kOk, kFailed, kSkipped };

struct CheckReport {
  int number = 0;
  std::string name;   // stable
  std::string title;  // for people
  Result result = Result::kOk;
  std::string reason;  // kSkipped: why; else a remark, may be empty
  std::vector<Finding> findings;
  base::Millis took{0};
};

struct Report {
  std::string file;
  std::string sha256;
  std::string engine;  // empty as long as the manifest was not understood, like version
  std::string version;
  std::string built_with;
  std::string fixture;  // file; empty: none
  std::uint64_t seed = 0;
  std::vector<CheckReport> checks;

  [[nodiscard]] std::size_t count(Result result) const;
  // Nothing failed and something was looked at.
  [[nodiscard]] bool conforming() const { return count(Result::kFailed) == 0 && count(Result::kOk) != 0; }
};

[[nodiscard]] json::object to_json(const Report& report);

// A line for each check, its findings under it; ends with the verdict.
[[nodiscard]] std::string to_text(const Report& report);

}  // namespace tenantry::kit
