// Inputs that are wrong in some way, made from a right one.
#pragma once
#include <random>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace tenantry::kit {

struct BrokenInput {
  enum class How {
    kNoObject,    // not a JSON object at all: has to be FAILED
    kWrongShape,  // broken inside, or with missing or mistyped members: FAILED, or ignored; trying again is no use
    kOdd,         // of the right shape, but nothing anybody would send: anything but a crash
  };

  std::string text;
  std::string what;  // "with a number at /request/name"
  How how = How::kNoObject;
};

// The same ones for the same state of `random`. Texts below the members `kept` stay as they are: they say where a
// server or a file is, and others would lead the engine astray.
[[nodiscard]] std::vector<BrokenInput> broken_inputs(const std::string& input, std::mt19937_64& random,
                                                     const std::vector<std::string>& kept = {});

}  // namespace tenantry::kit
