// Keeps a catalog up to date while the host runs.
#pragma once
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/clock.hpp"
#include "catalog/catalog.hpp"

namespace tenantry::catalog {

// Refreshes a catalog for as long as it lives, on a thread of its own.
class Watcher {
 public:
  // Two looks are between a file's last byte and its use.
  static constexpr base::Millis kBetweenLooks{400};

  explicit Watcher(Catalog& catalog, base::Millis between = kBetweenLooks);
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  ~Watcher();  // waits for a file that is being loaded

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool end_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace tenantry::catalog
