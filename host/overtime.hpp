// Ends the process when it has not ended by itself in time: whoever asks a store that is away may wait for ever, and
// nothing is lost that kill -9 would not lose.
#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/clock.hpp"

namespace tenantry {

class Overtime {
 public:
  // After `limit` `last_words` is called, on a thread of this, and the process ends with exit code 1.
  Overtime(base::Millis limit, std::function<void()> last_words);
  ~Overtime();  // it ended in time
  Overtime(const Overtime&) = delete;
  Overtime& operator=(const Overtime&) = delete;

 private:
  std::mutex mutex_;  // guards ended_
  std::condition_variable changed_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace tenantry
