#include "sandbox/http/server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "sandbox/http/wire.hpp"

namespace tenantry::sandbox {

namespace {

using std::chrono::milliseconds;
using Instant = std::chrono::steady_clock::time_point;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

Response json_answer(int status, const json::value& body) { return {status, "application/json", {}, to_text(body)}; }

std::int64_t int_in(const std::string& body, std::string_view name) {
  boost::system::error_code bad;
  const json::value parsed = json::parse(body, bad);
  const auto* value = !bad && parsed.is_object() ? parsed.get_object().if_contains(name) : nullptr;
  return value && value->is_int64() ? value->get_int64() : 0;
}

}  // namespace

Server::Server(Application& application, Faults& faults, Journal& journal, ServerOptions options)
    : application_(application), faults_(faults), journal_(journal), options_(options), port_(options.port) {}

Server::~Server() { stop(); }

void Server::open_listener() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener_ < 0) fail("socket");
  const int yes = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("bind");
  if (::listen(listener_, 1024) != 0) fail("listen");
  socklen_t size = sizeof address;
  if (::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) fail("getsockname");
  port_ = ntohs(address.sin_port);
}

void Server::start() {
  std::array<int, 2> pipe_ends{};
  if (::pipe2(pipe_ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) fail("pipe");
  wake_read_ = pipe_ends[0];
  wake_write_ = pipe_ends[1];
  open_listener();
  acceptor_ = std::thread([this] { accept_loop(); });
}

void Server::stop() {
  if (!acceptor_.joinable()) return;
  stopping_ = true;
  {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }
  wake();
  acceptor_.join();
  hang_up_all();
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return sockets_.empty(); });
  }
  ::close(wake_read_);
  ::close(wake_write_);
}

void Server::wake() {
  const char byte = 1;
  // A full pipe wakes as well.
  [[maybe_unused]] const auto written = ::write(wake_write_, &byte, 1);
}

void Server::down_for(milliseconds duration) {
  {
    const std::lock_guard lock(mutex_);
    downtime_ = duration;
  }
  wake();
}

void Server::hang_up_all() {
  const std::lock_guard lock(mutex_);
  for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
}

void Server::accept_loop() {
  while (!stopping_) {
    std::array<pollfd, 2> waiting{{{listener_, POLLIN, 0}, {wake_read_, POLLIN, 0}}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) break;
    if (waiting[1].revents != 0) {
      std::array<char, 64> drained{};
      while (::read(wake_read_, drained.data(), drained.size()) > 0) {
      }
    }
    milliseconds down{0};
    {
      const std::lock_guard lock(mutex_);
      std::swap(down, downtime_);
    }
    if (down.count() > 0) {
      ::close(listener_);
      hang_up_all();
      {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, down, [this] { return stopping_.load(); });
      }
      open_listener();
      continue;
    }
    if ((waiting[0].revents & POLLIN) == 0) continue;
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    const int yes = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    {
      const std::lock_guard lock(mutex_);
      sockets_.insert(socket);
    }
    // stop() waits until sockets_ is empty, so no thread outlives the server.
    std::thread([this, socket] { serve(socket); }).detach();
  }
  ::close(listener_);
}

void Server::serve(int socket) {
  std::string buffer;
  while (!stopping_ && serve_one(socket, buffer)) {
  }
  const std::lock_guard lock(mutex_);
  ::close(socket);
  sockets_.erase(socket);
  changed_.notify_all();
}

bool Server::watch(int socket, milliseconds duration) {
  const Instant end = std::chrono::steady_clock::now() + duration;
  for (;;) {
    if (stopping_) return false;
    const auto left = std::chrono::duration_cast<milliseconds>(end - std::chrono::steady_clock::now());
    pollfd waiting{socket, POLLRDHUP, 0};
    // Short slices, so that stop() is not kept waiting.
    const int slice = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 50));
    if (::poll(&waiting, 1, slice) > 0 && (waiting.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0) return false;
    if (std::chrono::steady_clock::now() >= end) return true;
  }
}

bool Server::wait(milliseconds duration) {
  if (duration.count() <= 0) return !stopping_;
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, duration, [this] { return stopping_.load(); });
}

Exchange Server::exchange_for(const Decision& decision, int socket) {
  return {decision, [this](milliseconds duration) { return wait(duration); },
          [this, socket](milliseconds duration) { return watch(socket, duration); }};
}

