#include "catalog/watcher.hpp"

namespace tenantry::catalog {

Watcher::Watcher(Catalog& catalog, base::Millis between)
    : thread_([this, &catalog, between] {
        std::unique_lock lock(mutex_);
        while (!ended_.wait_for(lock, between, [this] { return end_; })) {
          lock.unlock();
          (void)catalog.refresh();
          lock.lock();
        }
      }) {}

Watcher::~Watcher() {
  {
    const std::scoped_lock lock(mutex_);
    end_ = true;
  }
  ended_.notify_one();
  thread_.join();
}

}  // namespace tenantry::catalog
