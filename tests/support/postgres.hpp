// A PostgreSQL server of this program's own: in a temporary folder, on a unix socket only, ended with the program.
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "support/temp_dir.hpp"

namespace tenantry::test {

class Postgres {
 public:
  // One for the whole program, started when it is first asked for.
  static Postgres& shared();

  enum class Size {
    kSmall,        // little memory, nothing in the background
    kAsInstalled,  // the settings it is delivered with
  };
  // As root it runs as the account "postgres", because PostgreSQL refuses root. Throws if it cannot be started.
  explicit Postgres(Size size = Size::kSmall);
  Postgres(const Postgres&) = delete;
  Postgres& operator=(const Postgres&) = delete;
  ~Postgres();

  void start();                          // returns when it answers
  void stop(bool like_a_crash = false);  // returns when it has ended
  [[nodiscard]] pid_t pid() const { return pid_; }

  // An empty database, whose texts sort as in a dictionary rather than by their bytes.
  [[nodiscard]] std::string create_database();
  void drop_database(const std::string& name);
  // Its tables lie in this folder from now on; nobody may be connected to it.
  void move_database(const std::string& name, const std::string& folder) const;
  // For a superuser; `socket_folder` empty: the server's own.
  [[nodiscard]] std::string url(const std::string& database, const std::string& socket_folder = {}) const;
  // The account "locked" has to give the password "canary-password"; all others are let in.
  [[nodiscard]] std::string url_of_locked(const std::string& database, const std::string& password) const;
  [[nodiscard]] std::string log() const;  // what it has written so far
  [[nodiscard]] std::string folder() const { return folder_.path().string(); }
  [[nodiscard]] std::string socket() const { return folder_ / ".s.PGSQL.5432"; }

 private:
  [[nodiscard]] std::vector<std::string> as_account(const std::string& program,
                                                    std::vector<std::string> arguments) const;
  void write_settings() const;
  void run(const std::string& database, const std::string& sql) const;

  const Size size_;
  TempDir folder_;
  std::string programs_;
  pid_t pid_ = -1;
  int databases_ = 0;
};

}  // namespace tenantry::test
