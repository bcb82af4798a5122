// A piece of work in a process of its own: whatever an engine's code does there, die, hang or leave things behind, is a
// result and never the end of the one who asked.
//
// The process is made by fork alone, which is safe because the caller has one thread only; so the work finds everything
// the caller has in memory and nothing has to be sent to it. No program is executed again: a test program that links
// this room can be the caller just as well.
#pragma once
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace tenantry::stage {

namespace json = base::json;

// The contained process's end of the line to the caller. Thread-safe.
class Wire {
 public:
  explicit Wire(int fd) : fd_(fd) {}
  // What comes next, in words for a report, and how long it may take before it counts as hung.
  void begin(std::string_view what, base::Millis limit);
  // Reaches the caller even if this process dies in the next moment.
  void keep(const json::value& what);
  void answer(const json::value& what);

 private:
  void send(const json::object& frame);

  std::mutex mutex_;
  const int fd_;
};

struct Ending {
  enum class Kind { kReturned, kDied, kHung };

  Kind kind = Kind::kDied;
  json::value answer;             // kReturned: what the work returned
  int signal = 0;                 // kDied: what ended it, 0 if it ended itself
  int status = 0;                 // kDied by itself: its exit status
  std::string during;             // what it had begun last
  std::vector<json::value> kept;  // in order
  std::string out, err;           // the beginning of what it wrote there
  int left_behind = 0;            // processes of its making that outlived it; they have been ended
};

// Runs the work and waits for its end. The process is killed when it is silent for longer than the limit it announced
// (`limit` until it announces one), and with it everything it started. Call it from a process with one thread. Throws
// std::system_error if no process can be made.
[[nodiscard]] Ending contain(const std::function<json::value(Wire&)>& work, base::Millis limit);

// How a process ended, as the end of the sentence "expected that it returns, found that ...".
[[nodiscard]] std::string how_it_ended(const Ending& ending);

}  // namespace tenantry::stage
