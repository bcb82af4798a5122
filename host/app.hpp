// The composition root: builds the rooms in order, stops them in reverse. The only place that knows every room.
#pragma once
#include <memory>
#include <string>

#include "base/result.hpp"
#include "config.hpp"

namespace tenantry {

class App {
 public:
  // Opens the store, loads the engines, takes up unfinished runs, listens. Errors are for the operator, one sentence.
  [[nodiscard]] static base::Result<std::unique_ptr<App>> start(Config config);
  ~App();  // stop(), if that has not been done

  [[nodiscard]] std::uint16_t port() const;
  // Takes no new requests and claims no new steps, tells running steps to stop, and returns within the configured
  // time. What did not end is resolved by the next start.
  void stop();

 private:
  struct Rooms;
  explicit App(std::unique_ptr<Rooms> rooms);
  std::unique_ptr<Rooms> rooms_;
};

// Makes an administrator's account in the configured store; the host may not be running on it. Durable on return.
[[nodiscard]] base::Result<void> create_admin(const Config& config, const std::string& email, const std::string& name,
                                              const std::string& password);

// Copies a SQLite store into an empty PostgreSQL database; what was copied, a line for each table.
[[nodiscard]] base::Result<std::string> copy_store(const std::string& from, const std::string& to);

}  // namespace tenantry
