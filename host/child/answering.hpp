// Threads for what a process asks of the host and what takes as long as a commit.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace tenantry::child {

// Made when they are needed, at most `most`, and kept. Thread-safe.
class Answering {
 public:
  using Action = std::function<void()>;

  explicit Answering(std::size_t most) : most_(most) {}
  Answering(const Answering&) = delete;
  Answering& operator=(const Answering&) = delete;
  // Everything that was put is done first.
  ~Answering() {
    {
      const std::scoped_lock lock(mutex_);
      ending_ = true;
    }
    woken_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  // From one thread at a time. The action throws nothing.
  void put(Action action) {
    {
      const std::scoped_lock lock(mutex_);
      waiting_.push_back(std::move(action));
      if (waiting_.size() > idle_ && threads_.size() < most_) add_thread();
    }
    woken_.notify_one();
  }

 private:
  // Under the lock. Without another thread those that there are do it later; the first one has to come.
  void add_thread() {
    try {
      threads_.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
      if (threads_.empty()) throw;
    }
  }

  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      ++idle_;
      woken_.wait(lock, [&] { return ending_ || !waiting_.empty(); });
      --idle_;
      if (waiting_.empty()) return;
      auto action = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      action();
      action = nullptr;
      lock.lock();
    }
  }

  const std::size_t most_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable woken_;
  std::deque<Action> waiting_;
  std::size_t idle_ = 0;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tenantry::child
