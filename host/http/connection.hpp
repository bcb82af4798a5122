// One accepted socket: reads requests off it one after the other and writes each answer where its request came from.
// Internal to the room.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "http/parser.hpp"
#include "http/reply.hpp"

namespace tenantry::http {

class Core;
class Exchange;

using Steady = std::chrono::steady_clock::time_point;

// Every entry takes the mutex: the descriptor is only touched while `fd_` says that it is still ours, so an answer
// can never reach a socket that was closed and whose number was given to somebody else. Handlers run outside of it.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Core> core, std::uint64_t id, int fd, std::string peer);

  // From the I/O thread.
  void on_input(std::string_view bytes);
  void on_gone();  // before the descriptor is closed
  // From the keeper.
  void on_writable();
  void on_tick(Steady now);
  void pump();  // reads the next request, if a whole one is there and none is being answered
  // From any thread.
  void send(Exchange& exchange, Response response);
  void start_stream(const std::shared_ptr<Exchange>& exchange, const std::vector<Header>& headers,
                    std::string_view type);
  bool stream_write(std::string_view bytes);
  void end_stream();
  [[nodiscard]] bool streaming() const;
  [[nodiscard]] std::size_t queued() const;
  [[nodiscard]] bool answerable() const;
  void refuse(std::string_view code, std::string message);  // a problem, then a close; only before the first request
  void abort();                                             // both directions, now

  // After the I/O threads have ended: gives the descriptor back to be closed, or -1.
  [[nodiscard]] int release();
  [[nodiscard]] std::uint64_t id() const { return id_; }

 private:
  enum class Phase {
    kReading,    // waiting for a request
    kAnswering,  // its handler has it
    kFlushing,   // the answer is not with the kernel yet
    kStreaming,
    kLingering,  // our side is closed; what still comes is thrown away, so that the last answer arrives
    kAborted,    // both sides are closed; on_gone follows
    kGone,
  };

  void on_head_locked();
  void on_request(std::unique_lock<std::mutex>& lock);
  void refuse_locked(const base::Error& error);
  void write_locked(std::string_view bytes);
  void flush_locked();
  void flushed_locked();
  void close_locked();  // once everything is written
  void abort_locked();
  void leave_stream_locked();
  void next_locked();
  void enter(Phase phase);

  const std::shared_ptr<Core> core_;
  const std::uint64_t id_;
  const std::string peer_;

  mutable std::mutex mutex_;
  int fd_;
  Phase phase_ = Phase::kReading;
  Steady since_;  // when the phase, or the present part of the request, began
  bool pumping_ = false;
  bool watched_ = false;  // the keeper waits for the socket to become writable
  bool close_after_ = false;
  bool flushing_counted_ = false;
  bool begun_ = false;  // the parser has seen a first byte of the next request
  bool body_begun_ = false;
  bool served_ = false;  // a first request was read
  std::size_t lingered_ = 0;
  std::string input_;
  std::size_t input_at_ = 0;
  std::string output_;
  std::size_t output_at_ = 0;
  Steady progress_;  // when the reader last took something
  Parser parser_;
  std::shared_ptr<Exchange> stream_;
  std::uint64_t stream_bytes_ = 0;
};

// One request being answered.
class Exchange {
 public:
  Exchange(std::shared_ptr<Connection> connection, std::shared_ptr<Core> core);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange();  // answers 500 if nobody did

  [[nodiscard]] bool claim() { return !claimed_.exchange(true); }  // true for the first caller only
  void send(Response response);
  void fail(const base::Error& error);
  void answered();                                 // it is not in flight any more; idempotent
  void finished(int status, std::uint64_t bytes);  // answered, and nothing more will be written: log and metrics

  const std::shared_ptr<Connection> connection;
  const std::shared_ptr<Core> core;
  Method method = Method::kGet;
  bool keep_alive = true;
  bool http_10 = false;
  std::string path;
  std::string route;
  std::string request_id;
  const Steady started = std::chrono::steady_clock::now();

 private:
  std::atomic<bool> claimed_ = false;
  std::atomic<bool> counted_ = true;
};

// Ends the stream when the last copy of its handle dies.
class Link {
 public:
  explicit Link(std::shared_ptr<Connection> owner) : connection(std::move(owner)) {}
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link() { connection->end_stream(); }

  const std::shared_ptr<Connection> connection;
};

}  // namespace tenantry::http
