#include "database/postgres_listener.hpp"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <set>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "database/postgres_dialect.hpp"

namespace tenantry::database {
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

void PostgresListener::on_told(std::function<void(store::Told)> wake) {
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

void PostgresListener::call(store::Told what) {
  const std::lock_guard lock(mutex_);
  if (wake_) wake_(what);
}

void PostgresListener::hear() {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(conninfo_.c_str()), PQfinish);
  if (PQstatus(connection.get()) != CONNECTION_OK) return;
  PQsetNoticeProcessor(
      connection.get(), [](void*, const char*) {}, nullptr);
  const std::unique_ptr<PGresult, decltype(&PQclear)> listening(PQexec(connection.get(), "listen tenantry"), PQclear);
  if (PQresultStatus(listening.get()) != PGRES_COMMAND_OK) return;
  for (const auto what : {store::Told::kReleased, store::Told::kHanded, store::Told::kAnswered, store::Told::kFreed})
    call(what);  // while nobody listened
  for (;;) {
    pollfd waiting[2] = {{PQsocket(connection.get()), POLLIN, 0}, {stop_, POLLIN, 0}};
    if (::poll(waiting, 2, -1) < 0) continue;
    if (waiting[1].revents != 0 || PQconsumeInput(connection.get()) == 0) return;
    std::set<store::Told> told;
    while (auto* notification = PQnotifies(connection.get())) {
      const std::string_view word = notification->extra;
      told.insert(word == "handed"     ? store::Told::kHanded
                  : word == "answered" ? store::Told::kAnswered
                  : word == "freed"    ? store::Told::kFreed
                                       : store::Told::kReleased);
      PQfreemem(notification);
    }
    for (const auto what : told) call(what);
  }
}

}  // namespace tenantry::database
