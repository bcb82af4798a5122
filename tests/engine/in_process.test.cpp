#include "engine/in_process.hpp"

#include <atomic>
#include <future>
#include <thread>

#include "base/json.hpp"
#include "base/text.hpp"
#include "engine/limits.hpp"
#include "fixture.hpp"
#include "support/catch.hpp"

namespace tenantry::engine {
namespace {

namespace json = boost::json;
using model::FailureClass;
using model::Op;
using model::Outcome;

// One open engine of a test plugin.
class Engine {
 public:
  explicit Engine(const std::string& name, std::size_t threads = 4)
      : library_(Library::load(plugin(name)).value()),
        runtime_(
            std::make_unique<InProcess>(*library_.open(json::object{}), library_.contract()->manifest(), threads)) {}

  std::shared_ptr<Call> start(Invocation invocation, std::shared_ptr<Recorder> sink) {
    return runtime_->start(std::move(invocation), std::move(sink));
  }
  Answer run(const std::string& step, const std::string& input, Op op = Op::kRun) {
    auto sink = std::make_shared<Recorder>();
    start(call(step, input, op), sink);
    return sink->answer();
  }
  static Invocation call(const std::string& step, const std::string& input, Op op = Op::kRun) {
    Invocation out;
    out.op = op;
    out.step = step;
    out.input = input;
    return out;
  }
  InProcess& runtime() { return *runtime_; }
  const Contract& contract() { return *library_.contract(); }
  void destroy() { runtime_.reset(); }

