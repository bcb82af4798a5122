// Tells callers what became of their commands, on threads of its own: describing a run, keeping the answer and sending
// it take longer than the scheduler may be held up.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace tenantry::execution {

// Thread-safe. What was given is carried out, also by finish() and the destructor.
class Answering {
 public:
  using Told = std::function<void()>;

  explicit Answering(int threads) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  }
  Answering(const Answering&) = delete;
  Answering& operator=(const Answering&) = delete;
  ~Answering() { finish(); }

  // Nothing may be given any more.
  void finish() {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    given_.notify_all();
    for (auto& thread : threads_)
      if (thread.joinable()) thread.join();
  }

  void give(Told told) {
    {
      const std::scoped_lock lock(mutex_);
      line_.push_back(std::move(told));
    }
    given_.notify_one();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      given_.wait(lock, [this] { return stopping_ || !line_.empty(); });
      if (line_.empty()) return;
      const auto told = std::move(line_.front());
      line_.pop_front();
      lock.unlock();
      told();
      lock.lock();
    }
  }

  std::mutex mutex_;  // guards what follows
  std::condition_variable given_;
  std::deque<Told> line_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tenantry::execution
