#include "engine/in_process.hpp"

#include <algorithm>
#include <condition_variable>
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
class InProcess::Pool : public std::enable_shared_from_this<InProcess::Pool> {
 public:
  Pool(std::shared_ptr<const OpenEngine> engine, std::size_t threads) : engine_(std::move(engine)), most_(threads) {}

  // False if there is no thread for the call.
  bool start(const std::shared_ptr<LiveCall>& call) {
    const std::scoped_lock lock(mutex_);
    for (auto& worker : workers_) {
      // A thread that is only telling how its call ended takes the next one after that.
      if (worker.gone || worker.next || (worker.call && !worker.call->is_ending())) continue;
      worker.next = call;
      worker.woken.notify_one();
      return true;
    }
    drop_gone();
    if (workers_.size() >= most_) return false;
    auto& worker = workers_.emplace_back();
    worker.next = call;
    try {
      worker.thread = std::thread([self = shared_from_this(), &worker] { self->work(worker); });
    } catch (const std::system_error&) {
      workers_.pop_back();
      return false;
    }
    return true;
  }

  // After this the threads end as soon as their calls let them.
  void stop() {
    std::vector<std::thread> waited_for;
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
      for (auto& worker : workers_) {
        worker.woken.notify_one();
        const bool left_behind = worker.call && worker.call->is_abandoned();
        if (left_behind || worker.thread.get_id() == std::this_thread::get_id())
          worker.thread.detach();
        else
          waited_for.push_back(std::move(worker.thread));
      }
    }
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
    std::condition_variable woken;
    std::shared_ptr<LiveCall> call;  // what it is doing
    std::shared_ptr<LiveCall> next;  // what it shall do after that
    bool gone = false;               // the engine ended the thread
  };

  // Marks the worker, whatever way its thread ends.
  class Departure {
   public:
    Departure(Pool& pool, Worker& worker) : pool_(pool), worker_(worker) {}
    Departure(const Departure&) = delete;
    Departure& operator=(const Departure&) = delete;
    ~Departure() {
      std::shared_ptr<LiveCall> left;
      {
        const std::scoped_lock lock(pool_.mutex_);
        worker_.gone = true;
        worker_.call.reset();
        left = std::move(worker_.next);
      }
      if (left) left->refuse(busy());
    }

   private:
    Pool& pool_;
    Worker& worker_;
  };

  void work(Worker& worker) {
    const Departure departure(*this, worker);
    std::unique_lock lock(mutex_);
    while (true) {
      worker.woken.wait(lock, [&] { return worker.next || stopping_; });
      if (!worker.next) return;
      worker.call = std::move(worker.next);
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
      if (!worker->gone) {
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
  std::list<Worker> workers_;
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