 private:
  Library library_;
  std::unique_ptr<InProcess> runtime_;
};

TEST_CASE("an answer comes back as the engine gave it, and is held against its schema") {
  Engine engine("probe");
  const auto answer = engine.run("echo", R"({"n":5})");
  CHECK(answer.outcome == Outcome::kDone);
  CHECK(answer.output == R"({"n":5})");
  CHECK_FALSE(answer.failure.has_value());
  CHECK_FALSE(engine.contract().check_output(0, answer.output).has_value());

  const auto wrong = engine.contract().check_output(0, engine.run("echo", R"({"n":"five"})").output);
  REQUIRE(wrong.has_value());
  CHECK(wrong->code == "host.bad_output");
  CHECK(
      wrong->message ==
      "The output of step echo is not what its schema says: /n: expected a whole number, found text of 4 characters.");
}

TEST_CASE("an engine sees the whole call") {
  Engine engine("probe");
  auto sink = std::make_shared<Recorder>();
  Invocation call;
  call.op = Op::kUndo;
  call.step = "call";
  call.run_id = "run_1";
  call.tenant_id = "ten_1";
  call.idempotency_key = "run_1.call";
  call.attempt = 3;
  call.max_attempts = 5;
  call.input = "{}";
  call.output = "out";
  call.checkpoint = "mark";
  call.traceparent = "00-1";
  engine.start(call, sink);
  CHECK(sink->answer().output == R"([2,"run_1","ten_1","run_1.call",3,5,"out","mark","00-1",1])");
}

TEST_CASE("every outcome number becomes what the contract says, and unknown ones become failures") {
  Engine engine("probe");
  const auto outcome = [&](int number, Op op = Op::kRun) { return engine.run("outcome", std::to_string(number), op); };
  for (const int unknown : {0, 99, -1, 10}) {
    const auto answer = outcome(unknown);
    CHECK(answer.outcome == Outcome::kFailed);
    REQUIRE(answer.failure.has_value());
    CHECK(answer.failure->code == "host.bad_outcome");
    CHECK(answer.failure->message == "The engine ended run with the unknown outcome " + std::to_string(unknown) + ".");
  }
  // DONE without an output is a broken promise for RUN, PLAN and VALIDATE only.
  CHECK(outcome(1).failure->code == "host.bad_output");
  CHECK(outcome(2).failure->code == "host.bad_output");
  CHECK(outcome(1, Op::kPlan).failure->code == "host.bad_output");
  CHECK(outcome(1, Op::kUndo).outcome == Outcome::kDone);
  CHECK(outcome(1, Op::kVerify).outcome == Outcome::kDone);
  CHECK(outcome(3).outcome == Outcome::kSkipped);
  CHECK(outcome(3, Op::kUndo).failure->code == "host.bad_outcome");
  CHECK(outcome(4).outcome == Outcome::kWait);
  CHECK(outcome(5).outcome == Outcome::kRetry);
  CHECK(outcome(6).outcome == Outcome::kFailed);
  CHECK_FALSE(outcome(6).failure.has_value());
  CHECK(outcome(7).outcome == Outcome::kCancelled);
  CHECK(outcome(8).failure->code == "host.bad_outcome");
  CHECK(outcome(8, Op::kVerify).failure->code == "host.bad_output");
  CHECK(outcome(9).outcome == Outcome::kUnsupported);
  CHECK(engine.run("no_such_step", "{}").outcome == Outcome::kUnsupported);
}

TEST_CASE("an output that is not JSON, or too large, is a failure") {
  Engine engine("probe");
  CHECK(engine.run("echo", "{").failure->code == "host.bad_output");
  CHECK(engine.run("echo", "\"\xFF\"").failure->code == "host.bad_output");
  CHECK(engine.run("echo", "").failure->code == "host.bad_output");
  CHECK(engine.run("output_of_size", "1048576").outcome == Outcome::kDone);
  const auto large = engine.run("output_of_size", "1048577");
  CHECK(large.outcome == Outcome::kFailed);
  CHECK(large.failure->code == "host.output_too_large");
  CHECK(large.output.empty());
}

TEST_CASE("an exception out of the engine is a failure, and the next call works") {
  Engine engine("throws_in_invoke");
  for (int i = 0; i < 3; ++i) {
    const auto answer = engine.run("one", "{}");
    CHECK(answer.outcome == Outcome::kFailed);
    CHECK(answer.failure->code == "host.plugin_threw");
    CHECK(answer.failure->cause == FailureClass::kInternal);
  }
}

TEST_CASE("an engine that ends its thread fails that call only") {
  Engine engine("probe", 1);
  for (int i = 0; i < 3; ++i) {
    CHECK(engine.run("exit_thread", "{}").failure->code == "host.plugin_threw");
    // The place of the thread is free again a moment later.
    Answer next;
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    do next = engine.run("echo", "{}");
    while (next.outcome == Outcome::kRetry && std::chrono::steady_clock::now() < patience);
    CHECK(next.outcome == Outcome::kDone);
  }
}

TEST_CASE("what an engine says is repaired, cut and filtered") {
  Engine engine("probe");
  auto sink = std::make_shared<Recorder>();
  engine.start(Engine::call("talk", "{}"), sink);
  CHECK(sink->answer().outcome == Outcome::kDone);
  const auto lines = sink->lines();
  REQUIRE(lines.size() == 5);
  CHECK(lines[0].level == LogLevel::kInfo);
  CHECK(lines[0].message == "level \xEF\xBF\xBD\xEF\xBF\xBD(");
  CHECK(lines[0].fields.empty());
  CHECK(lines[1].level == LogLevel::kWarn);
  CHECK(lines[1].message.size() <= kMaxLogLine);
  CHECK(lines[1].message.size() > kMaxLogLine - 8);
  CHECK(lines[1].message.ends_with("\xE2\x80\xA6"));
  CHECK(lines[1].fields == R"({"a":1})");
  CHECK(lines[2].message.empty());
  CHECK(lines[2].fields.empty());
  for (const auto& line : lines) CHECK(base::is_utf8(line.message));
  CHECK(sink->progress() == std::vector<std::pair<std::uint32_t, std::string>>{{1000, "half"}});
  CHECK(sink->heartbeats() == 1);
  CHECK(sink->events() == std::vector<std::pair<std::string, std::string>>{{"probe.seen", R"({"n":1})"}});
  CHECK(lines[3].message.find("an event was dropped") != std::string::npos);
}

TEST_CASE("an error carries its code, words, cause and next action") {
  Engine engine("probe");
  const auto answer = engine.run("fail", "{}");
  CHECK(answer.outcome == Outcome::kFailed);
  REQUIRE(answer.failure.has_value());
  CHECK(answer.failure->code == "probe.rate_limited");
  CHECK(answer.failure->cause == FailureClass::kRateLimited);
  CHECK(answer.failure->message == "too \xEF\xBF\xBD fast");
  CHECK(answer.failure->next_action == "Wait.");
  const auto waits = engine.run("wait", "1500");
  CHECK(waits.outcome == Outcome::kWait);
  CHECK(waits.retry_after == base::Millis{1500});
  CHECK(waits.failure->message == "not yet");
}

TEST_CASE("secrets are given out by name, if the manifest lists them") {
  Engine engine("probe");
  auto sink = std::make_shared<Recorder>();
  engine.start(Engine::call("secret", "{}"), sink);
  CHECK(sink->answer().output == R"([1,"pa55word",0,1,0,0])");
  CHECK(sink->asked() == std::vector<std::string>{"db_admin"});
  CHECK(sink->stored() == std::vector<std::pair<std::string, std::string>>{{"api_key", "k3y"}});

  auto poor = std::make_shared<Recorder>();
  poor->has_secrets = false;
  engine.start(Engine::call("secret", "{}"), poor);
  CHECK(poor->answer().output == R"([0,"none",0,1,0,0])");
}

TEST_CASE("a checkpoint is saved or refused, and one over the limit is a failure") {
  Engine engine("probe");
  CHECK(engine.run("checkpoint", "262144").output == R"({"kept":1})");
  CHECK(engine.run("checkpoint", "262145").failure->code == "host.checkpoint_too_large");
  auto sink = std::make_shared<Recorder>();
  sink->refuse_checkpoints = true;
  engine.start(Engine::call("checkpoint", "5"), sink);
  CHECK(sink->answer().output == R"({"kept":0})");
}

TEST_CASE("a call that sleeps or polls is woken by cancel") {
  Engine engine("probe");
  for (const char* step : {"sleep", "poll"}) {
    CAPTURE(step);
    auto sink = std::make_shared<Recorder>();
    const auto call = engine.start(Engine::call(step, "600000"), sink);
    if (std::string(step) == "poll") sink->await_heartbeat();
    call->cancel();
    call->cancel();
    CHECK(sink->answer().outcome == Outcome::kCancelled);
  }
}

TEST_CASE("a call that was cancelled before it began hears of it") {
  Engine engine("probe");
  for (const char* step : {"sleep", "poll"}) {
    auto sink = std::make_shared<Recorder>();
    engine.start(Engine::call(step, "600000"), sink)->cancel();
    CHECK(sink->answer().outcome == Outcome::kCancelled);
  }
}

TEST_CASE("a call that outlives its deadline is woken, and its answer is a retry") {
  Engine engine("probe");
  for (const char* step : {"sleep", "poll"}) {
    CAPTURE(step);
    auto sink = std::make_shared<Recorder>();
    auto call = Engine::call(step, "600000");
    call.timeout = base::Millis{30};
    engine.start(call, sink);
    const auto answer = sink->answer();
    CHECK(answer.outcome == Outcome::kRetry);
    CHECK(answer.failure->code == "host.deadline");
    CHECK(answer.failure->cause == FailureClass::kTimeout);
    CHECK(answer.failure->message == "The call took longer than its limit of 30 ms.");
  }
  CHECK(engine.run("sleep", "1").output == R"({"unlimited":1})");
}

TEST_CASE("callbacks of a call that is over change nothing") {
  Engine engine("probe");
  auto first = std::make_shared<Recorder>();
  engine.start(Engine::call("late", "1"), first);
  CHECK(first->answer().outcome == Outcome::kDone);
  // Cancelled, checkpoint refused, no secret, not slept, no descriptor, no time.
  CHECK(engine.run("late", "2").output == "[1,0,0,0,-1,0]");
  CHECK(first->lines().empty());
  CHECK(first->heartbeats() == 0);
  CHECK(first->events().empty());
  CHECK(first->answers().size() == 1);
}

TEST_CASE("an abandoned call that does not end is counted as stuck, and its answer is never heard") {
  Engine engine("probe", 2);
  auto sink = std::make_shared<Recorder>();
  const auto call = engine.start(Engine::call("stubborn", "1"), sink);
  sink->await_heartbeat();
  CHECK(engine.runtime().stuck() == 0);
  call->abandon();
  CHECK(engine.runtime().stuck() == 1);
  CHECK(engine.run("echo", "{}").outcome == Outcome::kDone);

  CHECK(engine.run("stubborn", "2").outcome == Outcome::kDone);
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (engine.runtime().stuck() > 0 && std::chrono::steady_clock::now() < patience) std::this_thread::yield();
  CHECK(engine.runtime().stuck() == 0);
  CHECK(sink->answers().empty());
  CHECK(sink->lines().empty());
}

TEST_CASE("a runtime can be destroyed although a call is stuck in the engine") {
  Engine other("probe");
  {
    Engine engine("probe", 1);
    auto sink = std::make_shared<Recorder>();
    const auto call = engine.start(Engine::call("stubborn", "1"), sink);
    sink->await_heartbeat();
    call->abandon();
    engine.destroy();
    CHECK(sink->answers().empty());
  }
  SUCCEED("the thread was left behind");
}

TEST_CASE("when all threads are taken a call is answered at once: try again") {
  Engine engine("probe", 2);
  auto a = std::make_shared<Recorder>();
  auto b = std::make_shared<Recorder>();
  const auto first = engine.start(Engine::call("sleep", "600000"), a);
  const auto second = engine.start(Engine::call("sleep", "600000"), b);
  const auto answer = engine.run("echo", "{}");
  CHECK(answer.outcome == Outcome::kRetry);
  CHECK(answer.failure->code == "host.engine_busy");
  CHECK(answer.failure->cause == FailureClass::kEngineUnavailable);
  first->cancel();
  second->cancel();
  CHECK(a->answer().outcome == Outcome::kCancelled);
  CHECK(b->answer().outcome == Outcome::kCancelled);
}

TEST_CASE("calls that take long do not hold up those behind them, whatever the order") {
  Engine engine("probe", 8);
  for (int round = 0; round < 20; ++round) {
    std::vector<std::shared_ptr<Recorder>> sleepers;
    std::vector<std::shared_ptr<Call>> calls;
    for (int i = 0; i < 7; ++i) {
      sleepers.push_back(std::make_shared<Recorder>());
      calls.push_back(engine.start(Engine::call("sleep", "600000"), sleepers.back()));
    }
    CHECK(engine.run("echo", "{}").outcome == Outcome::kDone);  // on the eighth thread
    for (const auto& call : calls) call->cancel();
    for (const auto& sleeper : sleepers) CHECK(sleeper->answer().outcome == Outcome::kCancelled);
  }
}

// Starts the next call from within the end of the one before, as a scheduler does.
class Chain final : public CallSink, public std::enable_shared_from_this<Chain> {
 public:
  Chain(InProcess& runtime, int length) : runtime_(runtime), left_(length) {}
  void begin() { call_ = runtime_.start(Engine::call("echo", "{}"), shared_from_this()); }
  void log(LogLevel, std::string_view, std::string_view) override {}
  void progress(std::uint32_t, std::string_view) override {}
  void heartbeat() override {}
  void emit(std::string_view, std::string_view) override {}
  bool save_checkpoint(std::string_view) override { return true; }
  std::optional<std::string> secret(std::string_view) override { return std::nullopt; }
  bool put_secret(std::string_view, std::string_view) override { return false; }
  void finished(Answer answer) override {
    if (answer.outcome != Outcome::kDone) ++refused_;
    if (--left_ > 0)
      static_cast<void>(runtime_.start(Engine::call("echo", "{}"), shared_from_this()));
    else
      done_.set_value();
  }
  void await() { done_.get_future().wait(); }
  [[nodiscard]] int refused() const { return refused_; }

 private:
  InProcess& runtime_;
  std::shared_ptr<Call> call_;
  std::atomic<int> left_;
  std::atomic<int> refused_{0};
  std::promise<void> done_;
};

TEST_CASE("the end of a call frees its thread for the call that follows from it") {
  Engine engine("probe", 1);
  auto chain = std::make_shared<Chain>(engine.runtime(), 2'000);
  const std::weak_ptr<Chain> watched = chain;
  chain->begin();
  chain->await();
  CHECK(chain->refused() == 0);
}

TEST_CASE("many calls at once, from many threads, are each answered once") {
  Engine engine("probe", 8);
  std::atomic<int> done{0};
  std::atomic<int> busy{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&engine, &done, &busy, t] {
      for (int i = 0; i < 250; ++i) {
        const auto input = "{\"n\":" + std::to_string(t * 1000 + i) + "}";
        const auto answer = engine.run("echo", input);
        if (answer.outcome == Outcome::kDone && answer.output == input) ++done;
        if (answer.outcome == Outcome::kRetry) ++busy;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(done == 1'000);
  CHECK(busy == 0);
}

}  // namespace
}  // namespace tenantry::engine
