// How the processes of engines are started, limited and ended.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/clock.hpp"

namespace tenantry::child {

struct Limits {
  // What the engine may allocate, in MiB; the stacks of the host's threads in it do not count.
  std::uint64_t memory_mb = 1024;
  std::uint64_t open_files = 1024;
  // Of the user, all of them together; so only with a user of its own. 0: not limited.
  std::uint64_t processes = 0;
  // Name of the user it runs as; empty: the host's. Needs a host that is root.
  std::string user;
};

struct Options {
  // A program that calls run_engine() when its first argument is "engine-runner": the host itself, even if its file was
  // replaced meanwhile.
  std::filesystem::path program = "/proc/self/exe";
  std::size_t threads = 16;  // calls at once
  Limits limits;
  base::Millis start_limit{10'000};  // for loading the file and opening the engine
  base::Millis close_limit{5'000};   // for closing it, then it is killed
  // After a call's time limit, before its process is killed; longer than whoever started the call waits himself.
  base::Millis overrun{60'000};
  // After the first end in a row it is started again at once, then after this, and twice as long each time.
  base::Millis first_pause{100};
  base::Millis longest_pause{30'000};
  base::Millis good_life{10'000};  // ends the row
};

}  // namespace tenantry::child
