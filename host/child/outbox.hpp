// The host's way into a process: frames in the order in which they were sent. Never blocks.
#pragma once
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

namespace tenantry::child {

// Thread-safe. `wake` is an eventfd that becomes readable when something is left for flush().
class Outbox {
 public:
  // The descriptors are borrowed until close().
  Outbox(int socket, int wake) : socket_(socket), wake_(wake) {}
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;
  ~Outbox();  // wipes

  // What the socket does not take at once is kept. False if too much is kept already, and nothing was done.
  [[nodiscard]] bool send(std::string_view frame);
  // When the socket takes something again.
  void flush();
  [[nodiscard]] bool is_waiting() const;
  // Nothing is sent any more.
  void close();

 private:
  // Under the lock.
  std::size_t write(std::string_view bytes) const;
  void append(std::string_view bytes);

  mutable std::mutex mutex_;  // guards what follows
  int socket_;
  const int wake_;
  std::string kept_;
  std::size_t sent_ = 0;  // of what is kept
};

}  // namespace tenantry::child
