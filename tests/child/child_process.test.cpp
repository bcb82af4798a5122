// Callers cannot tell a process from an engine in the host.
#include <atomic>
#include <thread>

#include "fixture.hpp"

namespace tenantry::child::test {
namespace {

using model::FailureClass;

class Probe {
 public:
  explicit Probe(std::size_t threads = 8) {
    auto with = options();
    with.threads = threads;
    auto loaded = load(plugin("probe"), with);
    if (loaded.has_error()) FAIL(loaded.error().message);
    runtime_ = std::move(loaded->runtime);
  }
  std::shared_ptr<engine::Call> start(const std::string& step, const std::string& input,
                                      const std::shared_ptr<Recorder>& sink, base::Millis timeout = base::Millis{0}) {
    auto asked = call(step, input);
    asked.timeout = timeout;
    return runtime_->start(asked, sink);
  }
  Answer run(const std::string& step, const std::string& input) {
    const auto sink = std::make_shared<Recorder>();
    start(step, input, sink);
    return sink->answer();
  }
  engine::Runtime& runtime() { return *runtime_; }

 private:
  std::shared_ptr<engine::Runtime> runtime_;
};

TEST_CASE("an engine in a process sees the whole call and is answered as ever") {
  Probe engine;
  CHECK(engine.run("echo", R"({"n":5})").output == R"({"n":5})");
  const auto sink = std::make_shared<Recorder>();
  auto all = call("call", "{}", Op::kUndo);
  all.run_id = "run_1";
  all.tenant_id = "ten_1";
  all.idempotency_key = "run_1.call";
  all.attempt = 3;
  all.max_attempts = 5;
  all.output = "out";
  all.checkpoint = "mark";
  all.traceparent = "00-1";
  engine.runtime().start(all, sink);
  CHECK(sink->answer().output == R"([2,"run_1","ten_1","run_1.call",3,5,"out","mark","00-1",1])");
  CHECK(engine.run("outcome", "99").failure->code == "host.bad_outcome");
  CHECK(engine.run("outcome", "1").failure->code == "host.bad_output");
  CHECK(engine.run("output_of_size", "1048576").outcome == Outcome::kDone);
  CHECK(engine.run("output_of_size", "1048577").failure->code == "host.output_too_large");
  CHECK(engine.run("no_such_step", "{}").outcome == Outcome::kUnsupported);
  const auto failed = engine.run("fail", "{}");
  CHECK(failed.failure->code == "probe.rate_limited");
  CHECK(failed.failure->cause == FailureClass::kRateLimited);
  CHECK(failed.failure->next_action == "Wait.");
  CHECK(engine.run("wait", "1500").retry_after == base::Millis{1'500});
}

TEST_CASE("what an engine says and asks for passes through the process") {
  Probe engine;
  auto sink = std::make_shared<Recorder>();
  engine.start("talk", "{}", sink);
  CHECK(sink->answer().outcome == Outcome::kDone);
  CHECK(sink->lines().size() == 5);
  CHECK(sink->lines()[1].fields == R"({"a":1})");
  CHECK(sink->progress() == std::vector<std::pair<std::uint32_t, std::string>>{{1000, "half"}});
  CHECK(sink->events() == std::vector<std::pair<std::string, std::string>>{{"probe.seen", R"({"n":1})"}});
  CHECK(sink->heartbeats() == 1);

  sink = std::make_shared<Recorder>();
  engine.start("secret", "{}", sink);
  CHECK(sink->answer().output == R"([1,"pa55word",0,1,0,0])");
  CHECK(sink->stored() == std::vector<std::pair<std::string, std::string>>{{"api_key", "k3y"}});
  sink = std::make_shared<Recorder>();
  sink->has_secrets = false;
  engine.start("secret", "{}", sink);
  CHECK(sink->answer().output == R"([0,"none",0,1,0,0])");

  CHECK(engine.run("checkpoint", "262144").output == R"({"kept":1})");
  CHECK(engine.run("checkpoint", "262145").failure->code == "host.checkpoint_too_large");
  sink = std::make_shared<Recorder>();
  sink->refuse_checkpoints = true;
  engine.start("checkpoint", "5", sink);
  CHECK(sink->answer().output == R"({"kept":0})");
}

TEST_CASE("cancellation and deadlines reach an engine in a process") {
  Probe engine;
  for (const char* step : {"sleep", "poll"}) {
    CAPTURE(step);
    auto sink = std::make_shared<Recorder>();
    const auto running = engine.start(step, "600000", sink);
    if (step == std::string("poll")) sink->await_heartbeat();
    running->cancel();
    running->cancel();
    CHECK(sink->answer().outcome == Outcome::kCancelled);
    running->cancel();
    running->abandon();  // it is over: nothing happens
    sink = std::make_shared<Recorder>();
    engine.start(step, "600000", sink, base::Millis{30});
    CHECK(sink->answer().outcome == Outcome::kRetry);
    CHECK(sink->answer().failure->code == "host.deadline");
  }
  CHECK(engine.run("sleep", "1").output == R"({"unlimited":1})");
  CHECK(engine.runtime().state().restarts == 0);
}

TEST_CASE("when all threads of a process are taken a call is answered at once: try again") {
  Probe engine(2);
  const auto a = std::make_shared<Recorder>();
  const auto b = std::make_shared<Recorder>();
  const auto first = engine.start("sleep", "600000", a);
  const auto second = engine.start("sleep", "600000", b);
  CHECK(engine.run("echo", "{}").failure->code == "host.engine_busy");
  first->cancel();
  CHECK(a->answer().outcome == Outcome::kCancelled);
  CHECK(engine.run("echo", "{\"n\":1}").outcome == Outcome::kDone);
  second->cancel();
  CHECK(b->answer().outcome == Outcome::kCancelled);
}

TEST_CASE("many calls at once, from many threads, are each answered once by a process") {
  Probe engine;
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&engine, &done, t] {
      for (int i = 0; i < 250; ++i) {
        const auto input = "{\"n\":" + std::to_string(t * 1000 + i) + "}";
        const auto answer = engine.run("echo", input);
        if (answer.outcome == Outcome::kDone && answer.output == input) ++done;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(done == 1'000);
}

TEST_CASE("calls that come while processes die are each told their end exactly once") {
  auto eager = options();
  eager.good_life = base::Millis{0};
  Engine engine("hostile", eager);
  std::atomic<int> ends{0};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 40; ++i) {
        const auto sink = std::make_shared<Recorder>();
        const auto running = engine.start(i % 10 == t ? "segv" : i % 7 == 0 ? "checkpoint" : "nothing", sink);
        if (i % 13 == 0) running->cancel();
        if (sink->answer().outcome == Outcome::kFailed) ++wrong;
        ends += static_cast<int>(sink->answers().size());
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(ends == 160);
  CHECK(wrong == 0);
  CHECK(engine.works());
}

TEST_CASE("a runtime may be let go of by the end of its last call") {
  class Last final : public engine::CallSink {
   public:
    explicit Last(std::shared_ptr<engine::Runtime> runtime) : runtime_(std::move(runtime)) {}
    void log(engine::LogLevel, std::string_view, std::string_view) override {}
    void progress(std::uint32_t, std::string_view) override {}
    void heartbeat() override {}
    void emit(std::string_view, std::string_view) override {}
    bool save_checkpoint(std::string_view) override { return false; }
    std::optional<std::string> secret(std::string_view) override { return std::nullopt; }
    bool put_secret(std::string_view, std::string_view) override { return false; }
    void finished(Answer) override {
      runtime_.reset();
      over = true;
    }
    std::atomic<bool> over{false};

   private:
    std::shared_ptr<engine::Runtime> runtime_;
  };
  int pid = 0;
  const auto sink = [&] {
    auto runtime = load(plugin("hostile"))->runtime;
    (void)eventually([&] { return runtime->state().pid != 0; });
    pid = runtime->state().pid;
    auto last = std::make_shared<Last>(runtime);
    runtime->start(call("act", "{}"), last);
    return last;
  }();
  CHECK(eventually([&] { return sink->over.load(); }));
  CHECK(is_over(pid));
}

TEST_CASE("letting go of an engine holds up nobody while its loader is there") {
  auto patient = options();
  patient.close_limit = base::Millis{1'000};
  const auto loads = loader(
      [](const base::EngineId&) {
        return json::value(json::object{{"close", "close_hang"}});
      },
      {}, patient);
  auto loaded = loads(plugin("hostile"));
  REQUIRE(loaded.has_value());
  (void)eventually([&] { return loaded->runtime->state().pid != 0; });
  const auto pid = loaded->runtime->state().pid;
  const auto before = std::chrono::steady_clock::now();
  loaded = base::Error{};
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::milliseconds(500));
  CHECK(is_over(pid));
}

}  // namespace
}  // namespace tenantry::child::test
