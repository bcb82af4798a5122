#include "child/runner.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <future>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/mask.hpp"
#include "child/confine.hpp"
#include "child/frames.hpp"
#include "child/messages.hpp"
#include "child/process.hpp"
#include "engine/in_process.hpp"
#include "engine/library.hpp"
#include "engine/plugin_file.hpp"

namespace tenantry::child {
namespace {

constexpr int kNotStartedByHost = 2;

// Without the host nothing may go on, not even what the engine started. Async-signal-safe: nothing of this process is
// relied on.
[[noreturn]] void end_with_group() {
  if (::getpgrp() == ::getpid()) ::kill(0, SIGKILL);
  ::_exit(1);
}

// The way to the host. Thread-safe; whoever sends waits until the host has taken it.
class Host {
 public:
  struct Reply {
    bool granted = false;
    std::string value;
  };

  void send(std::string_view frame) {
    const std::scoped_lock lock(sending_);
    while (!frame.empty()) {
      const auto wrote = ::send(kChannel, frame.data(), frame.size(), MSG_NOSIGNAL);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) end_with_group();
      frame.remove_prefix(static_cast<std::size_t>(wrote));
    }
  }

  // Sends what `write` makes of the number of the request, and waits for the reply.
  template <class Write>
  Reply ask(Write write) {
    std::promise<Reply> promise;
    auto reply = promise.get_future();
    std::uint64_t request = 0;
    {
      const std::scoped_lock lock(asking_);
      request = ++last_;
      asked_.emplace(request, &promise);
    }
    auto frame = write(request);
    send(frame);
    base::wipe(frame);
    return reply.get();
  }

  // The thread that reads.
  void replied(const Frame& frame) {
    BodyReader body(frame.body);
    Reply reply{body.number() == 1, std::string(body.text())};
    const std::scoped_lock lock(asking_);
    const auto found = asked_.find(frame.call);
    if (found == asked_.end()) return;
    found->second->set_value(std::move(reply));
    asked_.erase(found);
  }

 private:
  std::mutex sending_;
  std::mutex asking_;  // guards what follows
  std::uint64_t last_ = 0;
  std::unordered_map<std::uint64_t, std::promise<Reply>*> asked_;
};

// The calls that are out, as the host may cancel them.
class Running {
 public:
  void begin(std::uint64_t number) {
    const std::scoped_lock lock(mutex_);
    calls_[number] = nullptr;
  }
  // Nothing if it is over already.
  void put(std::uint64_t number, std::shared_ptr<engine::Call> call) {
    const std::scoped_lock lock(mutex_);
    if (const auto found = calls_.find(number); found != calls_.end()) found->second = std::move(call);
  }
  void end(std::uint64_t number) {
    std::shared_ptr<engine::Call> call;
    const std::scoped_lock lock(mutex_);
    if (const auto found = calls_.find(number); found != calls_.end()) {
      call = std::move(found->second);
      calls_.erase(found);
    }
  }
  void cancel(std::uint64_t number) {
    std::shared_ptr<engine::Call> call;
    {
      const std::scoped_lock lock(mutex_);
      if (const auto found = calls_.find(number); found != calls_.end()) call = found->second;
    }
    if (call) call->cancel();
  }

 private:
  std::mutex mutex_;  // guards what follows
  std::unordered_map<std::uint64_t, std::shared_ptr<engine::Call>> calls_;
};

// Passes everything on.
class RemoteSink final : public engine::CallSink {
 public:
  RemoteSink(Host& host, Running& running, std::uint64_t number) : host_(host), running_(running), number_(number) {}

