#include "http/core.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"
#include "http/problem.hpp"

namespace tenantry::http {
namespace {

constexpr int kTickMillis = 100;

// Handlers are foreign code: nothing they throw gets further than here, and its text stays in the log.
template <class Act>
void guarded(const std::shared_ptr<Exchange>& exchange, Act act) {
  std::string what;
  try {
    return act();
  } catch (const std::exception& thrown) {
    what = thrown.what();
  } catch (...) {
    what = "not a std::exception";
  }
  base::log::error("handler threw", {{"route", exchange->route},
                                     {"request_id", exchange->request_id},
                                     {"what", base::shorten(base::to_utf8(what), 200)}});
  if (exchange->claim())
    exchange->connection->send(*exchange, problem(base::internal("internal", "Something went wrong on our side."),
                                                  exchange->path, exchange->request_id));
}

void call(const Handler& handler, Request& request, const std::shared_ptr<Exchange>& exchange) {
  guarded(exchange, [&] { handler(std::move(request), Reply(exchange)); });
}

}  // namespace

Pool::Pool(int threads, std::size_t queue) : limit_(queue) {
  for (int i = 0; i < std::max(threads, 1); ++i) threads_.emplace_back([this] { run(); });
}

Pool::~Pool() { stop(); }

bool Pool::submit(std::function<void()>& work) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_ || queue_.size() >= limit_) return false;
    queue_.push_back(std::move(work));
  }
  wake_.notify_one();
  return true;
}

void Pool::stop() {
  std::deque<std::function<void()>> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    dropped.swap(queue_);
  }
  wake_.notify_all();
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

void Pool::run() {
  for (;;) {
    std::function<void()> work;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopped_ || !queue_.empty(); });
      if (stopped_) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

Keeper::Keeper(Core& core)
    : core_(core), epoll_(::epoll_create1(EPOLL_CLOEXEC)), wakeup_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = 0;
  if (epoll_ < 0 || wakeup_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wakeup_, &event) != 0)
    throw std::runtime_error("no descriptors for the HTTP server");
}

Keeper::~Keeper() {
  stop();
  ::close(wakeup_);
  ::close(epoll_);
}

void Keeper::start() {
  thread_ = std::thread([this] { run(); });
}

void Keeper::stop() {
  stopped_ = true;
  ::eventfd_write(wakeup_, 1);
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(mutex_);
  later_.clear();
}

void Keeper::watch(int fd, std::uint64_t connection) {
  epoll_event event{};
  event.events = EPOLLOUT | EPOLLET;
  event.data.u64 = connection;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
}

void Keeper::unwatch(int fd) { ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr); }

void Keeper::pump_later(std::shared_ptr<Connection> connection) {
  {
    const std::lock_guard lock(mutex_);
    later_.push_back(std::move(connection));
  }
  ::eventfd_write(wakeup_, 1);
}

void Keeper::run() {
  std::array<epoll_event, 64> events{};
  auto next_tick = std::chrono::steady_clock::now();
  while (!stopped_) {
    const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), kTickMillis);
    for (int i = 0; i < count; ++i) {
      const auto id = events[static_cast<std::size_t>(i)].data.u64;
      if (id == 0) {
        eventfd_t ignored = 0;
        ::eventfd_read(wakeup_, &ignored);
      } else if (const auto connection = core_.find(id)) {
        connection->on_writable();
      }
    }
    std::vector<std::shared_ptr<Connection>> later;
    {
      const std::lock_guard lock(mutex_);
      later.swap(later_);
    }
    for (const auto& connection : later) connection->pump();
    const auto now = std::chrono::steady_clock::now();
    if (now < next_tick) continue;
    next_tick = now + std::chrono::milliseconds(kTickMillis);
    for (const auto& connection : core_.connections()) connection->on_tick(now);
  }
}

Core::Core(Options with, Router routes)
    : options(std::move(with)),
      router(std::move(routes)),
      pool(options.pool_threads, options.pool_queue),
      keeper(*this) {}

std::shared_ptr<Connection> Core::connected(int fd, std::string peer) {
  std::shared_ptr<Connection> connection;
  bool full = false;
  {
    const std::lock_guard lock(mutex_);
    const auto id = next_id_++;
    connection = std::make_shared<Connection>(shared_from_this(), id, fd, std::move(peer));
    connections_.emplace(id, connection);
    full = connections_.size() > options.max_connections;
  }
  if (full) connection->refuse("http.overloaded", "There are too many connections; try again in a few seconds.");
  return connection;
}

void Core::gone(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  connections_.erase(id);
}

std::shared_ptr<Connection> Core::find(std::uint64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<Connection>> Core::connections() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Connection>> all;
  all.reserve(connections_.size());
  for (const auto& [id, connection] : connections_) all.push_back(connection);
  return all;
}

bool Core::idle() const { return in_flight == 0 && flushing == 0 && streams == 0; }

void Core::dispatch(Request request, const std::shared_ptr<Exchange>& exchange) {
  if (draining)
    return exchange->fail(refusal("http.draining", "This server is about to stop; another one will answer."));
  const auto match = router.match(request.method, request.path);
  if (match.route == nullptr && match.allow.empty() && request.target != "*")
    return exchange->fail(base::not_found("http.no_route", "There is nothing at this address."));
  if (match.route == nullptr) {
    const auto allow = request.target == "*" ? "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" : match.allow;
    auto answer = request.method == Method::kOptions
                      ? Response{204, "", "", {}, false}
                      : problem(refusal("http.method", "This address knows only " + allow + "."), exchange->path,
                                exchange->request_id);
    answer.headers.push_back({"Allow", allow});
    return exchange->send(std::move(answer));
  }
  const auto& route = *match.route;
  exchange->route = request.route = route.pattern;
  auto params = Router::params(match);
  if (!params) return exchange->fail(params.error());
  request.params = std::move(*params);
  if (request.path.size() < request.target.size()) {
    auto query = parse_query(std::string_view(request.target).substr(request.path.size() + 1));
    if (!query) return exchange->fail(query.error());
    request.query = std::move(*query);
  }
  if (route.options.where == Where::kIoThread) return call(route.handler, request, exchange);
  if (route.options.at_once) {
    bool answered = true;  // also if it throws
    guarded(exchange, [&] { answered = route.options.at_once(request, Reply(exchange)); });
    if (answered) return;
  }
  std::function<void()> work = [&handler = route.handler, request = std::move(request), exchange]() mutable {
    call(handler, request, exchange);
  };
  if (pool.submit(work)) return;
  exchange->fail(refusal("http.overloaded", "Too many requests are waiting; try again in a few seconds."));
}

}  // namespace tenantry::http
