// Answers reach whom they are for, however fast clients come and go.
#include <condition_variable>
#include <deque>
#include <mutex>

#include "http/serving.hpp"

using namespace tenantry;
using namespace tenantry::http;

namespace {

// Answers on a thread that is neither Pistache's nor the pool's, some time later.
class Elsewhere {
 public:
  Elsewhere() : thread_([this] { run(); }) {}
  Elsewhere(const Elsewhere&) = delete;
  Elsewhere& operator=(const Elsewhere&) = delete;
  ~Elsewhere() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

  void answer(Request request, Reply reply) {
    const std::lock_guard lock(mutex_);
    waiting_.emplace_back(std::move(request), std::move(reply));
    wake_.notify_all();
  }
  [[nodiscard]] int answered() const { return answered_; }

 private:
  void run() {
    for (;;) {
      std::deque<std::pair<Request, Reply>> batch;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return stopped_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        batch.swap(waiting_);
      }
      for (const auto& [request, reply] : batch) {
        echo(request, reply);
        ++answered_;
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::pair<Request, Reply>> waiting_;
  bool stopped_ = false;
  std::atomic<int> answered_ = 0;
  std::thread thread_;
};

Router routes(Elsewhere& elsewhere) {
  Router router;
  router.add(Method::kGet, "/now", echo, {Where::kIoThread});
  router.add(Method::kGet, "/pool", echo);
  router.add(Method::kGet, "/elsewhere",
             [&](Request request, Reply reply) { elsewhere.answer(std::move(request), std::move(reply)); },
             {Where::kIoThread});
  return router;
}

constexpr const char* kPaths[] = {"/now?", "/pool?", "/elsewhere?"};

}  // namespace

TEST_CASE("of 100,000 answers none reaches another client, while half of the clients hang up") {
  // Fails if on_gone() leaves the descriptor's number in place (answers then go to whoever has the number now), and
  // with Pistache's write queue, which sends by number.
  Elsewhere elsewhere;
  Serving serving(routes(elsewhere));
  constexpr int kThreads = 4;
  constexpr int kBatch = 10;
  std::atomic<int> read = 0;
  std::atomic<int> wrong = 0;
  std::atomic<int> hung_up = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&, thread] {
      for (int round = 0; read < 100'000 && wrong == 0; ++round) {
        const auto name = std::to_string(thread) + "." + std::to_string(round) + ".";
        auto client = serving.client();
        std::string all;
        for (int i = 0; i < kBatch; ++i)
          all += client.format("GET", kPaths[(round + i) % 3] + name + std::to_string(i));
        client.send_raw(all);
        if (round % 2 == 0) {  // hangs up with its answers on their way, politely or not
          if (round % 4 == 0) client.reset();
          ++hung_up;
          continue;
        }
        for (int i = 0; i < kBatch; ++i) {
          const auto expected = std::string("GET ") + kPaths[(round + i) % 3] + name + std::to_string(i) + " ";
          if (client.read_answer().body != expected) ++wrong;
          ++read;
        }
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(read >= 100'000);
  CHECK(hung_up > 1'000);
  CHECK(eventually([&] { return serving.server.connections() == 0 && serving.server.in_flight() == 0; }));
}

TEST_CASE("an answer to a client that left, or from after the server, is harmless") {
  // Fails (SIGSEGV, within seconds) with ResponseWriter::send; here the gate is Connection's mutex and phase.
  std::mutex mutex;
  std::vector<Reply> kept;
  Router router;
  router.add(Method::kGet, "/keep",
             [&](const Request&, const Reply& reply) {
               const std::lock_guard lock(mutex);
               kept.push_back(reply);
             },
             {Where::kIoThread});
  {
    Serving serving(std::move(router));
    std::vector<test::HttpClient> clients;
    for (int i = 0; i < 100; ++i) {
      clients.push_back(serving.client());
      clients.back().send_raw(clients.back().format("GET", "/keep"));
    }
    REQUIRE(eventually([&] { return serving.server.in_flight() == 100; }));
    CHECK(kept.front().wanted());
    std::thread leaving([&] {
      for (auto& client : clients) client.reset();
    });
    for (int i = 0; i < 60; ++i) answer_text(kept[static_cast<std::size_t>(i)], "late");
    leaving.join();
    CHECK(eventually([&] { return serving.server.connections() == 0; }));
    for (int i = 60; i < 80; ++i) {
      CHECK_FALSE(kept[static_cast<std::size_t>(i)].wanted());
      answer_text(kept[static_cast<std::size_t>(i)], "late");
    }
    CHECK(serving.server.in_flight() == 20);
  }
  for (int i = 80; i < 90; ++i) answer_text(kept[static_cast<std::size_t>(i)], "too late");
  kept.clear();
  SUCCEED("nothing happened");
}
