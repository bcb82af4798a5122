#include <latch>
#include <mutex>

#include "http/serving.hpp"

using namespace tenantry;
using namespace tenantry::http;

namespace {

// Hands the streams that clients opened to the test.
struct Streams {
  std::mutex mutex;
  std::vector<Stream> opened;

  Router router() {
    Router routes;
    routes.add(Method::kGet, "/events",
               [this](const Request&, const Reply& reply) {
                 auto stream = reply.stream({{"X-Extra", "1"}});
                 const std::lock_guard lock(mutex);
                 opened.push_back(std::move(stream));
               },
               {Where::kIoThread});
    routes.add(Method::kGet, "/now", echo, {Where::kIoThread});
    return routes;
  }

  Stream take() {
    REQUIRE(eventually([&] {
      const std::lock_guard lock(mutex);
      return !opened.empty();
    }));
    const std::lock_guard lock(mutex);
    auto stream = std::move(opened.back());
    opened.pop_back();
    return stream;
  }
};

std::string event(int number) { return "id: " + std::to_string(number) + "\ndata: x\n\n"; }

long resident_kilobytes() {
  long pages = 0;
  long ignored = 0;
  auto* file = std::fopen("/proc/self/statm", "r");
  REQUIRE(file != nullptr);
  REQUIRE(std::fscanf(file, "%ld %ld", &ignored, &pages) == 2);
  std::fclose(file);
  return pages * 4;
}

}  // namespace

TEST_CASE("events reach their reader from another thread, one by one") {
  // Fails (the process ends) with Pistache's ResponseStream, which may only be used on the I/O thread.
  Streams streams;
  Serving serving(streams.router());
  auto client = serving.client();
  client.send_raw(client.format("GET", "/events"));
  auto stream = streams.take();
  const auto head = client.read_head();
  REQUIRE(head.has_value());
  CHECK(head->status == 200);
  CHECK(head->header("Content-Type") == "text/event-stream");
  CHECK(head->header("Cache-Control") == "no-store");
  CHECK(head->header("X-Extra") == "1");
  CHECK(head->header("Content-Length").empty());
  CHECK(serving.server.streams() == 1);
  CHECK(serving.server.in_flight() == 0);
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(stream.write(event(i)));
    REQUIRE(client.read_event().value_or("") == "id: " + std::to_string(i) + "\ndata: x\n");
  }
  CHECK(stream.write(": comment\n\n"));
  stream.close();
  CHECK_FALSE(stream.write(event(0)));
  CHECK_FALSE(client.read_event().has_value());
  CHECK(client.closed_by_peer());
  CHECK(serving.server.streams() == 0);
}

TEST_CASE("a stream ends when nobody holds it") {
  Streams streams;
  Serving serving(streams.router());
  auto client = serving.client();
  client.send_raw(client.format("GET", "/events"));
  {
    auto stream = streams.take();
    const auto copy = stream;
    CHECK(stream.write(event(1)));
  }
  CHECK(client.read_head().has_value());
  CHECK(client.read_event().has_value());
  CHECK(client.closed_by_peer());
}

TEST_CASE("a reader that left is noticed") {
  Streams streams;
  Serving serving(streams.router());
  auto stream = [&] {
    auto client = serving.client();
    client.send_raw(client.format("GET", "/events"));
    return streams.take();
  }();
  CHECK(eventually([&] { return !stream.write(event(1)); }));
  CHECK_FALSE(stream.open());
  CHECK(eventually([&] { return serving.server.streams() == 0 && serving.server.connections() == 0; }));
}

TEST_CASE("a reader that does not read is dropped, and costs a bounded amount of memory") {
  // Fails without the check in stream_write(): the queue then takes all 64 MB.
  Streams streams;
  Options options;
  options.io_threads = 1;
  Serving serving(streams.router(), options);
  auto lazy = serving.client();
  lazy.send_raw(lazy.format("GET", "/events"));
  auto stream = streams.take();
  const auto before = resident_kilobytes();
  const auto block = "data: " + std::string(1000, 'x') + "\n\n";
  std::size_t taken = 0;
  while (taken < (64U << 20U) && stream.write(block)) taken += block.size();
  CAPTURE(taken);
  CHECK(taken < (8U << 20U));  // the backlog, and what both kernel buffers hold
  CHECK_FALSE(stream.write("x"));
  CHECK(resident_kilobytes() - before < 8 * 1024);
  CHECK(serving.client().get("/now").status == 200);
  CHECK(eventually([&] { return serving.server.streams() == 0; }));
}

