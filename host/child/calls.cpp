#include "child/calls.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "child/messages.hpp"
#include "engine/answer.hpp"
#include "engine/limits.hpp"

namespace tenantry::child {
namespace {

using engine::Answer;
using engine::host_answer;
using engine::LiveCall;
using model::FailureClass;
using model::Outcome;

constexpr int kMaxRequests = 64;  // of one call at once; an engine has as many threads of its own at most
constexpr base::Millis kMoment{50};

Answer busy() {
  return host_answer(Outcome::kRetry, FailureClass::kEngineUnavailable, "host.engine_busy",
                     "All threads of the engine are taken.");
}

Answer gone(const std::string& why, Calls::Clock::time_point until) {
  const auto left = std::chrono::ceil<base::Millis>(until - Calls::Clock::now());
  auto answer = host_answer(Outcome::kRetry, FailureClass::kEngineUnavailable, "host.engine_gone",
                            why + " It is started again in a moment.");
  answer.failure->next_action = "Wait; if it keeps ending, look into the log of the host.";
  answer.retry_after = std::max(left, base::Millis{0}) + kMoment;
  return answer;
}

Answer lost(const std::string& why, std::size_t suspects) {
  auto answer = host_answer(Outcome::kLost, FailureClass::kUnknownOutcome, "host.engine_died", why);
  answer.suspects = suspects;
  return answer;
}

bool is_wrong(const BodyReader& body) { return !body.is_whole(); }
const char* const kUnreadable = "sent a message that cannot be read";

}  // namespace

Calls::Started Calls::start(engine::Invocation call, std::shared_ptr<engine::CallSink> sink,
                            std::vector<std::string> secrets) {
  auto flight = std::make_shared<Flight>();
  flight->op = call.op;
  if (call.timeout.count() > 0) flight->overdue = Clock::now() + call.timeout + overrun_;
  std::unique_lock lock(mutex_);
  const auto number = ++last_;
  lock.unlock();
  auto frame = encode_call(number, call);
  flight->live = std::make_shared<LiveCall>(std::move(call), std::move(sink), std::move(secrets));
  if (frame.size() > kMaxFromHost) {
    flight->live->refuse(host_answer(Outcome::kFailed, FailureClass::kInvalidInput, "host.input_too_large",
                                     "What the step reads is larger than " + std::to_string(kMaxFromHost) + " bytes."));
    return {0, flight->live};
  }
  lock.lock();
  auto refused = pause_ ? std::optional(gone(pause_->why, pause_->until)) : std::nullopt;
  if (!refused && (flights_.size() >= most_ || (outbox_ && !outbox_->send(frame)))) refused = busy();
  if (refused) {
    lock.unlock();
    flight->live->refuse(std::move(*refused));
    return {0, flight->live};
  }
  if (!outbox_) flight->waiting = std::move(frame);
  flights_.emplace(number, flight);
  return {number, flight->live};
}

void Calls::cancel(std::uint64_t number) {
  const std::scoped_lock lock(mutex_);
  const auto found = flights_.find(number);
  if (found == flights_.end() || std::exchange(found->second->cancelled, true)) return;
  if (outbox_ && found->second->waiting.empty())
    static_cast<void>(outbox_->send(FrameWriter(Kind::kCancel, number).take()));
}

std::uint64_t Calls::abandon(std::uint64_t number) {
  const std::scoped_lock lock(mutex_);
  const auto found = flights_.find(number);
  if (found == flights_.end()) return 0;
  const bool had_it = found->second->waiting.empty();
  flights_.erase(found);
  if (!had_it || !outbox_) return 0;
  gave_up_ = true;
  return connection_;
}

std::uint64_t Calls::connect(std::shared_ptr<Outbox> outbox) {
  const std::scoped_lock lock(mutex_);
  outbox_ = std::move(outbox);
  gave_up_ = false;
  for (auto& [number, flight] : flights_) {
    auto frame = std::exchange(flight->waiting, {});
    if (const auto left = flight->live->remaining_ms(); left < UINT64_MAX)
      set_timeout(frame, base::Millis{static_cast<std::int64_t>(std::max<std::uint64_t>(left, 1))});
    static_cast<void>(outbox_->send(frame));
    if (flight->cancelled) static_cast<void>(outbox_->send(FrameWriter(Kind::kCancel, number).take()));
  }
  return ++connection_;
}

Calls::FlightPtr Calls::find(std::uint64_t number) const {
  const std::scoped_lock lock(mutex_);
  const auto found = flights_.find(number);
  return found == flights_.end() || !found->second->waiting.empty() ? nullptr : found->second;
}

std::optional<std::string> Calls::take(const Frame& frame) {
  const auto flight = find(frame.call);
  if (!flight) {
    if (gave_up()) return std::nullopt;  // it is being ended anyway
    return "spoke of a call that is not out";
  }
  BodyReader body(frame.body);
  auto& live = *flight->live;
  switch (frame.kind) {
    case Kind::kLog: {
      const auto level = body.number();
      const auto message = body.text();
      const auto fields = body.text();
      if (is_wrong(body)) return kUnreadable;
      live.log(static_cast<std::int32_t>(std::min<std::uint64_t>(level, 99)), message, fields);
      return std::nullopt;
    }
    case Kind::kProgress: {
      const auto permille = body.number();
      const auto note = body.text();
      if (is_wrong(body)) return kUnreadable;
      live.progress(static_cast<std::uint32_t>(std::min<std::uint64_t>(permille, 1000)), note);
      return std::nullopt;
    }
    case Kind::kHeartbeat:
      if (is_wrong(body)) return kUnreadable;
      live.heartbeat();
      return std::nullopt;
    case Kind::kEvent: {
      const auto type = body.text();
      const auto data = body.text();
      if (is_wrong(body)) return kUnreadable;
      live.emit(type, data);
      return std::nullopt;
    }
    case Kind::kSaveCheckpoint:
    case Kind::kGetSecret:
    case Kind::kPutSecret:
      return answer(frame, flight);
    case Kind::kFinished:
      return finish(frame, flight);
    default:
      return "sent a message of an unknown kind";
  }
}

// On another thread: the reader has other calls to attend to.
std::optional<std::string> Calls::answer(const Frame& frame, const FlightPtr& flight) {
  BodyReader body(frame.body);
  const auto request = body.number();
  std::string first(body.text());
  std::string value(frame.kind == Kind::kPutSecret ? body.text() : std::string_view());
  if (is_wrong(body)) return kUnreadable;
  if (flight->requests >= kMaxRequests) return "asked for too much at once";
  ++flight->requests;
  std::shared_ptr<Outbox> outbox;
  {
    const std::scoped_lock lock(mutex_);
    outbox = outbox_;
  }
  const auto remember = [this, flight](std::string_view secret) {
    const std::scoped_lock lock(mutex_);
    flight->mask.add(secret);
  };
  answering_.put([flight, outbox, request, remember, kind = frame.kind, first = std::move(first),
                  value = std::move(value)]() mutable {
    bool granted = false;
    const std::string* found = nullptr;
    if (kind == Kind::kSaveCheckpoint) granted = flight->live->save_checkpoint(first);
    if (kind == Kind::kGetSecret) granted = (found = flight->live->secret(first)) != nullptr;
    if (kind == Kind::kPutSecret) granted = flight->live->put_secret(first, value);
    if (granted && kind != Kind::kSaveCheckpoint) remember(found != nullptr ? *found : value);
    const std::string_view reply = found != nullptr ? std::string_view(*found) : std::string_view();
    auto written = FrameWriter(Kind::kReply, request, reply.size() + 64).number(granted ? 1 : 0).text(reply).take();
    --flight->requests;  // before the process can know
    static_cast<void>(outbox->send(written));
    base::wipe(written);
    base::wipe(value);
  });
  return std::nullopt;
}

std::optional<std::string> Calls::finish(const Frame& frame, const FlightPtr& flight) {
  if (flight->requests > 0) return "ended a call that still waits for an answer of the host";
  auto answer = decode_answer(frame.body, flight->op);
  if (!answer) return kUnreadable;
  {
    const std::scoped_lock lock(mutex_);
    flights_.erase(frame.call);
  }
  flight->live->refuse(std::move(*answer));
  return std::nullopt;
}

std::vector<Calls::FlightPtr> Calls::remove(bool sent) {
  std::vector<FlightPtr> out;
  for (auto flight = flights_.begin(); flight != flights_.end();) {
    if (flight->second->waiting.empty() == sent) {
      out.push_back(std::move(flight->second));
      flight = flights_.erase(flight);
    } else {
      ++flight;
    }
  }
  return out;
}

void Calls::detach() {
  const std::scoped_lock lock(mutex_);
  if (outbox_) outbox_->close();
  outbox_.reset();
}

void Calls::disconnect(const std::string& why) {
  detach();
  std::unique_lock lock(mutex_);
  const auto had = remove(true);
  const auto suspects = gave_up_ ? engine::kInnocent : had.size();
  lock.unlock();
  lose(had, why, suspects);
}

void Calls::lose(const std::vector<FlightPtr>& flights, const std::string& why, std::size_t suspects) {
  for (const auto& flight : flights) {
    // A sink that is asked for a commit right now hears of the end after that.
    if (flight->requests > 0)
      answering_.put([flight, answer = lost(why, suspects)] { flight->live->refuse(answer); });
    else
      flight->live->refuse(lost(why, suspects));
  }
}

Calls::Clock::time_point Calls::next_overdue() const {
  const std::scoped_lock lock(mutex_);
  auto next = Clock::time_point::max();
  for (const auto& [number, flight] : flights_) next = std::min(next, flight->overdue);
  return next;
}

void Calls::give_up_overdue() {
  std::vector<FlightPtr> late;
  const auto now = Clock::now();
  std::unique_lock lock(mutex_);
  for (auto flight = flights_.begin(); flight != flights_.end();) {
    if (flight->second->overdue <= now) {
      gave_up_ = true;
      late.push_back(std::move(flight->second));
      flight = flights_.erase(flight);
    } else {
      ++flight;
    }
  }
  lock.unlock();
  lose(late, "The call did not end long after its time limit, and the engine's process was killed.", late.size());
}

bool Calls::gave_up() const {
  const std::scoped_lock lock(mutex_);
  return gave_up_;
}

void Calls::pause(const std::string& why, Clock::time_point until) {
  std::unique_lock lock(mutex_);
  pause_ = Pause{why, until};
  const auto waited = remove(false);
  lock.unlock();
  for (const auto& flight : waited) flight->live->refuse(gone(why, until));
}

void Calls::resume() {
  const std::scoped_lock lock(mutex_);
  pause_.reset();
}

std::string Calls::masked(std::string_view text) const {
  const std::scoped_lock lock(mutex_);
  std::string out(text);
  for (const auto& [number, flight] : flights_)
    if (!flight->mask.empty()) out = flight->mask.apply(out);
  return out;
}

}  // namespace tenantry::child
