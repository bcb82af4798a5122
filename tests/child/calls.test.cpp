// A process that says what no honest one would.
#include "child/calls.hpp"

#include <sys/eventfd.h>
#include <sys/socket.h>

#include "child/messages.hpp"
#include "engine/descriptor.hpp"
#include "engine/fixture.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"

namespace tenantry::child {
namespace {

using engine::Recorder;
using model::Outcome;

// The host's side of a connection, and what arrives at the other end of it.
class Connected {
 public:
  explicit Connected(std::size_t most = 4)
      : calls(most, base::Millis{60'000}), wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    connect();
  }

  void connect() {
    int ends[2] = {-1, -1};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    ours_.reset(ends[0]);
    theirs_.reset(ends[1]);
    received_ = std::make_unique<FrameBuffer>(kMaxFromHost);
    outbox = std::make_shared<Outbox>(ours_.get(), wake_.get());
    connection = calls.connect(outbox);
  }
  std::uint64_t start(const std::shared_ptr<Recorder>& sink) {
    engine::Invocation call;
    call.step = "one";
    call.input = "{}";
    started = calls.start(call, sink, {"db_admin"});
    return started.number;
  }
  // What the frame is answered with: "" if nothing is wrong with it.
  std::string say(std::string frame) {
    FrameBuffer buffer(kMaxFromProcess);
    int ends[2] = {-1, -1};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    const engine::Descriptor in(ends[0]);
    const engine::Descriptor out(ends[1]);
    REQUIRE(::send(out.get(), frame.data(), frame.size(), 0) == static_cast<ssize_t>(frame.size()));
    (void)buffer.receive(in.get());
    const auto read = buffer.next();
    REQUIRE(read.has_value());
    return calls.take(*read).value_or("");
  }
  std::optional<Frame> next() {
    (void)received_->receive(theirs_.get());
    return received_->next();
  }

  std::shared_ptr<Outbox> outbox;
  std::uint64_t connection = 0;
  Calls::Started started;
  Calls calls;

 private:
  engine::Descriptor wake_;
  engine::Descriptor ours_;
  engine::Descriptor theirs_;
  std::unique_ptr<FrameBuffer> received_;
};

std::string done(std::uint64_t call) {
  engine::Answer answer;
  answer.outcome = Outcome::kDone;
  answer.output = "{}";
  return encode_answer(call, answer);
}

TEST_CASE("a process that speaks of calls that are not out is found out") {
  Connected host;
  const auto sink = std::make_shared<Recorder>();
  const auto call = host.start(sink);
  const auto heartbeat = [](std::uint64_t number) { return FrameWriter(Kind::kHeartbeat, number).take(); };
  CHECK(host.say(heartbeat(call)).empty());
  CHECK(host.say(heartbeat(call + 1)) == "spoke of a call that is not out");
  CHECK(host.say(heartbeat(0)) == "spoke of a call that is not out");
  CHECK(host.say(done(call)).empty());
  CHECK(sink->answer().outcome == Outcome::kDone);
  CHECK(host.say(done(call)) == "spoke of a call that is not out");
  CHECK(sink->answers().size() == 1);
  CHECK(sink->heartbeats() == 1);
}

TEST_CASE("messages that cannot be read, or are of a kind that only the host sends, are found out") {
  Connected host;
  const auto sink = std::make_shared<Recorder>();
  const auto call = host.start(sink);
  for (const auto kind : {Kind::kLog, Kind::kProgress, Kind::kEvent, Kind::kSaveCheckpoint, Kind::kGetSecret,
                          Kind::kPutSecret, Kind::kFinished}) {
    CAPTURE(static_cast<int>(kind));
    CHECK(host.say(FrameWriter(kind, call).take()) == "sent a message that cannot be read");
  }
  CHECK(host.say(FrameWriter(Kind::kHeartbeat, call).number(1).take()) == "sent a message that cannot be read");
  for (const auto kind : {Kind::kCall, Kind::kHello, Kind::kReply, static_cast<Kind>(0), static_cast<Kind>(255)})
    CHECK(host.say(FrameWriter(kind, call).take()) == "sent a message of an unknown kind");
  CHECK(sink->answers().empty());
}

TEST_CASE("what a process says of a call is held against the limits of the host") {
  Connected host;
  const auto sink = std::make_shared<Recorder>();
  const auto call = host.start(sink);
  CHECK(host.say(FrameWriter(Kind::kLog, call).number(9'999'999'999).text("bad \xFF").text("no json").take()).empty());
  CHECK(host.say(FrameWriter(Kind::kProgress, call).number(UINT64_MAX).text("n").take()).empty());
  CHECK(host.say(FrameWriter(Kind::kEvent, call).text("No Type").text("{").take()).empty());
  CHECK(host.say(FrameWriter(Kind::kGetSecret, call).number(1).text("root").take()).empty());
  CHECK(host.say(FrameWriter(Kind::kPutSecret, call).number(2).text("no good name").text("x").take()).empty());
  for (int replies = 0; replies < 2; ++replies) {
    std::optional<Frame> reply;
    REQUIRE(tenantry::test::eventually([&] {
      while (!reply || reply->kind != Kind::kReply)
        if (reply = host.next(); !reply) return false;
      return true;
    }));
    BodyReader body(reply->body);
    CHECK(body.number() == 0);
    CHECK(body.text().empty());
  }
  CHECK(host.say(done(call)).empty());
  CHECK(sink->answer().outcome == Outcome::kDone);
  CHECK(sink->lines().front().message == "bad \xEF\xBF\xBD");
  CHECK(sink->lines().front().fields.empty());
  CHECK(sink->progress().front().first == 1000);
  CHECK(sink->events().empty());
  CHECK(sink->asked().empty());
  CHECK(sink->stored().empty());
}

// Holds a checkpoint up until it is let go.
class Slow final : public engine::CallSink {
 public:
  void log(engine::LogLevel, std::string_view, std::string_view) override {}
  void progress(std::uint32_t, std::string_view) override {}
  void heartbeat() override { ++heartbeats; }
  void emit(std::string_view, std::string_view) override {}
  bool save_checkpoint(std::string_view) override {
    ++saving;
    while (!go_on) std::this_thread::yield();
    return true;
  }
  std::optional<std::string> secret(std::string_view) override { return std::nullopt; }
  bool put_secret(std::string_view, std::string_view) override { return false; }
  void finished(engine::Answer answer) override {
    if (!go_on) early = true;
    outcome = static_cast<int>(answer.outcome);
  }
  std::atomic<int> heartbeats{0};
  std::atomic<int> saving{0};
  std::atomic<bool> go_on{false};
  std::atomic<bool> early{false};
  std::atomic<int> outcome{-1};
};

TEST_CASE("a checkpoint that takes long holds up neither other calls nor the news that the process died") {
  Connected host;
  const auto slow = std::make_shared<Slow>();
  const auto other = std::make_shared<Recorder>();
  engine::Invocation call;
  call.step = "one";
  const auto first = host.calls.start(call, slow, {}).number;
  const auto second = host.start(other);
  CHECK(host.say(FrameWriter(Kind::kSaveCheckpoint, first).number(1).text("bytes").take()).empty());
  REQUIRE(tenantry::test::eventually([&] { return slow->saving == 1; }));
  CHECK(host.say(done(second)).empty());
  CHECK(other->answer().outcome == Outcome::kDone);
  CHECK(host.say(FrameWriter(Kind::kHeartbeat, first).take()).empty());
  CHECK(slow->heartbeats == 1);
  CHECK(host.say(done(first)) == "ended a call that still waits for an answer of the host");
  host.calls.disconnect("It died.");  // as the supervisor does then; returns at once
  CHECK(slow->outcome == -1);
  slow->go_on = true;
  CHECK(tenantry::test::eventually([&] { return slow->outcome == static_cast<int>(Outcome::kLost); }));
  CHECK_FALSE(slow->early);
}

TEST_CASE("a call may wait for so many answers at once, and no more") {
  Connected host(1);
  const auto slow = std::make_shared<Slow>();
  engine::Invocation call;
  call.step = "one";
  const auto number = host.calls.start(call, slow, {}).number;
  std::string fault;
  int asked = 0;
  for (; fault.empty() && asked < 1'000; ++asked)
    fault =
        host.say(FrameWriter(Kind::kSaveCheckpoint, number).number(static_cast<std::uint64_t>(asked)).text("b").take());
  CHECK(asked == 65);
  CHECK(fault == "asked for too much at once");
  slow->go_on = true;
  host.calls.disconnect("It died.");
}

TEST_CASE("calls that were out share the blame when their process dies, and none has any when a call was given up") {
  Connected host;
  const auto a = std::make_shared<Recorder>();
  const auto b = std::make_shared<Recorder>();
  const auto c = std::make_shared<Recorder>();
  const auto first = host.start(a);
  host.start(b);
  host.start(c);
  SECTION("died") {
    host.calls.detach();
    const auto later = std::make_shared<Recorder>();
    host.start(later);  // waits for the next one
    host.calls.disconnect("It died.");
    CHECK(later->answers().empty());
    for (const auto& sink : {a, b, c}) {
      CHECK(sink->answer().outcome == Outcome::kLost);
      CHECK(sink->answer().suspects == 3);
      CHECK(sink->answer().failure->message == "It died.");
    }
  }
  SECTION("one was given up") {
    CHECK(host.calls.abandon(first) == host.connection);
    CHECK(host.calls.abandon(first) == 0);
    CHECK(host.calls.gave_up());
    // What it says of that call until it is killed is no fault.
    CHECK(host.say(done(first)).empty());
    host.calls.disconnect("It was killed.");
    CHECK(a->answers().empty());
    CHECK(b->answer().suspects == engine::kInnocent);
    CHECK(c->answer().outcome == Outcome::kLost);
  }
}

TEST_CASE("calls wait for a process that is being started, with the time they have left, or are refused") {
  Connected host;
  host.calls.disconnect("It died.");
  const auto waiting = std::make_shared<Recorder>();
  engine::Invocation call;
  call.step = "one";
  call.timeout = base::Millis{60'000};
  const auto number = host.calls.start(call, waiting, {}).number;
  const auto cancelled = host.start(std::make_shared<Recorder>());
  const auto given_up = host.start(std::make_shared<Recorder>());
  host.calls.cancel(cancelled);
  CHECK(host.calls.abandon(given_up) == 0);  // no process had it
  SECTION("and it comes") {
    host.connect();
    std::vector<std::uint64_t> calls;
    std::vector<std::uint64_t> cancels;
    while (const auto frame = host.next()) {
      if (frame->kind == Kind::kCancel) cancels.push_back(frame->call);
      if (frame->kind != Kind::kCall) continue;
      calls.push_back(frame->call);
      if (frame->call != number) continue;
      CHECK(decode_call(frame->body)->timeout.count() <= 60'000);
      CHECK(decode_call(frame->body)->timeout.count() > 10'000);
    }
    CHECK(calls.size() == 2);
    CHECK(cancels == std::vector<std::uint64_t>{cancelled});
    CHECK(host.say(done(number)).empty());
    CHECK(waiting->answer().outcome == Outcome::kDone);
  }
  SECTION("and it does not") {
    host.calls.pause("x.so: its process crashed.", Calls::Clock::now() + std::chrono::seconds(3));
    const auto late = std::make_shared<Recorder>();
    CHECK(host.start(late) == 0);
    for (const auto& sink : {waiting, late}) {
      CHECK(sink->answer().outcome == Outcome::kRetry);
      CHECK(sink->answer().failure->code == "host.engine_gone");
      CHECK(sink->answer().failure->cause == model::FailureClass::kEngineUnavailable);
      CHECK(sink->answer().failure->message.starts_with("x.so: its process crashed."));
      CHECK(sink->answer().retry_after.count() > 2'000);
      CHECK(sink->answer().retry_after.count() < 3'200);
    }
  }
}

TEST_CASE("a process that does not read holds nobody up, and gets no more calls in the end") {
  Connected host(1'000);
  engine::Invocation call;
  call.step = "one";
  call.input = std::string(8U << 20U, ' ');
  int out = 0;
  while (host.calls.start(call, std::make_shared<Recorder>(), {}).number != 0 && out < 100) ++out;
  CHECK(out >= 8);
  CHECK(out < 20);
  const auto refused = std::make_shared<Recorder>();
  host.calls.start(call, refused, {});
  CHECK(refused->answer().failure->code == "host.engine_busy");
  call.input = std::string(65U << 20U, ' ');
  const auto large = std::make_shared<Recorder>();
  host.calls.start(call, large, {});
  CHECK(large->answer().failure->code == "host.input_too_large");
  host.calls.disconnect("It was killed.");
}

}  // namespace
}  // namespace tenantry::child
