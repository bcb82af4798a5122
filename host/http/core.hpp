// What all connections of a server share: the routes, the pool, the keeper, the counts. Internal to the room.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "http/connection.hpp"
#include "http/server.hpp"

namespace tenantry::http {

// A fixed number of threads and a bounded queue.
class Pool {
 public:
  Pool(int threads, std::size_t queue);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool();

  // False if the queue is full or the pool has stopped; `work` is then untouched.
  [[nodiscard]] bool submit(std::function<void()>& work);
  void stop();  // waits for what runs; what waits is dropped

 private:
  void run();

  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

// One thread that finishes what a slow reader left over, reads requests that waited behind another, and ends what
// takes too long.
class Keeper {
 public:
  explicit Keeper(Core& core);
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;
  ~Keeper();

  void start();
  void stop();
  void watch(int fd, std::uint64_t connection);  // until unwatch: Connection::on_writable when it becomes writable
  void unwatch(int fd);
  void pump_later(std::shared_ptr<Connection> connection);

 private:
  void run();

  Core& core_;
  int epoll_ = -1;
  int wakeup_ = -1;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Connection>> later_;
  std::atomic<bool> stopped_ = false;
  std::thread thread_;
};

class Core : public std::enable_shared_from_this<Core> {
 public:
  Core(Options options, Router router);

  // nullptr: no more connections are taken, nothing may be read from it.
  std::shared_ptr<Connection> connected(int fd, std::string peer);
  void gone(std::uint64_t id);
  [[nodiscard]] std::shared_ptr<Connection> find(std::uint64_t id) const;
  [[nodiscard]] std::vector<std::shared_ptr<Connection>> connections() const;

  // Answers it here or has it answered by its route's handler.
  void dispatch(Request request, const std::shared_ptr<Exchange>& exchange);
  [[nodiscard]] bool idle() const;  // nothing to answer and nothing to write

  const Options options;
  const Router router;
  Pool pool;
  Keeper keeper;
  std::atomic<bool> draining = false;
  std::atomic<std::size_t> in_flight = 0;
  std::atomic<std::size_t> flushing = 0;
  std::atomic<std::size_t> streams = 0;

 private:
  mutable std::mutex mutex_;
  std::uint64_t next_id_ = 1;
  std::unordered_map<std::uint64_t, std::shared_ptr<Connection>> connections_;
};

}  // namespace tenantry::http
