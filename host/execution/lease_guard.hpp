// Ends the calls of a host whose lease is about to run out, on a thread of its own: the store may be away, and the
// scheduler may be waiting for it. Another host takes the runs when the lease is over; no call of ours may still be
// changing the ERP then.
#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "base/clock.hpp"
#include "engine/runtime.hpp"

namespace tenantry::execution {

// Thread-safe. Without start() nothing is ever given up: nobody else can take the runs.
class LeaseGuard {
 public:
  explicit LeaseGuard(const base::Clock& clock) : clock_(clock) {}
  LeaseGuard(const LeaseGuard&) = delete;
  LeaseGuard& operator=(const LeaseGuard&) = delete;
  ~LeaseGuard();

  void start();
  void leased_until(base::Time until);
  // A call that is out, until remove(); null is nothing. Given up at once if the others are.
  void add(std::shared_ptr<engine::Call> call);
  void remove(const std::shared_ptr<engine::Call>& call);
  // Every call was given up. Stays so until reset().
  [[nodiscard]] bool gave_up();
  void reset();

 private:
  void watch();
  void look();  // with mutex_ held

  const base::Clock& clock_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::optional<base::Time> until_;  // nullopt: no lease yet
  std::set<std::shared_ptr<engine::Call>> calls_;
  bool gave_up_ = false;
  bool watching_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tenantry::execution
