// The composition root: builds the rooms in order, stops them in reverse. The only place that knows every room.
#pragma once
#include <memory>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "config.hpp"

namespace tenantry {

class App {
 public:
  // Opens the store, loads the engines, takes up unfinished runs, listens. Errors are for the operator, one sentence.
  [[nodiscard]] static base::Result<std::unique_ptr<App>> start(Config config);
  ~App();  // stop(), if that has not been done

  [[nodiscard]] std::uint16_t port() const;
  // Takes no new requests and claims no new steps, tells running steps to stop, and returns within time_to_stop(),
  // unless the store is away. What did not end is resolved by the next start.
  void stop();
  [[nodiscard]] base::Millis time_to_stop() const;
  // Any thread, during stop(): why it has not returned yet. For the log.
  [[nodiscard]] const char* waits_for() const;

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

// Deletes what is old from the configured store, or only counts it; hosts may be running on it. How many of each.
[[nodiscard]] base::Result<base::json::object> prune_store(const Config& config, const retention::Before& before,
                                                           bool only_count);

}  // namespace tenantry
