// Engines that do what engines must not. Each time the call is lost, the engine comes back, and others never notice.
#include <sys/socket.h>

#include <future>
#include <optional>
#include <thread>

#include "child/frames.hpp"
#include "child/output.hpp"
#include "child/process.hpp"
#include "engine/library.hpp"
#include "fixture.hpp"

namespace tenantry::child::test {
namespace {

TEST_CASE("an engine that ends its process loses the call, and works again at once") {
  const std::pair<const char*, const char*> ways[] = {
      {"segv", "hostile.so: its process crashed: signal 11 (Segmentation fault)."},
      {"abort", "hostile.so: its process crashed: signal 6 (Aborted)."},
      {"exit", "hostile.so: its process ended by itself: exit code 0."},
      {"exit_at_once", "hostile.so: its process ended by itself: exit code 0."},
      {"kill", "hostile.so: its process was killed: signal 9 (Killed)."},
      {"close_all", "hostile.so: its process was killed: signal 9 (Killed)."}};
  Engine other("bystander");
  const auto there = other.pid();
  for (const auto& [way, words] : ways) {
    CAPTURE(way);
    Engine engine;
    const auto first = engine.pid();
    const auto answer = engine.run(way);
    CHECK(answer.outcome == Outcome::kLost);
    CHECK(answer.suspects == 1);
    REQUIRE(answer.failure.has_value());
    CHECK(answer.failure->cause == model::FailureClass::kUnknownOutcome);
    CHECK(answer.failure->code == "host.engine_died");
    CHECK(answer.failure->message == words);
    // Nobody had to ask again: the call waited for the next process.
    CHECK(engine.run("nothing").outcome == Outcome::kDone);
    const auto state = engine.runtime().state();
    CHECK(state.serving);
    CHECK(state.pid != first);
    CHECK(state.restarts == 1);
    CHECK(state.last_end == words);
    CHECK(is_over(first));
  }
  CHECK(other.run("nothing").outcome == Outcome::kDone);
  CHECK(other.pid() == there);
  CHECK(other.runtime().state().restarts == 0);
}

TEST_CASE("an engine that ends one of its threads fails that call only") {
  Engine engine;
  CHECK(engine.run("pthread_exit").failure->code == "host.plugin_threw");
  CHECK(engine.works());
  CHECK(engine.runtime().state().restarts == 0);
}

TEST_CASE("a call that does not end is given up with its process, and the others in it are innocent") {
  for (const char* way : {"beat_and_spin", "deadlock", "stop"}) {
    CAPTURE(way);
    Engine engine;
    const auto pid = engine.pid();
    const auto stuck = std::make_shared<Recorder>();
    const auto other = std::make_shared<Recorder>();
    const auto waits = engine.start("wait", other);
    other->await_heartbeat();
    const auto call = engine.start(way, stuck);
    stuck->await_heartbeat();
    call->cancel();
    call->abandon();
    CHECK(other->answer().outcome == Outcome::kLost);
    CHECK(other->answer().suspects == engine::kInnocent);
    CHECK(other->answer().failure->message == "hostile.so: a call in it was given up, and its process was killed.");
    CHECK(is_over(pid));
    CHECK(engine.works());
    call->abandon();  // again: the next process is not touched
    waits->cancel();
    CHECK(engine.works());
    CHECK(engine.runtime().state().restarts == 1);
    CHECK(stuck->answers().empty());
  }
}

TEST_CASE("a call that nobody gives up is ended long after its time limit") {
  auto strict = options();
  strict.overrun = base::Millis{100};
  Engine engine("hostile", strict);
  const auto late = std::make_shared<Recorder>();
  const auto other = std::make_shared<Recorder>();
  engine.start("wait", other);
  other->await_heartbeat();
  auto spins = call("act", R"({"mode":"beat_and_spin"})");
  spins.timeout = base::Millis{50};
  engine.runtime().start(spins, late);
  CHECK(late->answer().outcome == Outcome::kLost);
  CHECK(late->answer().suspects == 1);
  CHECK(other->answer().suspects == engine::kInnocent);
  CHECK(engine.works());
}

TEST_CASE("calls that were out when an engine crashed are all lost and share the blame") {
  Engine engine;
  std::vector<std::shared_ptr<Recorder>> sinks;
  for (int i = 0; i < 5; ++i) {
    sinks.push_back(std::make_shared<Recorder>());
    engine.start("wait", sinks.back());
    sinks.back()->await_heartbeat();
  }
  CHECK(engine.run("segv").suspects == 6);
  for (const auto& sink : sinks) {
    CHECK(sink->answer().outcome == Outcome::kLost);
    CHECK(sink->answer().suspects == 6);
  }
  CHECK(engine.works());
}

TEST_CASE("an answer that was given before the engine crashed counts") {
  auto eager = options();
  eager.good_life = base::Millis{0};
  Engine engine("hostile", eager);
  for (int i = 0; i < 10; ++i) {
    CHECK(engine.run("crash_after_answer").outcome == Outcome::kDone);
    CHECK(eventually([&] { return engine.runtime().state().restarts > static_cast<std::uint64_t>(i); }));
  }
}

TEST_CASE("an engine that takes too much memory ends alone, or hears that there is none") {
  if (kSanitized) return;
  Engine engine;
  CHECK(engine.run("memory").outcome == Outcome::kLost);
  CHECK(engine.works());
  const auto careful = engine.run("memory_with_care");
  CHECK(careful.outcome == Outcome::kFailed);
  CHECK(careful.failure->code == "hostile.memory");
}

TEST_CASE("garbage in every descriptor is the end of the process, not of the host") {
  Engine engine;
  const auto answer = engine.run("garbage");
  CHECK(answer.outcome == Outcome::kLost);
  CHECK(answer.failure->message == "hostile.so: it sent something that is no message, and its process was killed.");
  CHECK(engine.works());
}

TEST_CASE("what an engine prints is in the log of the host, in lines, and not all of it if it is too much") {
  const Log log;
  {
    Engine engine;
    CHECK(engine.run("print").outcome == Outcome::kDone);
    CHECK(engine.works());
  }
  CHECK(log.says("engine=hostile"));
  CHECK(log.says("xxxxx"));
  CHECK(log.text().size() < 100'000);
}

TEST_CASE("secrets that an engine prints while the call is out are masked") {
  const Log log;
  Engine engine;
  CHECK(engine.run("print_secret").outcome == Outcome::kDone);
  CHECK(log.says("the password is ***, I think"));
  CHECK(log.text().find("pa55word") == std::string::npos);
}

TEST_CASE("ten thousand log lines arrive, and hold up nobody") {
  Engine engine;
  const auto sink = std::make_shared<Recorder>();
  engine.start("talk", sink);
  CHECK(engine.run("nothing").outcome == Outcome::kDone);
  CHECK(sink->answer().outcome == Outcome::kDone);
  CHECK(sink->lines().size() == 10'000);
}

TEST_CASE("what an engine started itself is killed with its process") {
  Engine engine;
  const auto sink = std::make_shared<Recorder>();
  engine.start("leave_children", sink);
  CHECK(sink->answer().outcome == Outcome::kLost);
  REQUIRE(sink->lines().size() == 1);
  const auto pids = json::parse(sink->lines().front().message);
  REQUIRE(pids.as_array().size() == 6);
  for (const auto& pid : pids.as_array())
    if (pid.to_number<int>() > 0) CHECK(is_over(pid.to_number<int>()));
  CHECK(engine.works());
}

TEST_CASE("an engine that crashes or hangs when it is closed is gone all the same") {
  const Log log;
  for (const char* way : {"close_segv", "close_hang", "close_mark"}) {
    CAPTURE(way);
    auto limits = options();
    limits.close_limit = base::Millis{way == std::string("close_hang") ? 100 : 20'000};
    Engine engine("hostile", limits, {{"close", way}});
    const auto pid = engine.pid();
    CHECK(engine.run("nothing").outcome == Outcome::kDone);
    engine.let_go();
    CHECK(is_over(pid));
  }
  CHECK_FALSE(has_children());
  CHECK(log.says("crashed: signal 11"));
  CHECK(log.says("it was not closed within 100 ms"));
  CHECK(log.says("closed in an orderly way"));
}

TEST_CASE("an engine that keeps crashing is started more and more slowly, and says why it is away") {
  auto slow = options();
  slow.first_pause = base::Millis{300};
  slow.longest_pause = base::Millis{1'000};
  Engine engine("hostile", slow);
  CHECK(engine.run("segv").outcome == Outcome::kLost);
  CHECK(engine.run("segv").outcome == Outcome::kLost);  // started again at once
  Answer away;
  CHECK(eventually([&] {
    away = engine.run("nothing");
    return away.outcome == Outcome::kRetry;
  }));
  CHECK(away.failure->code == "host.engine_gone");
  CHECK(away.failure->cause == model::FailureClass::kEngineUnavailable);
  CHECK(away.failure->message ==
        "hostile.so: its process crashed: signal 11 (Segmentation fault). It is started again in a moment.");
  CHECK(away.retry_after.count() > 0);
  CHECK(away.retry_after.count() <= 350);
  CHECK_FALSE(engine.runtime().state().serving);
  CHECK(engine.works());
  CHECK(engine.runtime().state().restarts == 2);
}

TEST_CASE("an engine that has lived well is started again at once") {
  auto good = options();
  good.first_pause = base::Millis{30'000};
  good.good_life = base::Millis{0};
  Engine engine("hostile", good);
  for (int i = 0; i < 5; ++i) {
    CHECK(engine.run("segv").outcome == Outcome::kLost);
    CHECK(engine.run("nothing").outcome == Outcome::kDone);
  }
}

TEST_CASE("fifty processes later there is no descriptor, no child and no thread more than before") {
  const auto threads = [] {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& one : fs::directory_iterator("/proc/self/task")) ++count;
    return count;
  };
  auto eager = options();
  eager.good_life = base::Millis{0};
  { Engine once("hostile", eager); }
  const auto descriptors = open_descriptors();
  const auto before = threads();
  {
    Engine engine("hostile", eager);
    (void)engine.run("checkpoint");
    const auto serving = open_descriptors();
    for (int i = 0; i < 50; ++i) CHECK(engine.run(i % 2 == 0 ? "segv" : "exit_at_once").outcome == Outcome::kLost);
    CHECK(engine.works());
    CHECK(engine.runtime().state().restarts == 50);
    CHECK(open_descriptors() == serving);
  }
  CHECK(open_descriptors() == descriptors);
  CHECK(threads() == before);
  CHECK_FALSE(has_children());
}

TEST_CASE("a process ends with its host: by the thread that started it, by its channel, by what it cannot read") {
  let_signals_through();
  auto file = engine::seal(plugin("hostile"), {});
  REQUIRE(file.has_value());
  std::promise<std::unique_ptr<Process>> given;
  std::promise<void> go_on;
  std::thread host([&, go = go_on.get_future()]() mutable {
    auto started = Process::start(options().program, "hostile.so", file->bytes.get());
    const bool good = started.has_value();
    given.set_value(good ? std::make_unique<Process>(std::move(*started)) : nullptr);
    if (good) go.wait();
  });
  const auto process = given.get_future().get();
  REQUIRE(process != nullptr);
  const std::string user = ::getuid() == 0 && GENERATE(false, true) ? "nobody" : "";
  const auto load = FrameWriter(Kind::kLoad).text("hostile.so").text(user).number(4).number(256).number(64).number(0);
  const auto frame = FrameWriter(load).take();
  REQUIRE(::send(process->channel(), frame.data(), frame.size(), 0) == static_cast<ssize_t>(frame.size()));
  FrameBuffer in(kMaxFromProcess);
  std::optional<Frame> hello;
  REQUIRE(eventually([&] {
    (void)in.receive(process->channel());
    return (hello = in.next()).has_value();
  }));
  CHECK(hello->kind == Kind::kHello);
  SECTION("the thread") {
    go_on.set_value();
    host.join();
    CHECK(is_over(process->pid()));
  }
  SECTION("the channel") { CHECK(::shutdown(process->channel(), SHUT_RDWR) == 0); }
  SECTION("garbage") { CHECK(::send(process->channel(), "garbage and more of it", 22, MSG_NOSIGNAL) == 22); }
  CHECK(is_over(process->pid()));
  if (host.joinable()) {
    go_on.set_value();
    host.join();
  }
  CHECK(process->wait() == SIGKILL);
  CHECK_FALSE(has_children());
}

TEST_CASE("lines are cut, repaired and counted") {
  std::vector<std::string> lines;
  Output output([&](std::string_view line) { lines.emplace_back(line); });
  output.take("one\r\n\ntwo\xFF\nthr");
  output.take("ee");
  CHECK(lines == std::vector<std::string>{"one", "two\xEF\xBF\xBD"});
  output.end();
  CHECK(lines.back() == "three");
  output.take(std::string(100'000, 'x') + "\nnext\n");
  CHECK(lines[3] == std::string(Output::kLongestLine, 'x') + "…");
  CHECK(lines[4] == "next");
  for (int i = 0; i < 1'000; ++i) output.take("many\n");
  output.end();
  CHECK(lines.size() == 101);
  CHECK(lines.back() == "(905 more lines were dropped)");
  CHECK_FALSE(output.rests());
  for (int i = 0; i < 64; ++i) output.take(std::string(Output::kBytesPerSecond / 64, 'x'));
  CHECK(output.rests());
}

}  // namespace
}  // namespace tenantry::child::test
