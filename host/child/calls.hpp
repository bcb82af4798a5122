// The calls of one engine that are out, whatever becomes of the process that carries them. What the process says about
// them is held against engine::LiveCall, as everything an engine says.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mask.hpp"
#include "child/answering.hpp"
#include "child/frames.hpp"
#include "child/outbox.hpp"
#include "engine/call.hpp"
#include "engine/runtime.hpp"

namespace tenantry::child {

// Thread-safe, but for what is said to be the supervisor's: the one thread that reads what the process says.
class Calls {
 public:
  using Clock = std::chrono::steady_clock;

  // A call is overdue at `overrun` after its time limit.
  Calls(std::size_t most, base::Millis overrun) : most_(most), overrun_(overrun), answering_(most) {}
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;

  struct Started {
    std::uint64_t number = 0;  // 0: the sink has heard already that the call cannot be carried out
    std::shared_ptr<engine::LiveCall> live;
  };
  // While no process is connected the call waits for one, unless there is none for some time.
  Started start(engine::Invocation call, std::shared_ptr<engine::CallSink> sink, std::vector<std::string> secrets);
  void cancel(std::uint64_t number);
  // The connection whose process has to be ended, because it has the call; 0: none. The call itself is told by the
  // caller, before.
  [[nodiscard]] std::uint64_t abandon(std::uint64_t number);

  // The supervisor's. From connect() on calls go to this process; the connection's number is returned.
  std::uint64_t connect(std::shared_ptr<Outbox> outbox);
  // What is wrong with the frame, as the rest of a sentence about the process; nullopt: nothing.
  [[nodiscard]] std::optional<std::string> take(const Frame& frame);
  // The process is ending: nothing more is sent to it, and new calls wait for the next one.
  void detach();
  // The process is gone: calls that it had are lost. `why` is a sentence.
  void disconnect(const std::string& why);
  [[nodiscard]] bool gave_up() const;  // this connection had a call that was abandoned, or overdue
  // When the next call is overdue; max(): none is going to be.
  [[nodiscard]] Clock::time_point next_overdue() const;
  // Gives up the calls that are overdue: they are lost, and the process has to be ended.
  void give_up_overdue();
  // There is no process until then: calls that wait are refused, and so are new ones. `why` is a sentence.
  void pause(const std::string& why, Clock::time_point until);
  // There will be one soon: calls wait for it.
  void resume();

  // Without the secrets of the calls that are out.
  [[nodiscard]] std::string masked(std::string_view text) const;

 private:
  struct Flight {
    std::shared_ptr<engine::LiveCall> live;
    model::Op op{};
    Clock::time_point overdue = Clock::time_point::max();
    bool cancelled = false;
    std::string waiting;           // the frame, until it is sent
    std::atomic<int> requests{0};  // that the process waits for
    base::Mask mask;               // guarded by mutex_
  };
  using FlightPtr = std::shared_ptr<Flight>;
  struct Pause {
    std::string why;
    Clock::time_point until;
  };

  [[nodiscard]] FlightPtr find(std::uint64_t number) const;
  // Takes the calls out that the process has, or those that wait.
  std::vector<FlightPtr> remove(bool sent);
  std::optional<std::string> answer(const Frame& frame, const FlightPtr& flight);
  std::optional<std::string> finish(const Frame& frame, const FlightPtr& flight);

  void lose(const std::vector<FlightPtr>& flights, const std::string& why, std::size_t suspects);

  const std::size_t most_;
  const base::Millis overrun_;
  mutable std::mutex mutex_;  // guards what follows
  std::unordered_map<std::uint64_t, FlightPtr> flights_;
  std::uint64_t last_ = 0;
  std::shared_ptr<Outbox> outbox_;  // null: not connected
  std::uint64_t connection_ = 0;
  bool gave_up_ = false;
  std::optional<Pause> pause_;
  Answering answering_;  // the supervisor's; ends before what its actions use
};

}  // namespace tenantry::child
