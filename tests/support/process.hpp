// A program started by a test: a line of its output says where it listens. Ended, and waited for, with the object.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tenantry::test {

class Process {
 public:
  // Standard error goes to `log` (appended). Throws if within 30 s no line holds `mark`; that line's last number is the
  // port.
  Process(const std::vector<std::string>& command, const std::vector<std::pair<std::string, std::string>>& environment,
          const std::string& log, const std::string& mark = "listening on ");
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();  // kill -9 if it still runs

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  void kill_hard();  // SIGKILL, and waits
  int terminate();   // SIGTERM, waits at most 30 s, and returns the exit code (or -signal)

 private:
  int wait_for_end();

  pid_t pid_ = -1;
  int output_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace tenantry::test
