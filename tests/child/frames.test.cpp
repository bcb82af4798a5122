#include "child/frames.hpp"

#include <sys/socket.h>

#include <random>

#include "child/messages.hpp"
#include "engine/descriptor.hpp"
#include "engine/limits.hpp"
#include "support/catch.hpp"

namespace tenantry::child {
namespace {

using Got = FrameBuffer::Got;

// Two ends of a channel; ours does not block.
struct Pair {
  Pair() {
    int ends[2] = {-1, -1};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    ours.reset(ends[0]);
    theirs.reset(ends[1]);
  }
  void say(std::string_view bytes) const {
    REQUIRE(::send(theirs.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
  }
  engine::Descriptor ours;
  engine::Descriptor theirs;
};

TEST_CASE("a frame comes out as it was put in, also byte by byte") {
  const Pair pair;
  const auto frame = FrameWriter(Kind::kLog, 77).number(3).text("hello").text("").take();
  FrameBuffer buffer(1000);
  CHECK(buffer.receive(pair.ours.get()) == Got::kNothingYet);
  for (const char byte : frame) {
    CHECK_FALSE(buffer.next().has_value());
    pair.say({&byte, 1});
    CHECK(buffer.receive(pair.ours.get()) == Got::kBytes);
  }
  const auto found = buffer.next();
  REQUIRE(found.has_value());
  CHECK(found->kind == Kind::kLog);
  CHECK(found->call == 77);
  BodyReader body(found->body);
  CHECK(body.number() == 3);
  CHECK_FALSE(body.is_whole());
  CHECK(body.text() == "hello");
  CHECK(body.text().empty());
  CHECK(body.is_whole());
  CHECK(body.number() == 0);
  CHECK_FALSE(body.is_whole());
  CHECK_FALSE(buffer.next().has_value());
}

TEST_CASE("what was read of a frame is wiped, before anything else is taken out") {
  const Pair pair;
  FrameBuffer buffer(1000);
  pair.say(FrameWriter(Kind::kPutSecret, 1).text("pa55word").take() + FrameWriter(Kind::kHeartbeat, 1).take());
  CHECK(buffer.receive(pair.ours.get()) == Got::kBytes);
  const auto secret = buffer.next();
  REQUIRE(secret.has_value());
  CHECK(secret->body.find("pa55word") != std::string_view::npos);
  CHECK(buffer.next().has_value());
  CHECK(secret->body.find_first_not_of('\0') == std::string_view::npos);
}

TEST_CASE("a frame that is too large or too small breaks the channel, before it has arrived") {
  for (const std::uint32_t size : {0U, 8U, 1001U, 0xFFFFFFFFU}) {
    CAPTURE(size);
    const Pair pair;
    FrameBuffer buffer(1000);
    pair.say({reinterpret_cast<const char*>(&size), sizeof size});
    CHECK(buffer.receive(pair.ours.get()) == Got::kBytes);
    CHECK_FALSE(buffer.next().has_value());
    CHECK(buffer.is_broken());
    CHECK_FALSE(buffer.next().has_value());
  }
}

TEST_CASE("large frames and many small ones arrive in order") {
  const Pair pair;
  FrameBuffer buffer(kMaxFromProcess);
  std::string sent;
  for (std::uint64_t i = 0; i < 200; ++i)
    sent += FrameWriter(Kind::kLog, i).text(std::string(i % 20 == 0 ? 300'000 : i, 'x')).take();
  std::uint64_t next = 0;
  for (std::size_t at = 0; at < sent.size() || next < 200;) {
    if (at < sent.size()) {
      const auto wrote = ::send(pair.theirs.get(), sent.data() + at, sent.size() - at, MSG_NOSIGNAL);
      if (wrote > 0) at += static_cast<std::size_t>(wrote);
    }
    (void)buffer.receive(pair.ours.get());
    while (const auto frame = buffer.next()) {
      CHECK(frame->call == next);
      CHECK(BodyReader(frame->body).text().size() == (next % 20 == 0 ? 300'000 : next));
      ++next;
    }
    REQUIRE_FALSE(buffer.is_broken());
  }
}

TEST_CASE("the end of the channel is told after what was said before") {
  Pair pair;
  FrameBuffer buffer(1000);
  pair.say(FrameWriter(Kind::kHeartbeat, 5).take());
  pair.theirs.reset();
  CHECK(buffer.receive(pair.ours.get()) == Got::kBytes);
  CHECK(buffer.next()->call == 5);
  CHECK(buffer.receive(pair.ours.get()) == Got::kEnd);
}

TEST_CASE("any bytes at all are frames or a broken channel, and any body reads as something") {
  std::mt19937 random(4711);
  int frames = 0;
  int broken = 0;
  for (int round = 0; round < 3'000; ++round) {
    const Pair pair;
    FrameBuffer buffer(500);
    std::string bytes;
    for (auto n = random() % 400; n > 0; --n) bytes += static_cast<char>(random() % 3 == 0 ? random() : random() % 20);
    for (std::size_t i = 1; i + 2 < bytes.size() && round % 2 == 0; i += 4) bytes[i] = bytes[i + 1] = bytes[i + 2] = 0;
    if (bytes.empty()) continue;
    pair.say(bytes);
    CHECK(buffer.receive(pair.ours.get()) == Got::kBytes);
    while (const auto frame = buffer.next()) {
      ++frames;
      (void)decode_answer(frame->body, model::Op::kRun);
      (void)decode_call(frame->body);
    }
    broken += buffer.is_broken() ? 1 : 0;
  }
  CHECK(frames > 100);
  CHECK(broken > 100);
}

TEST_CASE("a call arrives whole, with the time limit that was set last") {
  engine::Invocation call;
  call.op = model::Op::kUndo;
  call.step = "one";
  call.run_id = "run_1";
  call.tenant_id = "ten_1";
  call.idempotency_key = "run_1.one";
  call.attempt = 3;
  call.max_attempts = 5;
  call.input = std::string("{\0}", 3);
  call.output = "out";
  call.checkpoint = std::string(1000, '\xFF');
  call.traceparent = "00-1";
  call.timeout = base::Millis{5'000};
  const Pair pair;
  FrameBuffer buffer(kMaxFromHost);
  auto frame = encode_call(9, call);
  set_timeout(frame, base::Millis{70});
  pair.say(frame);
  REQUIRE(buffer.receive(pair.ours.get()) == Got::kBytes);
  const auto found = buffer.next();
  REQUIRE(found.has_value());
  CHECK(found->call == 9);
  const auto read = decode_call(found->body);
  REQUIRE(read.has_value());
  CHECK(read->op == call.op);
  CHECK(read->step == call.step);
  CHECK(read->run_id == call.run_id);
  CHECK(read->tenant_id == call.tenant_id);
  CHECK(read->idempotency_key == call.idempotency_key);
  CHECK(read->attempt == 3);
  CHECK(read->max_attempts == 5);
  CHECK(read->input == call.input);
  CHECK(read->output == call.output);
  CHECK(read->checkpoint == call.checkpoint);
  CHECK(read->traceparent == call.traceparent);
  CHECK(read->timeout == base::Millis{70});
  for (std::size_t cut = 0; cut < found->body.size(); ++cut)
    REQUIRE_FALSE(decode_call(found->body.substr(0, cut)).has_value());
}

// What follows the head of the frame.
std::optional<engine::Answer> through(const engine::Answer& answer, model::Op op = model::Op::kRun) {
  return decode_answer(std::string_view(encode_answer(1, answer)).substr(13), op);
}

TEST_CASE("an answer arrives as it was given") {
  engine::Answer good;
  good.outcome = model::Outcome::kDone;
  good.output = R"({"a":1})";
  CHECK(through(good)->outcome == model::Outcome::kDone);
  CHECK(through(good)->output == good.output);
  engine::Answer bad;
  bad.outcome = model::Outcome::kRetry;
  bad.failure = model::Failure{model::FailureClass::kQuota, "erp.quota", "full", "Empty it.", R"({"n":1})"};
  bad.retry_after = base::Millis{1'500};
  CHECK(through(bad)->failure == bad.failure);
  CHECK(through(bad)->retry_after == bad.retry_after);
}

TEST_CASE("an answer that cannot be is a failure of the engine, and one that is no answer at all is none") {
  engine::Answer answer;
  answer.outcome = model::Outcome::kDone;
  CHECK(through(answer)->failure->code == "host.bad_output");
  CHECK(through(answer, model::Op::kVerify)->outcome == model::Outcome::kDone);
  answer.output = "{";
  CHECK(through(answer)->failure->code == "host.bad_output");
  answer.output = '"' + std::string(engine::kMaxOutput, 'x') + '"';
  CHECK(through(answer)->failure->code == "host.output_too_large");
  answer.outcome = model::Outcome::kDrifted;
  CHECK(through(answer)->failure->code == "host.bad_outcome");
  answer.outcome = model::Outcome::kLost;
  CHECK_FALSE(through(answer).has_value());
  answer.outcome = static_cast<model::Outcome>(200);
  CHECK_FALSE(through(answer).has_value());

  engine::Answer failed;
  failed.outcome = model::Outcome::kFailed;
  failed.failure = model::Failure{static_cast<model::FailureClass>(99), std::string(500, 'c'), "bad \xFF text",
                                  std::string(20'000, 'n'), "no json"};
  const auto read = through(failed);
  CHECK(read->failure->cause == model::FailureClass::kInternal);
  CHECK(read->failure->code.size() <= engine::kMaxErrorCode);
  CHECK(read->failure->message == "bad \xEF\xBF\xBD text");
  CHECK(read->failure->next_action.size() <= engine::kMaxErrorMessage);
  CHECK(read->failure->detail.empty());
}

}  // namespace
}  // namespace tenantry::child