  void log(engine::LogLevel level, std::string_view message, std::string_view fields) override {
    host_.send(FrameWriter(Kind::kLog, number_, message.size() + fields.size() + 64)
                   .number(static_cast<std::uint64_t>(level))
                   .text(message)
                   .text(fields)
                   .take());
  }
  void progress(std::uint32_t permille, std::string_view note) override {
    host_.send(FrameWriter(Kind::kProgress, number_).number(permille).text(note).take());
  }
  void heartbeat() override { host_.send(FrameWriter(Kind::kHeartbeat, number_).take()); }
  void emit(std::string_view type, std::string_view data) override {
    host_.send(FrameWriter(Kind::kEvent, number_).text(type).text(data).take());
  }
  [[nodiscard]] bool save_checkpoint(std::string_view bytes) override {
    return host_
        .ask([&](std::uint64_t request) {
          return FrameWriter(Kind::kSaveCheckpoint, number_, bytes.size() + 64).number(request).text(bytes).take();
        })
        .granted;
  }
  [[nodiscard]] std::optional<std::string> secret(std::string_view name) override {
    auto reply = host_.ask([&](std::uint64_t request) {
      return FrameWriter(Kind::kGetSecret, number_).number(request).text(name).take();
    });
    if (!reply.granted) return std::nullopt;
    return std::move(reply.value);
  }
  [[nodiscard]] bool put_secret(std::string_view name, std::string_view value) override {
    return host_
        .ask([&](std::uint64_t request) {
          return FrameWriter(Kind::kPutSecret, number_, name.size() + value.size() + 64)
              .number(request)
              .text(name)
              .text(value)
              .take();
        })
        .granted;
  }
  void finished(engine::Answer answer) override {
    running_.end(number_);
    host_.send(encode_answer(number_, answer));
  }

 private:
  Host& host_;
  Running& running_;
  const std::uint64_t number_;
};

class Runner {
 public:
  [[noreturn]] void run() {
    auto load = next();
    BodyReader body(load.body);
    const std::string name(body.text());
    Limits limits;
    limits.user = body.text();
    threads_ = body.number();
    limits.memory_mb = body.number();
    limits.open_files = body.number();
    limits.processes = body.number();
    if (load.kind != Kind::kLoad || !body.is_whole()) end_with_group();

    if (const auto fault = confine(limits, threads_)) refuse(engine::refusal(name, *fault));
    auto plugin = engine::map_plugin(name, engine::Descriptor(kLibrary));
    if (plugin.has_error()) refuse(plugin.error());
    host_.send(FrameWriter(Kind::kHello).text(plugin->built_with).text(plugin->manifest).take());

    const auto open = next();
    BodyReader settings(open.body);
    const auto manifest = engine::accept_manifest(name, plugin->manifest);
    if (open.kind != Kind::kOpen || manifest.has_error()) end_with_group();
    auto engine = engine::open_plugin(*plugin, settings.text());
    if (engine.has_error()) refuse(engine.error());
    runtime_ = std::make_unique<engine::InProcess>(std::move(*engine), *manifest, threads_);
    host_.send(FrameWriter(Kind::kOpened).take());
    for (;;) obey(next());
  }

 private:
  Frame next() {
    for (;;) {
      if (const auto frame = in_.next()) return *frame;
      if (in_.is_broken() || in_.receive(kChannel) == FrameBuffer::Got::kEnd) end_with_group();
    }
  }

  [[noreturn]] void refuse(const base::Error& error) {
    host_.send(FrameWriter(Kind::kRefused).text(error.message).take());
    for (;;) static_cast<void>(next());  // until the host has read it
  }

  void obey(const Frame& frame) {
    switch (frame.kind) {
      case Kind::kCall: {
        auto call = decode_call(frame.body);
        if (!call) end_with_group();
        running_.begin(frame.call);
        running_.put(frame.call,
                     runtime_->start(std::move(*call), std::make_shared<RemoteSink>(host_, running_, frame.call)));
        return;
      }
      case Kind::kCancel:
        return running_.cancel(frame.call);
      case Kind::kReply:
        return host_.replied(frame);
      case Kind::kClose:
        runtime_.reset();
        ::_exit(0);
      default:
        end_with_group();
    }
  }

  FrameBuffer in_{kMaxFromHost};
  Host host_;
  Running running_;
  std::size_t threads_ = 1;
  std::unique_ptr<engine::InProcess> runtime_;
};

}  // namespace

int run_engine() {
  struct stat channel {};
  if (::fstat(kChannel, &channel) != 0 || !S_ISSOCK(channel.st_mode)) {
    std::fputs("tenantry: engine-runner is started by the host itself.\n", stderr);
    return kNotStartedByHost;
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::fcntl(kChannel, F_SETFD, FD_CLOEXEC);
  ::fcntl(kLibrary, F_SETFD, FD_CLOEXEC);
  ::signal(SIGPIPE, SIG_IGN);
  // What the engine prints is to be read in the order and at the time it was printed.
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  Runner().run();
}

}  // namespace tenantry::child
