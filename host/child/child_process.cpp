#include "child/child_process.hpp"

#include <list>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "child/supervisor.hpp"

namespace tenantry::child {

// The threads that supervise. They are waited for here, because a runtime may be let go of by somebody in a hurry.
class Farewells {
 public:
  Farewells() = default;
  Farewells(const Farewells&) = delete;
  Farewells& operator=(const Farewells&) = delete;
  // The last runtime may be let go of by a call that ended, on one of the threads.
  ~Farewells() {
    for (auto& one : threads_) {
      if (one.thread.get_id() == std::this_thread::get_id())
        one.thread.detach();
      else
        one.thread.join();
    }
  }

  // Throws std::system_error if there can be no more threads.
  void begin(const std::shared_ptr<Supervisor>& supervisor) {
    const std::scoped_lock lock(mutex_);
    for (auto one = threads_.begin(); one != threads_.end();) {
      if (!*one->over) {
        ++one;
        continue;
      }
      one->thread.join();
      one = threads_.erase(one);
    }
    auto over = std::make_shared<std::atomic<bool>>(false);
    threads_.push_back({std::thread([supervisor, over] {
                          supervisor->live();
                          *over = true;
                        }),
                        over});
  }

 private:
  struct One {
    std::thread thread;
    std::shared_ptr<std::atomic<bool>> over;
  };
  std::mutex mutex_;  // guards what follows
  std::list<One> threads_;
};

namespace {

class ChildCall final : public engine::Call {
 public:
  ChildCall(Calls::Started started, std::weak_ptr<Supervisor> supervisor)
      : started_(std::move(started)), supervisor_(std::move(supervisor)) {}
  void cancel() override {
    if (const auto supervisor = supervisor_.lock()) supervisor->calls().cancel(started_.number);
  }
  void abandon() override {
    started_.live->abandon();
    const auto supervisor = supervisor_.lock();
    if (!supervisor) return;
    if (const auto connection = supervisor->calls().abandon(started_.number)) supervisor->end(connection);
  }

 private:
  const Calls::Started started_;
  const std::weak_ptr<Supervisor> supervisor_;
};

}  // namespace

ChildProcess::ChildProcess(std::shared_ptr<Supervisor> supervisor, std::shared_ptr<Farewells> farewells,
                           model::ManifestPtr manifest)
    : supervisor_(std::move(supervisor)), farewells_(std::move(farewells)), manifest_(std::move(manifest)) {}

ChildProcess::~ChildProcess() { supervisor_->close(); }

std::shared_ptr<engine::Call> ChildProcess::start(engine::Invocation call, std::shared_ptr<engine::CallSink> sink) {
  const auto step = manifest_->find(call.step);
  auto secrets = step ? manifest_->steps[*step].secrets : std::vector<std::string>();
  return std::make_shared<ChildCall>(supervisor_->calls().start(std::move(call), std::move(sink), std::move(secrets)),
                                     supervisor_);
}

engine::RuntimeState ChildProcess::state() const { return supervisor_->state(); }

engine::Loader loader(engine::SettingsOf settings, std::vector<std::string> allow, Options options) {
  return
      [settings = std::move(settings), allow = std::move(allow), options = std::move(options),
       farewells = std::make_shared<Farewells>()](const std::filesystem::path& path) -> base::Result<engine::Loaded> {
        auto file = engine::seal(path, allow);
        if (file.has_error()) return file.error();
        const auto sha256 = file->sha256;
        const auto supervisor = std::make_shared<Supervisor>(std::move(*file), settings, options);
        farewells->begin(supervisor);
        auto known = supervisor->introduction();
        if (known.has_error()) return known.error();
        return engine::Loaded{sha256, known->built_with, known->contract,
                              std::make_shared<ChildProcess>(supervisor, farewells, known->contract->manifest())};
      };
}

}  // namespace tenantry::child
