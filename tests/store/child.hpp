// A hidden test of this program, run in a process of its own: for what kills a process, or changes all of it.
#pragma once
#include <sys/types.h>

#include <map>
#include <string>

namespace tenantry::testing {

class Child {
 public:
  // Runs the test `name` with these variables in its environment and TENANTRY_CHILD=1.
  Child(const std::string& name, const std::map<std::string, std::string>& environment);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();  // killed, if it still runs

  // What it says(), line by line; false: it has ended.
  [[nodiscard]] bool read_line(std::string& line);
  void kill_now();
  // Waits for its end; true: it ended by itself with success.
  [[nodiscard]] bool wait();

 private:
  pid_t pid_ = -1;
  int out_ = -1;
  std::string buffer_;
};

// In the child: false if the test was started by hand.
[[nodiscard]] bool is_child();
[[nodiscard]] std::string from_parent(const std::string& variable);
// One line to the parent, in one write. Any thread.
void say(const std::string& line);

}  // namespace tenantry::testing
