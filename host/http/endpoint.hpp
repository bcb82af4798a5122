// The part of the room that touches Pistache: listening, accepting, reading. Internal to the room.
#pragma once
#include <cstdint>
#include <memory>

#include "base/result.hpp"

namespace tenantry::http {

class Core;

class Endpoint {
 public:
  explicit Endpoint(std::shared_ptr<Core> core);
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;
  ~Endpoint();  // stops and joins Pistache's threads; connections must have been let go of before

  [[nodiscard]] base::Result<void> start();
  [[nodiscard]] std::uint16_t port() const;

 private:
  struct Listener;
  std::shared_ptr<Core> core_;
  std::unique_ptr<Listener> listener_;
};

// Lets the process have as many descriptors as it may, at most 65536. Idempotent.
void raise_descriptor_limit();

}  // namespace tenantry::http
