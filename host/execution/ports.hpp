// What execution needs from the rooms beside it, as the composition root plugs it in. All thread-safe.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/runtime.hpp"
#include "model/run.hpp"

namespace tenantry::execution {

// Where a call and its answer may be cut off.
enum class Point : std::uint8_t {
  kClaimed,    // stored, not called
  kCalled,     // the engine has the call
  kAnswered,   // not stored
  kCommitted,  // the answer is stored
};

struct Ports {
  // The newest runtime with this manifest; nullptr if no such engine is loaded (any more).
  std::function<std::shared_ptr<engine::Runtime>(const model::Manifest&)> runtime;
  // A secret a step may ask for, in clear: "server.<name>", "tenant.<name>", or one put by an earlier step.
  std::function<std::optional<std::string>(const model::RunSpec&, std::string_view name)> secret;
  // Seals and stores a secret of the run's tenant; durable when it returns true.
  std::function<bool(const model::RunSpec&, std::string_view name, std::string_view value)> put_secret;
  // Something was committed: there are new events. On the scheduler's thread; must be quick. May be empty.
  std::function<void()> committed;
  // Called at each of these points of each step; null in a host that nobody tests.
  std::function<void(Point, std::string_view step)> passing = nullptr;
};

}  // namespace tenantry::execution
