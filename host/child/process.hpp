// One process of an engine: started with a channel and nothing else of the host's, ended with its whole group, always
// waited for.
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "child/options.hpp"
#include "engine/descriptor.hpp"

namespace tenantry::child {

// Where the process finds what it was given.
inline constexpr int kChannel = 3;
inline constexpr int kLibrary = 4;
inline constexpr const char* kRunnerArgument = "engine-runner";

class Process {
 public:
  // The thread that calls this has to outlive the process: with that thread the kernel ends it (run_engine()).
  // `name` is for lists of processes only.
  [[nodiscard]] static base::Result<Process> start(const std::filesystem::path& program, const std::string& name,
                                                   int library);
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  ~Process();  // kill() and wait()

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] int channel() const { return channel_.get(); }
  [[nodiscard]] int output() const { return output_.get(); }  // what it prints; not blocking
  [[nodiscard]] int exit_fd() const { return exit_.get(); }   // readable once it has ended
  [[nodiscard]] bool can_be_watched() const { return exit_.is_open(); }

  // SIGKILL to its group. Hits nobody else, since the group keeps its number until wait().
  void kill() const;
  // Its wait status. Call after kill() or when exit_fd() is readable.
  int wait();

 private:
  Process() = default;

  pid_t pid_ = 0;
  engine::Descriptor channel_;
  engine::Descriptor output_;
  engine::Descriptor exit_;
};

// "crashed while it was loaded: signal 11 (Segmentation fault)"; `when` may be empty.
[[nodiscard]] std::string how_it_ended(int wait_status, std::string_view when);

// Of the host's environment what programs need to find their way; nothing of what is only the host's business.
[[nodiscard]] std::vector<std::string> clean_environment(const char* const* environment);

}  // namespace tenantry::child
