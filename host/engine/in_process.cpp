#include "engine/in_process.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "engine/answer.hpp"
#include "engine/call.hpp"

namespace tenantry::engine {
namespace {

Answer busy() {
  return host_answer(model::Outcome::kRetry, model::FailureClass::kEngineUnavailable, "host.engine_busy",
                     "All threads of the engine are taken.");
}

}  // namespace

// Owned by the runtime and by each of its threads, so that one that is left behind finds everything it needs.
//
// Calls wait in one line, and threads are woken (or made) one after the other: whoever is woken takes a call and sends
// for the next thread if there is more to do. Many short calls are thus carried out by the few threads that are awake
// anyway, and many long ones still all begin at once, but for the time it takes to wake a thread.
class InProcess::Pool : public std::enable_shared_from_this<InProcess::Pool> {
 public:
  Pool(std::shared_ptr<const OpenEngine> engine, std::size_t threads) : engine_(std::move(engine)), most_(threads) {}

  // False if there is no thread for the call.
  bool start(const std::shared_ptr<LiveCall>& call) {
    const std::scoped_lock lock(mutex_);
    if (line_.size() + workers_.size() >= most_ && line_.size() + engaged() >= most_) return false;
    line_.push_back(call);
    wake_next();
    if (!workers_.empty()) return true;
    line_.pop_back();  // not even one thread could be made
    return false;
  }

  // After this the threads end as soon as their calls let them.
  void stop() {
    std::vector<std::thread> waited_for;
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
      for (auto& worker : workers_) {
        const bool left_behind = worker.call && worker.call->is_abandoned();
        if (left_behind || worker.thread.get_id() == std::this_thread::get_id())
          worker.thread.detach();
        else
          waited_for.push_back(std::move(worker.thread));
      }
    }
    arrived_.notify_all();
    for (auto& thread : waited_for) thread.join();
  }

  [[nodiscard]] std::size_t stuck() const {
    const std::scoped_lock lock(mutex_);
    return static_cast<std::size_t>(std::count_if(workers_.begin(), workers_.end(), [](const Worker& worker) {
      return worker.call && worker.call->is_abandoned();
    }));
  }

 private:
  struct Worker {
    std::thread thread;
    std::shared_ptr<LiveCall> call;  // what it is doing
    bool gone = false;               // the engine ended the thread
  };

  // Marks the worker, whatever way its thread ends.
  class Departure {
   public:
    Departure(Pool& pool, Worker& worker) : pool_(pool), worker_(worker) {}
    Departure(const Departure&) = delete;
    Departure& operator=(const Departure&) = delete;
    ~Departure() {
      const std::scoped_lock lock(pool_.mutex_);
      worker_.gone = true;
      worker_.call.reset();
      if (!pool_.stopping_) pool_.wake_next();
    }

   private:
    Pool& pool_;
    Worker& worker_;
  };

  // Those that will not take a call soon. A thread that is only telling how its call ended will. Under the lock.
  [[nodiscard]] std::size_t engaged() const {
    return static_cast<std::size_t>(std::count_if(workers_.begin(), workers_.end(), [](const Worker& worker) {
      return !worker.gone && worker.call && !worker.call->is_ending();
    }));
  }

  // At most one thread at a time is on its way, and the next is sent for by that one. If there is none to send for,
  // then one that is about to be free takes what waits. Under the lock.
  void wake_next() {
    if (line_.empty() || waking_) return;
    if (idle_ > 0) {
      waking_ = true;
      arrived_.notify_one();
      return;
    }
    drop_gone();
    const auto present = std::count_if(workers_.begin(), workers_.end(), [](const Worker& one) { return !one.gone; });
    if (static_cast<std::size_t>(present) >= most_) return;
    auto& worker = workers_.emplace_back();
    try {
      worker.thread = std::thread([self = shared_from_this(), &worker] { self->work(worker); });
      waking_ = true;
    } catch (const std::system_error&) {
      workers_.pop_back();
    }
  }

  void work(Worker& worker) {
    const Departure departure(*this, worker);
    std::unique_lock lock(mutex_);
    waking_ = false;
    while (true) {
      while (line_.empty() && !stopping_) {
        ++idle_;
        arrived_.wait(lock);
        --idle_;
        waking_ = false;  // also if what it was woken for is in other hands by now
      }
      if (line_.empty()) return;
      worker.call = std::move(line_.front());
      line_.pop_front();
      wake_next();
      const auto call = worker.call;
      lock.unlock();
      LiveCall::carry_out(call, engine_->plugin(), engine_->engine());
      lock.lock();
      worker.call.reset();
    }
  }

  // A thread that the engine ended is joined when its place is needed. Under the lock.
  void drop_gone() {
    for (auto worker = workers_.begin(); worker != workers_.end();) {
      if (!worker->gone || worker->thread.get_id() == std::this_thread::get_id()) {
        ++worker;
        continue;
      }
      worker->thread.join();
      worker = workers_.erase(worker);
    }
  }

  const std::shared_ptr<const OpenEngine> engine_;
  const std::size_t most_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable arrived_;
  std::deque<std::shared_ptr<LiveCall>> line_;
  std::list<Worker> workers_;
  std::size_t idle_ = 0;
  bool waking_ = false;  // a thread was sent for and has not come yet
  bool stopping_ = false;
};

InProcess::InProcess(std::shared_ptr<const OpenEngine> engine, model::ManifestPtr manifest, std::size_t threads)
    : manifest_(std::move(manifest)), pool_(std::make_shared<Pool>(std::move(engine), threads)) {}

InProcess::~InProcess() { pool_->stop(); }

std::shared_ptr<Call> InProcess::start(Invocation invocation, std::shared_ptr<CallSink> sink) {
  const auto step = manifest_->find(invocation.step);
  auto secrets = step ? manifest_->steps[*step].secrets : std::vector<std::string>();
  auto call = std::make_shared<LiveCall>(std::move(invocation), std::move(sink), std::move(secrets));
  if (!pool_->start(call)) call->refuse(busy());
  return call;
}

std::size_t InProcess::stuck() const { return pool_->stuck(); }

}  // namespace tenantry::engine