bool Server::serve_one(int socket, std::string& buffer) {
  const auto request = read_request(socket, buffer);
  if (!request) return false;
  const bool keep_alive = request->header("connection") != "close";
  const bool head_only = request->method == "HEAD";
  if (request->path == "/__sandbox/downtime") {
    // Down only after this answer is out: the acceptor then shuts all connections, this one included.
    write_response(socket, json_answer(200, json::object{}), false, false);
    down_for(milliseconds(int_in(request->body, "millis")));
    return false;
  }
  if (request->path.starts_with("/__sandbox"))
    return write_response(socket, control(*request, socket), head_only, keep_alive) && keep_alive;

  const Subject subject = application_.describe(*request);
  const Decision decision = faults_.decide(subject);
  const Journal::Presence presence(journal_, subject.site);
  if (options_.workers > 0) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return busy_ < options_.workers || stopping_; });
    ++busy_;
  }
  const Exchange exchange = exchange_for(decision, socket);
  Response response;
  if (decision.action() == Action::kDropBefore)
    wait(decision.latency);
  else
    response = application_.answer(*request, exchange);
  if (options_.workers > 0) {
    const std::lock_guard lock(mutex_);
    --busy_;
    changed_.notify_all();
  }
  switch (decision.action()) {
    case Action::kDropBefore:
    case Action::kDropAfter:
      return false;
    case Action::kHang:
      while (watch(socket, std::chrono::hours(1))) {
      }
      return false;
    case Action::kNone:
    case Action::kError:
    case Action::kHtml:
    case Action::kTooMany:
    case Action::kMaintenance:
    case Action::kCondition:
      break;
  }
  if (response.hangs_up) return false;
  return write_response(socket, response, head_only, keep_alive) && keep_alive;
}

Response Server::control_faults(const Request& request, const std::vector<std::string>& parts) {
  if (request.method == "GET") return json_answer(200, faults_.list());
  if (request.method == "DELETE") {
    if (parts.size() == 1)
      faults_.clear();
    else if (!faults_.remove(parts[1]))
      return json_answer(404, json::object{{"error", "There is no fault " + parts[1] + "."}});
    return json_answer(200, json::object{});
  }
  boost::system::error_code bad;
  const json::value body = json::parse(request.body, bad);
  if (bad || (!body.is_object() && !body.is_array()))
    return json_answer(400, json::object{{"error", "A fault is a JSON object, or an array of them."}});
  json::array ids;
  for (const auto& rule : body.is_array() ? body.get_array() : json::array{body}) {
    const auto added = rule.is_object() ? faults_.add(rule.get_object()) : Faults::Added{{}, "A fault is an object."};
    if (!added.problem.empty()) return json_answer(400, json::object{{"error", added.problem}});
    ids.emplace_back(added.id);
  }
  return json_answer(200, json::object{{"ids", ids}});
}

Response Server::control(const Request& request, int socket) {
  auto parts = request.parts();
  parts.erase(parts.begin());  // "__sandbox"
  const auto query = [&request](const std::string& name, std::string fallback) {
    const auto found = request.query.find(name);
    return found == request.query.end() ? fallback : found->second;
  };
  const std::string what = parts.empty() ? "" : parts[0];
  if (what == "journal" && request.method == "DELETE") {
    journal_.clear();
    return json_answer(200, json::object{});
  }
  if (what == "journal") {
    const auto number = [](const std::string& text) { return std::strtoull(text.c_str(), nullptr, 10); };
    return json_answer(
        200, journal_.effects(number(query("after", "0")), number(query("limit", "100000")), query("site", "")));
  }
  if (what == "load") return json_answer(200, journal_.load());
  if (what == "state") {
    auto state = application_.state(query("site", ""));
    if (state.is_object()) state.as_object()["load"] = journal_.load();
    return json_answer(200, state);
  }
  if (what == "faults") return control_faults(request, parts);
  if (what == "seed") {
    faults_.seed(static_cast<std::uint64_t>(int_in(request.body, "seed")));
    return json_answer(200, json::object{});
  }
  static const Decision kNoFault;
  if (auto answer = application_.control(request, parts, exchange_for(kNoFault, socket))) return *std::move(answer);
  return json_answer(404, json::object{{"error", "There is no control route " + request.path + "."}});
}

}  // namespace tenantry::sandbox
