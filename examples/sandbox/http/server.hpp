// An HTTP/1.1 server on plain sockets, one thread for each connection, that can misbehave on purpose: hang up before or
// after the work, keep a client waiting, refuse connections for a while.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "sandbox/application.hpp"

namespace tenantry::sandbox {

struct ServerOptions {
  std::uint16_t port = 0;  // 0: any free one
  int workers = 0;         // requests served at the same time, the others wait; 0: no limit
};

class Server {
 public:
  // All three have to outlive the server.
  Server(Application& application, Faults& faults, Journal& journal, ServerOptions options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens on the loopback interface and serves on threads of its own. Throws std::system_error if the port is taken.
  void start();
  // Hangs up on all clients and waits for the threads. A second call does nothing.
  void stop();
  [[nodiscard]] std::uint16_t port() const { return port_; }

  // Hangs up on all clients and refuses connections for this long. Returns at once.
  void down_for(std::chrono::milliseconds duration);

 private:
  void accept_loop();
  void serve(int socket);
  // False if the connection is to be closed.
  bool serve_one(int socket, std::string& buffer);
  Response control(const Request& request, int socket);
  Response control_faults(const Request& request, const std::vector<std::string>& parts);
  bool watch(int socket, std::chrono::milliseconds duration);
  bool wait(std::chrono::milliseconds duration);
  Exchange exchange_for(const Decision& decision, int socket);
  void open_listener();
  void hang_up_all();
  void wake();

  Application& application_;
  Faults& faults_;
  Journal& journal_;
  ServerOptions options_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  int wake_read_ = -1;
  int wake_write_ = -1;
  std::thread acceptor_;
  std::atomic<bool> stopping_{false};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<int> sockets_;  // open connections
  int busy_ = 0;           // requests in work, if options_.workers limits them
  std::chrono::milliseconds downtime_{0};
};

}  // namespace tenantry::sandbox
