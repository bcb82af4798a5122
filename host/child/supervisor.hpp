// The life of one engine in processes: started, fed and listened to, ended, and started again when it ends by itself.
#pragma once
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "child/calls.hpp"
#include "child/options.hpp"
#include "child/output.hpp"
#include "child/process.hpp"
#include "engine/library.hpp"
#include "engine/loader.hpp"

namespace tenantry::child {

// What the first process said, after the host made sure of it.
struct Introduction {
  std::string built_with;
  std::shared_ptr<const engine::Contract> contract;
};

class Supervisor {
 public:
  Supervisor(engine::SealedFile file, engine::SettingsOf settings, Options options);
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // The whole life, on a thread of its own: the kernel ends a process with the thread that started it, which is wanted
  // when the host dies, and has to be prevented before. Returns after close(), or when the first start fails.
  void live();
  // How the first start went. Once.
  [[nodiscard]] base::Result<Introduction> introduction() { return introduced_.get_future().get(); }

  // Any thread.
  [[nodiscard]] Calls& calls() { return calls_; }
  void end(std::uint64_t connection);  // at once; a later one is not touched
  void close();                        // live() returns within the time limit for closing
  [[nodiscard]] engine::RuntimeState state() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Life;
  enum class Event : std::uint8_t { kSomething, kEnded, kTime };

  void live_on();
  // One start: from the file to an open engine. An error's message is the sentence of a refusal.
  base::Result<std::unique_ptr<Life>> start_life();
  base::Result<void> introduce(Life& life, const Frame& hello);
  base::Result<Frame> await(Life& life, Clock::time_point until, std::string_view when);
  // Passes calls to it until it ends.
  void serve(Life& life);
  Event wait_for_event(Life& life, Clock::time_point until);
  // Makes sure that it has ended; how, as a sentence.
  std::string bury(Life& life, const std::string& fault, std::string_view when);
  [[nodiscard]] std::string ended_as(const std::string& how) const;
  // Rests before the next start; false: closing.
  bool rest(const std::string& why);
  [[nodiscard]] bool is_closing() const;
  void set_process(const Process* process, std::uint64_t connection);
  [[nodiscard]] std::string name_for_log() const;

  const engine::SealedFile file_;
  const engine::SettingsOf settings_of_;
  const Options options_;
  std::promise<base::Result<Introduction>> introduced_;
  engine::Descriptor wake_;
  Calls calls_;

  // Of the first start; later ones have to be the same. The thread of live() only.
  std::string manifest_;
  std::string settings_;
  std::optional<Introduction> introduction_;
  int ends_in_a_row_ = 0;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool closing_ = false;
  const Process* process_ = nullptr;  // null: none, or none that may be killed
  std::uint64_t connection_ = 0;
  engine::RuntimeState state_;
};

}  // namespace tenantry::child
