// The seam between the engine-agnostic half of the sandbox (HTTP, faults, journal) and the ERP it pretends to be.
#pragma once
#include <boost/json.hpp>
#include <chrono>
#include <functional>
#include <optional>

#include "sandbox/faults.hpp"
#include "sandbox/http/message.hpp"
#include "sandbox/journal.hpp"

namespace tenantry::sandbox {

// What the application may use while it answers one request. Lives as long as the call.
struct Exchange {
  const Decision& decision;
  // Waits, whatever the client does. False if the server stops before the time is over.
  std::function<bool(std::chrono::milliseconds)> wait;
  // Waits. False if the client hung up or the server stops before the time is over.
  std::function<bool(std::chrono::milliseconds)> watch;
};

class Application {
 public:
  Application() = default;
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;
  virtual ~Application() = default;

  // What faults and the journal call this request. Cheap, has no effects.
  [[nodiscard]] virtual Subject describe(const Request& request) const = 0;
  // Does the request, its waiting included. Called from many threads at once.
  [[nodiscard]] virtual Response answer(const Request& request, const Exchange& exchange) = 0;
  // The state for GET /__sandbox/state, of one site or ("") of all.
  [[nodiscard]] virtual json::value state(const std::string& site) = 0;
  // A control route of its own: the parts of the path below /__sandbox. nullopt: there is none.
  [[nodiscard]] virtual std::optional<Response> control(const Request& request, const std::vector<std::string>& parts,
                                                        const Exchange& exchange) = 0;
};

}  // namespace tenantry::sandbox
