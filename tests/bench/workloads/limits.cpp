#include "bench/workloads/limits.hpp"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <stdexcept>

#include "bench/measure.hpp"

namespace tenantry::bench {
namespace {

using Seconds = std::chrono::duration<double>;

double now() { return Seconds(std::chrono::steady_clock::now().time_since_epoch()).count(); }

void run(sqlite3* db, const char* sql) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(db));
}

sqlite3_stmt* prepare(sqlite3* db, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, nullptr) != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(db));
  return statement;
}

void serve(int listener, const std::string& answer) {
  const int poll = ::epoll_create1(0);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = listener;
  ::epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  char buffer[4096];
  for (;;) {
    epoll_event ready[64];
    const int count = ::epoll_wait(poll, ready, 64, -1);
    for (int i = 0; i < count; ++i) {
      const int fd = ready[i].data.fd;
      if (fd == listener) {
        const int client = ::accept(listener, nullptr, nullptr);
        const int on = 1;
        ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        event.data.fd = client;
        ::epoll_ctl(poll, EPOLL_CTL_ADD, client, &event);
      } else if (::recv(fd, buffer, sizeof buffer, 0) <= 0) {
        ::close(fd);
      } else {
        (void)!::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
      }
    }
  }
}

}  // namespace

double sqlite_rate(const std::string& folder, int group, double seconds) {
  const auto path = folder + "/limit.db";
  sqlite3* db = nullptr;
  if (sqlite3_open(path.c_str(), &db) != SQLITE_OK) throw std::runtime_error("no database");
  run(db, "pragma journal_mode = wal");
  run(db, "pragma synchronous = full");
  run(db, "create table steps(run int, step int, data text, primary key(run, step)) without rowid");
  run(db, "create table runs(id int primary key, version int, data text) without rowid");
  auto* step = prepare(db, "insert or replace into steps values(?, ?, ?)");
  auto* head = prepare(db, "insert or replace into runs values(?, ?, ?)");
  const std::string data(300, 'x');
  const double start = now();
  int count = 0;
  while (now() - start < seconds) {
    run(db, "begin immediate");
    for (int i = 0; i < group; ++i, ++count) {
      sqlite3_bind_int(step, 1, count % 1000);
      sqlite3_bind_int(step, 2, count / 1000 % 11);
      sqlite3_bind_text(step, 3, data.data(), static_cast<int>(data.size()), SQLITE_STATIC);
      sqlite3_step(step);
      sqlite3_reset(step);
      sqlite3_bind_int(head, 1, count % 1000);
      sqlite3_bind_int(head, 2, count);
      sqlite3_bind_text(head, 3, data.data(), static_cast<int>(data.size()), SQLITE_STATIC);
      sqlite3_step(head);
      sqlite3_reset(head);
    }
    run(db, "commit");
  }
  const double rate = count / (now() - start);
  sqlite3_finalize(step);
  sqlite3_finalize(head);
  sqlite3_close(db);
  for (const auto* end : {"", "-wal", "-shm"}) ::unlink((path + end).c_str());
  return rate;
}

double postgres_commit_ms(const std::string& url, int times) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> db(PQconnectdb(url.c_str()), PQfinish);
  const auto execute = [&](const char* sql) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(db.get(), sql), PQclear);
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) throw std::runtime_error(PQerrorMessage(db.get()));
  };
  execute("create table limit_run(id int primary key, version int, data text)");
  execute("insert into limit_run select g, 0, repeat('x', 300) from generate_series(1, 1000) g");
  execute("prepare change as update limit_run set version = version + 1, data = repeat('x', 300) where id = 7");
  std::vector<double> each;
  for (int i = 0; i < times; ++i) {
    const double start = now();
    execute("execute change");
    each.push_back(1e3 * (now() - start));
  }
  return percentile(each, 50);
}

NullHttp::NullHttp(const std::string& body) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener, 256) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("no socket");
  port_ = ::ntohs(address.sin_port);
  const auto answer =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n\r\n" + body;
  pid_ = ::fork();
  if (pid_ == 0) serve(listener, answer);
  ::close(listener);
}

NullHttp::~NullHttp() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace tenantry::bench
