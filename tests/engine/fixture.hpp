// What the tests of the engine room share.
#pragma once
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "engine/runtime.hpp"

namespace tenantry::engine {

namespace fs = std::filesystem;

inline fs::path plugin(const std::string& name) { return fs::path(TEST_PLUGINS) / (name + ".so"); }

inline std::string read_file(const fs::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

// A folder that is gone afterwards.
class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("tenantry-engine-" + base::random_hex(8))) {
    fs::create_directory(path_);
    fs::permissions(path_, fs::perms::owner_all);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }

  [[nodiscard]] const fs::path& path() const { return path_; }
  // Writes a file and returns its path.
  fs::path put(const std::string& name, const std::string& bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return path_ / name;
  }

 private:
  fs::path path_;
};

// Until what was just written is old enough for a change of it to be seen (engine/directories.hpp).
inline void let_files_age() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(25);
  while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
}

// Writes down everything a call says.
class Recorder final : public CallSink {
 public:
  struct Line {
    LogLevel level;
    std::string message;
    std::string fields;
  };

  void log(LogLevel level, std::string_view message, std::string_view fields) override {
    const std::scoped_lock lock(mutex_);
    lines_.push_back({level, std::string(message), std::string(fields)});
  }
  void progress(std::uint32_t permille, std::string_view note) override {
    const std::scoped_lock lock(mutex_);
    progress_.emplace_back(permille, note);
  }
  void heartbeat() override {
    const std::scoped_lock lock(mutex_);
    ++heartbeats_;
    changed_.notify_all();
  }
  void emit(std::string_view type, std::string_view data) override {
    const std::scoped_lock lock(mutex_);
    events_.emplace_back(type, data);
  }
  bool save_checkpoint(std::string_view bytes) override {
    const std::scoped_lock lock(mutex_);
    if (refuse_checkpoints) return false;
    checkpoint_ = bytes;
    return true;
  }
  std::optional<std::string> secret(std::string_view name) override {
    const std::scoped_lock lock(mutex_);
    asked_.emplace_back(name);
    return has_secrets ? std::optional<std::string>("pa55word") : std::nullopt;
  }
  bool put_secret(std::string_view name, std::string_view value) override {
    const std::scoped_lock lock(mutex_);
    stored_.emplace_back(name, value);
    return true;
  }
  void finished(Answer answer) override {
    const std::scoped_lock lock(mutex_);
    answers_.push_back(std::move(answer));
    changed_.notify_all();
  }

  // The answer, once there is one. Fails the test by throwing if none comes.
  Answer answer() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(20), [&] { return !answers_.empty(); }))
      throw std::runtime_error("the call was never answered");
    return answers_.front();
  }
  void await_heartbeat() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(20), [&] { return heartbeats_ > 0; }))
      throw std::runtime_error("no heartbeat came");
  }

  // Call after answer() only.
  std::vector<Line> lines() { return get(lines_); }
  std::vector<std::pair<std::uint32_t, std::string>> progress() { return get(progress_); }
  std::vector<std::pair<std::string, std::string>> events() { return get(events_); }
  std::vector<std::pair<std::string, std::string>> stored() { return get(stored_); }
  std::vector<std::string> asked() { return get(asked_); }
  std::vector<Answer> answers() { return get(answers_); }
  int heartbeats() { return get(heartbeats_); }

  bool refuse_checkpoints = false;
  bool has_secrets = true;

 private:
  template <class T>
  T get(const T& what) {
    const std::scoped_lock lock(mutex_);
    return what;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Line> lines_;
  std::vector<std::pair<std::uint32_t, std::string>> progress_;
  std::vector<std::pair<std::string, std::string>> events_;
  std::vector<std::pair<std::string, std::string>> stored_;
  std::vector<std::string> asked_;
  std::vector<Answer> answers_;
  std::string checkpoint_;
  int heartbeats_ = 0;
};

}  // namespace tenantry::engine
