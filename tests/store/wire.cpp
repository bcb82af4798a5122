#include "store/wire.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace tenantry::testing {
namespace {

constexpr int kTick = 20;  // milliseconds between two looks at whether it is over

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

bool send_all(int socket, const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const auto size = ::send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (size <= 0) return false;
    sent += static_cast<std::size_t>(size);
  }
  return true;
}

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8U | static_cast<unsigned char>(bytes[at + i]);
  return number;
}

std::string read_some(int socket) {
  char piece[65'536];
  const auto size = ::recv(socket, piece, sizeof piece, 0);
  return size <= 0 ? std::string() : std::string(piece, static_cast<std::size_t>(size));
}

bool readable(int socket) {
  pollfd waiting{socket, POLLIN, 0};
  return ::poll(&waiting, 1, kTick) > 0;
}

}  // namespace

struct Wire::Connection {
  int store = -1;
  int server = -1;
  bool started = false;
  std::string unread;     // of a message from the store that has not come in whole
  std::string statement;  // the name under which the store has prepared its commit

  ~Connection() {
    if (store >= 0) ::close(store);
    if (server >= 0) ::close(server);
  }
  void lose_store() { ::close(std::exchange(store, -1)); }

  // Reads along; true: these bytes execute a commit.
  bool holds_commit(const std::string& bytes) {
    unread += bytes;
    bool found = false;
    for (;;) {
      const std::size_t head = started ? 1 : 0;  // the first message has no type
      if (unread.size() < head + 4) return found;
      const auto size = head + number_at(unread, head);
      if (unread.size() < size) return found;
      const auto message = unread.substr(0, size);
      unread.erase(0, size);
      if (!std::exchange(started, true)) continue;
      if (message[0] != 'P' && message[0] != 'B') continue;
      const std::string first = message.c_str() + 5;
      const std::string second = message.substr(5 + first.size() + 1).c_str();
      if (message[0] == 'P' && second == "commit") statement = first;
      if (message[0] == 'B' && !statement.empty() && second == statement) found = true;
    }
  }
};

Wire::Wire(std::string server_socket) : server_socket_(std::move(server_socket)) {
  listening_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = address_of(folder_ / ".s.PGSQL.5432");
  if (::bind(listening_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listening_, 16) != 0)
    throw std::runtime_error("no socket");
  accepting_ = std::thread([this] { accept_all(); });
}

Wire::~Wire() {
  ended_ = true;
  accepting_.join();
  for (auto& thread : threads_) thread.join();
  ::close(listening_);
}

void Wire::accept_all() {
  while (!ended_) {
    if (!readable(listening_)) continue;
    const int store = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (store >= 0) threads_.emplace_back([this, store] { carry(store); });
  }
}

void Wire::carry(int store) {
  Connection connection;
  connection.store = store;
  connection.server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = address_of(server_socket_);
  if (::connect(connection.server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return;
  while (!ended_) {
    pollfd waiting[2] = {{connection.store, POLLIN, 0}, {connection.server, POLLIN, 0}};
    if (::poll(waiting, 2, kTick) <= 0) continue;
    if (waiting[0].revents != 0) {
      const auto bytes = read_some(connection.store);
      if (bytes.empty() || !forward(connection, bytes)) return;
    }
    if (waiting[1].revents != 0) {
      const auto bytes = read_some(connection.server);
      if (bytes.empty() || !send_all(connection.store, bytes)) return;
    }
  }
}

// false: the connection is over.
bool Wire::forward(Connection& connection, const std::string& bytes) {
  if (!connection.holds_commit(bytes)) return send_all(connection.server, bytes);
  switch (next_.exchange(Cut::kNever)) {
    case Cut::kNever:
      return send_all(connection.server, bytes);
    case Cut::kBefore:
      return false;
    case Cut::kAfter:
      if (send_all(connection.server, bytes)) static_cast<void>(read_some(connection.server));
      return false;
    case Cut::kLate:
      connection.lose_store();
      while (!released_ && !ended_) static_cast<void>(readable(connection.server));
      if (send_all(connection.server, bytes)) static_cast<void>(read_some(connection.server));
      return false;
  }
  return false;
}

}  // namespace tenantry::testing
