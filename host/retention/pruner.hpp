// Keeps a store from growing for ever: deletes, from time to time and beside everything else, what is older than the
// operator wants it.
#pragma once
#include <condition_variable>
#include <mutex>
#include <thread>

#include "retention/prune.hpp"

namespace tenantry::retention {

// How long things are kept; nullopt: for ever.
struct Policy {
  std::optional<base::Millis> events;      // since they happened
  std::optional<base::Millis> runs;        // since they were finished; batches likewise
  std::optional<base::Millis> deliveries;  // since they were made
};

// Often enough that nothing is kept for much longer than it should be: a twentieth of the shortest time, at least a
// second and at most an hour; nullopt: never.
[[nodiscard]] std::optional<base::Millis> between_looks(const Policy& policy);

// One thread; none if everything is kept. Where several hosts share a store, only the one that lives for longest acts.
class Pruner {
 public:
  // What is passed in outlives it.
  Pruner(store::Store& store, const base::Clock& clock, store::HostLife self, Policy policy);
  ~Pruner();  // stop()
  Pruner(const Pruner&) = delete;
  Pruner& operator=(const Pruner&) = delete;

  void start();
  void stop();  // waits for the helping that is being deleted

  // What the thread does each time.
  [[nodiscard]] base::Result<Counts> look();

 private:
  void watch(base::Millis pause);
  [[nodiscard]] bool rest(base::Millis pause);  // false: it is to stop

  store::Store& store_;
  const base::Clock& clock_;
  const store::HostLife self_;
  const Policy policy_;
  std::mutex mutex_;  // guards stopping_
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tenantry::retention
