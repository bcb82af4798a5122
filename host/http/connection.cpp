#include "http/connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "http/core.hpp"
#include "http/format.hpp"
#include "http/problem.hpp"

namespace tenantry::http {
namespace {

constexpr std::size_t kMaxPipelined = 64U << 10U;  // bytes of requests that wait behind another
constexpr std::size_t kMaxLingered = 8U << 20U;    // bytes thrown away after a close
constexpr std::chrono::seconds kLinger{2};

std::string request_id_of(const std::vector<Header>& headers) {
  for (const auto& [name, value] : headers)
    if (equal_name(name, "X-Request-Id") && !value.empty() && value.size() <= 64 &&
        value.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
            std::string::npos)
      return value;
  return base::random_hex(8);
}

}  // namespace

Connection::Connection(std::shared_ptr<Core> core, std::uint64_t id, int fd, std::string peer)
    : core_(std::move(core)),
      id_(id),
      peer_(std::move(peer)),
      fd_(fd),
      since_(std::chrono::steady_clock::now()),
      progress_(since_),
      parser_({core_->options.max_target, core_->options.max_head, core_->options.max_headers}) {}

void Connection::enter(Phase phase) {
  phase_ = phase;
  since_ = std::chrono::steady_clock::now();
}

void Connection::on_input(std::string_view bytes) {
  {
    const std::lock_guard lock(mutex_);
    switch (phase_) {
      case Phase::kReading:
        break;
      case Phase::kAnswering:
      case Phase::kFlushing:
        // Whoever sends on and on without waiting for an answer gets none: the rest could not be framed any more.
        if (input_.size() - input_at_ + bytes.size() > kMaxPipelined) return abort_locked();
        break;
      case Phase::kLingering:
        lingered_ += bytes.size();
        if (lingered_ > kMaxLingered) abort_locked();
        return;
      case Phase::kStreaming:
      case Phase::kAborted:
      case Phase::kGone:
        return;
    }
    input_ += bytes;
  }
  pump();
}

void Connection::pump() {
  std::unique_lock lock(mutex_);
  if (pumping_) return;
  pumping_ = true;
  while (phase_ == Phase::kReading && (input_at_ < input_.size() || parser_.in_body())) {
    const auto step = parser_.advance(input_, input_at_);
    if (input_at_ == input_.size() || input_at_ > kMaxPipelined) {
      input_.erase(0, input_at_);
      input_at_ = 0;
    }
    if (!begun_ && parser_.started()) {
      begun_ = true;
      since_ = std::chrono::steady_clock::now();
    }
    if (step == Parser::Step::kMore) break;
    if (step == Parser::Step::kBad)
      refuse_locked(parser_.error());
    else if (step == Parser::Step::kHead)
      on_head_locked();
    else
      on_request(lock);
  }
  pumping_ = false;
}

void Connection::on_head_locked() {
  const auto& head = parser_.head();
  if (!head.has_body()) return;
  const auto match = core_->router.match(head.method, std::string_view(head.target).substr(0, head.target.find('?')));
  const auto limit = std::min(core_->options.max_body,
                              match.route != nullptr ? match.route->options.max_body : core_->options.max_body);
  parser_.allow_body(limit);
  body_begun_ = true;
  since_ = std::chrono::steady_clock::now();
  if (head.expects_continue && head.length.value_or(0) <= limit) write_locked("HTTP/1.1 100 Continue\r\n\r\n");
}

void Connection::on_request(std::unique_lock<std::mutex>& lock) {
  auto& head = parser_.head();
  Request request;
  request.method = head.method;
  request.path = head.target.substr(0, head.target.find('?'));
  request.headers = std::move(head.headers);
  request.body = std::move(parser_.body());
  request.request_id = request_id_of(request.headers);
  request.peer = peer_;
  auto exchange = std::make_shared<Exchange>(shared_from_this(), core_);
  exchange->method = head.method;
  exchange->keep_alive = head.keep_alive;
  exchange->http_10 = head.http_10;
  exchange->path = request.path;
  exchange->request_id = request.request_id;
  request.target = std::move(head.target);
  parser_.reset();
  begun_ = body_begun_ = false;
  served_ = true;
  enter(Phase::kAnswering);
  lock.unlock();
  core_->dispatch(std::move(request), exchange);
  exchange.reset();  // if it is the last one it answers now, and that takes the mutex
  lock.lock();
}

void Connection::send(Exchange& exchange, Response response) {
  const bool bodiless = response.status == 204 || response.status == 304 || response.status < 200;
  if (core_->draining) response.close = true;
  auto out = start_of(response.status, bodiless ? "" : response.content_type, response.headers, exchange.request_id);
  if (!bodiless) append_header(out, "Content-Length", std::to_string(response.body.size()));
  const bool close = response.close || !exchange.keep_alive;
  if (close)
    append_header(out, "Connection", "close");
  else if (exchange.http_10)
    append_header(out, "Connection", "keep-alive");
  out += "\r\n";
  if (!bodiless && exchange.method != Method::kHead) out += response.body;
  bool delivered = false;
  {
    const std::lock_guard lock(mutex_);
    if (phase_ == Phase::kAnswering) {
      delivered = true;
      close_after_ = close;
      enter(Phase::kFlushing);
      write_locked(out);
      if (phase_ == Phase::kFlushing && output_.empty())
        flushed_locked();
      else if (phase_ == Phase::kFlushing && !flushing_counted_) {
        flushing_counted_ = true;
        ++core_->flushing;
      }
    }
  }
  exchange.finished(delivered ? response.status : 0, delivered ? out.size() : 0);
}

// The answer is with the kernel.
void Connection::flushed_locked() {
  if (flushing_counted_) --core_->flushing;
  flushing_counted_ = false;
  if (phase_ != Phase::kFlushing) return;
  if (close_after_) return close_locked();
  enter(Phase::kReading);
  next_locked();
}

// If the handler answered while pump() was still calling it, pump goes on by itself.
void Connection::next_locked() {
  if (!pumping_ && input_at_ < input_.size()) core_->keeper.pump_later(shared_from_this());
}

void Connection::close_locked() {
  enter(Phase::kLingering);
  input_.clear();
  input_at_ = 0;
  ::shutdown(fd_, SHUT_WR);
}

void Connection::abort_locked() {
  if (phase_ == Phase::kAborted || phase_ == Phase::kGone) return;
  leave_stream_locked();
  if (flushing_counted_) --core_->flushing;
  flushing_counted_ = false;
  output_.clear();
  output_at_ = 0;
  input_.clear();
  input_at_ = 0;
  enter(Phase::kAborted);
  ::shutdown(fd_, SHUT_RDWR);
}

void Connection::write_locked(std::string_view bytes) {
  if (output_.empty()) {
    progress_ = std::chrono::steady_clock::now();
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return abort_locked();
      if (sent < 0) break;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    if (bytes.empty()) return;
  }
  output_ += bytes;
  if (watched_) return;
  watched_ = true;
  core_->keeper.watch(fd_, id_);
}

void Connection::flush_locked() {
  while (output_at_ < output_.size()) {
    const auto sent =
        ::send(fd_, output_.data() + output_at_, output_.size() - output_at_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (sent < 0) return abort_locked();
    output_at_ += static_cast<std::size_t>(sent);
    progress_ = std::chrono::steady_clock::now();
  }
  if (output_at_ == output_.size() || output_at_ > kMaxPipelined) {
    output_.erase(0, output_at_);
    output_at_ = 0;
  }
  if (output_.empty()) {
    output_.shrink_to_fit();
    flushed_locked();
  }
}

void Connection::on_writable() {
  const std::lock_guard lock(mutex_);
  if (fd_ < 0 || phase_ == Phase::kAborted || output_.empty()) return;
  flush_locked();
}

void Connection::on_gone() {
  {
    const std::lock_guard lock(mutex_);
    if (phase_ == Phase::kGone) return;
    leave_stream_locked();
    if (flushing_counted_) --core_->flushing;
    flushing_counted_ = false;
    if (watched_) core_->keeper.unwatch(fd_);
    fd_ = -1;
    phase_ = Phase::kGone;
    input_.clear();
    output_.clear();
    output_at_ = input_at_ = 0;
  }
  core_->gone(id_);
}

int Connection::release() {
  int fd = -1;
  {
    const std::lock_guard lock(mutex_);
    fd = fd_;
  }
  on_gone();
  return fd;
}

void Connection::on_tick(Steady now) {
  const std::lock_guard lock(mutex_);
  const auto& options = core_->options;
  const auto age = now - since_;
  const bool stuck = !output_.empty() && now - progress_ > options.write_timeout;
  switch (phase_) {
    case Phase::kReading:
      if (stuck) return abort_locked();
      if (pumping_) return;
      if (!begun_) {
        if (age > (served_ ? options.idle_timeout : options.header_timeout)) close_locked();
      } else if (age > (body_begun_ ? options.body_timeout : options.header_timeout)) {
        refuse_locked(refusal(
            "http.timeout", body_begun_ ? "The body did not arrive in time." : "The headers did not arrive in time."));
      }
      return;
    case Phase::kFlushing:
      if (stuck) abort_locked();
      return;
    case Phase::kStreaming:
      if (stuck) return abort_locked();
      if (age > options.stream_limit) leave_stream_locked();
      return;
    case Phase::kLingering:
      if (age > kLinger) abort_locked();
      return;
    case Phase::kAnswering:
    case Phase::kAborted:
    case Phase::kGone:
      return;
  }
}

// What cannot be understood, or not in time, has no exchange: it is answered here and the connection ends.
void Connection::refuse_locked(const base::Error& error) {
  const auto request_id = base::random_hex(8);
  const auto response = problem(error, "", request_id);
  auto out = start_of(response.status, response.content_type, response.headers, request_id);
  append_header(out, "Content-Length", std::to_string(response.body.size()));
  append_header(out, "Connection", "close");
  out += "\r\n";
  out += response.body;
  close_after_ = true;
  enter(Phase::kFlushing);
  write_locked(out);
  if (phase_ == Phase::kFlushing && output_.empty()) flushed_locked();
  if (core_->options.on_finished) core_->options.on_finished(Method::kOther, "", response.status, {});
  base::log::info("request refused", {{"code", error.code}, {"status", response.status}, {"request_id", request_id}});
}

void Connection::refuse(std::string_view code, std::string message) {
  const std::lock_guard lock(mutex_);
  if (phase_ == Phase::kReading) refuse_locked(refusal(code, std::move(message)));
}

void Connection::start_stream(const std::shared_ptr<Exchange>& exchange, const std::vector<Header>& headers,
                              std::string_view type) {
  auto out = start_of(200, type, headers, exchange->request_id);
  append_header(out, "X-Accel-Buffering", "no");  // or the edge would keep the events to itself
  append_header(out, "Connection", "close");
  out += "\r\n";
  {
    const std::lock_guard lock(mutex_);
    if (phase_ == Phase::kAnswering) {
      // The kernel's buffer counts as backlog too; without a bound it would grow to megabytes.
      const int size = static_cast<int>(core_->options.stream_backlog / 4);
      ::setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
      stream_bytes_ = out.size();
      stream_ = exchange;
      ++core_->streams;
      input_.clear();
      input_at_ = 0;
      enter(Phase::kStreaming);
      write_locked(out);
      if (exchange->method == Method::kHead || core_->draining) leave_stream_locked();
      exchange->answered();
      return;
    }
  }
  exchange->finished(0, 0);
}

bool Connection::stream_write(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  if (phase_ != Phase::kStreaming) return false;
  if (output_.size() - output_at_ + bytes.size() > core_->options.stream_backlog) {
    base::log::warn("slow reader dropped", {{"route", stream_->route}, {"request_id", stream_->request_id}});
    abort_locked();
    return false;
  }
  stream_bytes_ += bytes.size();
  write_locked(bytes);
  return phase_ == Phase::kStreaming;
}

void Connection::end_stream() {
  const std::lock_guard lock(mutex_);
  leave_stream_locked();
}

// What is written already still goes out.
void Connection::leave_stream_locked() {
  if (phase_ != Phase::kStreaming) return;
  stream_->finished(200, stream_bytes_);
  stream_.reset();
  --core_->streams;
  close_after_ = true;
  enter(Phase::kFlushing);
  if (output_.empty()) return flushed_locked();
  flushing_counted_ = true;
  ++core_->flushing;
}

bool Connection::streaming() const {
  const std::lock_guard lock(mutex_);
  return phase_ == Phase::kStreaming;
}

std::size_t Connection::queued() const {
  const std::lock_guard lock(mutex_);
  return output_.size() - output_at_;
}

bool Connection::answerable() const {
  const std::lock_guard lock(mutex_);
  return phase_ == Phase::kAnswering;
}

void Connection::abort() {
  const std::lock_guard lock(mutex_);
  abort_locked();
}

}  // namespace tenantry::http
