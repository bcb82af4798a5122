#include "store/postgres_listener.hpp"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>
#include <utility>

#include "store/postgres_dialect.hpp"

namespace tenantry::store {
namespace {

constexpr int kBetweenConnections = 1'000;  // milliseconds

}  // namespace

PostgresListener::PostgresListener(std::string conninfo)
    : conninfo_(std::move(conninfo)), stop_(::eventfd(0, EFD_CLOEXEC)) {
  if (stop_ < 0) throw std::runtime_error("no eventfd");
}

PostgresListener::~PostgresListener() {
  const std::uint64_t one = 1;
  static_cast<void>(!::write(stop_, &one, sizeof one));
  if (thread_.joinable()) thread_.join();
  ::close(stop_);
}

void PostgresListener::on_released(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
  if (wake_ && !thread_.joinable()) thread_ = std::thread([this] { loop(); });
}

void PostgresListener::loop() {
  do hear();
  while (pause(kBetweenConnections));
}

bool PostgresListener::pause(int milliseconds) {
  pollfd stop{stop_, POLLIN, 0};
  return ::poll(&stop, 1, milliseconds) == 0;
}

void PostgresListener::call() {
  const std::lock_guard lock(mutex_);
  if (wake_) wake_();
}

void PostgresListener::hear() {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(conninfo_.c_str()), PQfinish);
  if (PQstatus(connection.get()) != CONNECTION_OK) return;
  PQsetNoticeProcessor(
      connection.get(), [](void*, const char*) {}, nullptr);
  const auto listen = std::string("listen ") + kReleasedChannel;
  const std::unique_ptr<PGresult, decltype(&PQclear)> listening(PQexec(connection.get(), listen.c_str()), PQclear);
  if (PQresultStatus(listening.get()) != PGRES_COMMAND_OK) return;
  call();  // for what was told while nobody listened
  for (;;) {
    pollfd waiting[2] = {{PQsocket(connection.get()), POLLIN, 0}, {stop_, POLLIN, 0}};
    if (::poll(waiting, 2, -1) < 0) continue;
    if (waiting[1].revents != 0 || PQconsumeInput(connection.get()) == 0) return;
    bool told = false;
    while (auto* notification = PQnotifies(connection.get())) {
      PQfreemem(notification);
      told = true;
    }
    if (told) call();
  }
}

}  // namespace tenantry::store
