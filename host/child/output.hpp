// What an engine prints, as lines of the host's log.
#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace tenantry::child {

// Lines are repaired and cut; of those beyond the limit of a second only their number is passed on. Not thread-safe.
class Output {
 public:
  using Line = std::function<void(std::string_view)>;
  static constexpr std::size_t kLongestLine = 2'000;
  static constexpr int kLinesPerSecond = 100;
  static constexpr std::size_t kBytesPerSecond = 64U << 20U;

  explicit Output(Line line) : line_(std::move(line)) {}

  // Too much was printed in this second: whoever prints may wait for the next one.
  [[nodiscard]] bool rests() const;
  // Reads some of what there is; the descriptor does not block. False: nobody can print any more.
  [[nodiscard]] bool read(int fd);
  void take(std::string_view bytes);
  // The last line need not be ended, and what was left out is said.
  void end();

 private:
  void begin_second();
  void flush();
  void tell_dropped();

  const Line line_;
  std::string current_;
  bool cut_ = false;
  std::chrono::steady_clock::time_point window_{};
  int lines_ = 0;
  std::size_t bytes_ = 0;
  std::size_t dropped_ = 0;
};

}  // namespace tenantry::child