TEST_CASE("no timeout of a request breaks a stream, its own limit ends it") {
  // Fails if on_tick() treats a stream like a request; Pistache's header timeout writes a 408 into it.
  Streams streams;
  Options options;
  options.header_timeout = options.idle_timeout = options.body_timeout = std::chrono::milliseconds(100);
  options.write_timeout = std::chrono::milliseconds(100);
  options.stream_limit = std::chrono::milliseconds(1200);
  Serving serving(streams.router(), options);
  auto client = serving.client();
  const auto start = std::chrono::steady_clock::now();
  client.send_raw(client.format("GET", "/events"));
  auto stream = streams.take();
  REQUIRE(client.read_head().has_value());
  int sent = 0;
  int received = 0;
  while (stream.write(event(sent))) {
    ++sent;
    const auto text = client.read_event();
    REQUIRE(text.value_or("") == "id: " + std::to_string(received) + "\ndata: x\n");
    ++received;
  }
  const auto lived = std::chrono::steady_clock::now() - start;
  CHECK(lived >= std::chrono::milliseconds(1200));
  CHECK(lived < std::chrono::seconds(4));
  CHECK(received == sent);
  CHECK(client.read_rest().empty());
}

TEST_CASE("many streams and many threads: every reader gets its own events, in order") {
  Streams streams;
  Serving serving(streams.router());
  constexpr int kReaders = 100;
  constexpr int kEvents = 200;
  std::vector<test::HttpClient> clients;
  std::vector<Stream> open;
  for (int i = 0; i < kReaders; ++i) {
    clients.push_back(serving.client());
    clients.back().send_raw(clients.back().format("GET", "/events"));
    open.push_back(streams.take());
  }
  std::vector<std::thread> writers;
  for (int part = 0; part < 4; ++part)
    writers.emplace_back([&, part] {
      for (int number = 0; number < kEvents; ++number)
        for (int i = part; i < kReaders; i += 4)
          (void)open[static_cast<std::size_t>(i)].write("id: " + std::to_string(i * 1000 + number) + "\n\n");
    });
  int wrong = 0;
  for (int i = 0; i < kReaders; ++i) {
    auto& client = clients[static_cast<std::size_t>(i)];
    REQUIRE(client.read_head().has_value());
    for (int number = 0; number < kEvents; ++number)
      wrong += client.read_event().value_or("") == "id: " + std::to_string(i * 1000 + number) + "\n" ? 0 : 1;
  }
  for (auto& writer : writers) writer.join();
  CHECK(wrong == 0);
}

TEST_CASE("HEAD of a stream is only its head") {
  Streams streams;
  Serving serving(streams.router());
  auto client = serving.client();
  const auto answer = client.request("HEAD", "/events");
  CHECK(answer.status == 200);
  CHECK(client.closed_by_peer());
  CHECK_FALSE(streams.take().write("x"));
}

TEST_CASE("a drain ends streams and lets answers through") {
  // Fails without drain(): a stop alone drops what is in flight (as Pistache's shutdown does).
  std::latch entered(1);
  std::latch blocked(1);
  Streams streams;
  auto router = streams.router();
  router.add(Method::kGet, "/wait", [&](const Request&, const Reply& reply) {
    entered.count_down();
    blocked.wait();
    answer_text(reply, std::string(4U << 20U, 'x'));
  });
  Serving serving(std::move(router));
  auto reader = serving.client();
  reader.send_raw(reader.format("GET", "/events"));
  auto stream = streams.take();
  CHECK(stream.write(event(1)));
  auto waiting = serving.client();
  waiting.send_raw(waiting.format("GET", "/wait"));
  entered.wait();
  auto idle = serving.client();
  CHECK(idle.get("/now").status == 200);

  CHECK_FALSE(serving.server.drain(std::chrono::milliseconds(1)));
  CHECK_FALSE(stream.write(event(2)));
  CHECK(reader.read_head().has_value());
  CHECK(reader.read_event().has_value());
  CHECK(reader.closed_by_peer());
  const auto refused = idle.get("/now");
  CHECK(is_problem(refused, 503, "http.draining"));
  CHECK(refused.header("Connection") == "close");
  CHECK(idle.closed_by_peer());
  CHECK(is_problem(serving.client().get("/now"), 503, "http.draining"));

  bool drained = false;
  std::thread drain([&] { drained = serving.server.drain(std::chrono::seconds(10)); });
  blocked.count_down();
  const auto answer = waiting.read_answer();
  drain.join();
  CHECK(drained);
  CHECK(answer.body.size() == 4U << 20U);
  CHECK(answer.header("Connection") == "close");
  CHECK(serving.server.in_flight() == 0);
  serving.server.stop();
  serving.server.stop();
  CHECK_FALSE(serving.client().connected());
}
