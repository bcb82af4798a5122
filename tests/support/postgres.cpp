#include "support/postgres.hpp"

#include <fcntl.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

#include "support/eventually.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace tenantry::test {
namespace {

namespace fs = std::filesystem;

// Debian keeps the server's programs beside each other by version.
std::string find_programs() {
  std::string newest;
  std::error_code none;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", none)) {
    const auto folder = (version.path() / "bin").string();
    if (fs::exists(folder + "/initdb") && folder > newest) newest = folder;
  }
  if (newest.empty()) throw std::runtime_error("no PostgreSQL server is installed: apt-get install postgresql");
  return newest;
}

pid_t spawn(std::vector<std::string> command, const std::string& log) {
  std::vector<char*> arguments;
  for (auto& one : command) arguments.push_back(one.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t pid = -1;
  const int failed = ::posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error(command[0] + " cannot be started");
  return pid;
}

std::string last_of(const std::string& log) {
  std::ifstream in(log);
  std::string line;
  std::string last;
  while (std::getline(in, line)) last = line;
  return last;
}

}  // namespace

Postgres& Postgres::shared() {
  static Postgres server;
  return server;
}

Postgres::Postgres(Size size) : size_(size), programs_(find_programs()) {
  if (::geteuid() == 0) {
    const passwd* account = ::getpwnam("postgres");
    if (account == nullptr) throw std::runtime_error("there is no account postgres");
    if (::chown(folder_.path().c_str(), account->pw_uid, account->pw_gid) != 0) throw std::runtime_error("no chown");
  }
  const auto log = folder_ / "initdb.log";
  const auto made = spawn(as_account("initdb", {"-D", folder_ / "data", "-U", "tenantry", "-A", "trust", "-E", "UTF8",
                                                "--no-locale", "--no-sync", "--no-instructions"}),
                          log);
  int status = 0;
  ::waitpid(made, &status, 0);
  if (status != 0) throw std::runtime_error("initdb failed: " + last_of(log));
  write_settings();
  start();
  run("postgres", "create role locked login password 'canary-password'");
}

Postgres::~Postgres() { stop(); }

// It ends with this program, however that ends; a server that was interrupted ends its connections first.
std::vector<std::string> Postgres::as_account(const std::string& program, std::vector<std::string> arguments) const {
  std::vector<std::string> command{"setpriv", "--pdeathsig", "INT"};
  if (::geteuid() == 0) command.insert(command.end(), {"--reuid", "postgres", "--regid", "postgres", "--clear-groups"});
  command.push_back(programs_ + "/" + program);
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

// Commits are forced to the disk in both sizes.
void Postgres::write_settings() const {
  std::ofstream settings(folder_ / "data/postgresql.conf");
  settings << "listen_addresses = ''\nunix_socket_directories = '" << folder() << "'\nmax_connections = 120\n";
  if (size_ == Size::kSmall)
    settings << "shared_buffers = 16MB\nmax_wal_size = 256MB\nwal_level = minimal\nmax_wal_senders = 0\n"
             << "fsync = on\nsynchronous_commit = on\nautovacuum = off\njit = off\ndeadlock_timeout = 200ms\n";
  std::ofstream(folder_ / "data/pg_hba.conf") << "local all locked scram-sha-256\nlocal all all trust\n";
}

void Postgres::start() {
  const auto log = folder_ / "server.log";
  pid_ = spawn(as_account("postgres", {"-D", folder_ / "data"}), log);
  const auto answers = [&] {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      throw std::runtime_error("the server ended at once: " + last_of(log));
    }
    return PQping(url("postgres").c_str()) == PQPING_OK;
  };
  if (!eventually(answers, std::chrono::seconds(60))) throw std::runtime_error("the server does not answer");
}

void Postgres::stop(bool like_a_crash) {
  if (pid_ <= 0) return;
  ::kill(pid_, like_a_crash ? SIGQUIT : SIGINT);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void Postgres::run(const std::string& database, const std::string& sql) const {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(url(database).c_str()), PQfinish);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()), PQclear);
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK)
    throw std::runtime_error(sql + ": " + PQerrorMessage(connection.get()));
}

std::string Postgres::create_database() {
  const auto name = "test_" + std::to_string(++databases_);
  run("postgres", "create database " + name +
                      " template template0 encoding 'UTF8' locale_provider icu icu_locale 'en-US' locale 'C.UTF-8'");
  return name;
}

void Postgres::drop_database(const std::string& name) {
  run("postgres", "drop database if exists " + name + " with (force)");
}

std::string Postgres::log() const {
  std::ifstream in(folder_ / "server.log");
  return {std::istreambuf_iterator<char>(in), {}};
}

void Postgres::move_database(const std::string& name, const std::string& folder) const {
  run("postgres", "create tablespace in_" + name + " location '" + folder + "'");
  run("postgres", "alter database " + name + " set tablespace in_" + name);
}

std::string Postgres::url(const std::string& database, const std::string& socket_folder) const {
  return "postgresql:///" + database + "?user=tenantry&host=" + (socket_folder.empty() ? folder() : socket_folder);
}

std::string Postgres::url_of_locked(const std::string& database, const std::string& password) const {
  return "postgresql://locked" + (password.empty() ? "" : ":" + password) + "@/" + database + "?host=" + folder();
}

}  // namespace tenantry::test
