#include "overtime.hpp"

#include <unistd.h>

#include <utility>

namespace tenantry {

Overtime::Overtime(base::Millis limit, std::function<void()> last_words)
    : thread_([this, limit, last_words = std::move(last_words)] {
        std::unique_lock lock(mutex_);
        if (changed_.wait_for(lock, limit, [this] { return ended_; })) return;
        last_words();
        ::_exit(1);
      }) {}

Overtime::~Overtime() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

}  // namespace tenantry
