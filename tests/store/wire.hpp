// Stands between a store and its PostgreSQL server, on a socket of its own, and can lose the connection in the middle
// of a commit.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/temp_dir.hpp"

namespace tenantry::testing {

enum class Cut {
  kNever,
  kBefore,  // the server never sees the commit
  kAfter,   // the server commits, and its answer is lost
  kLate,    // the store loses the connection at once, the server sees the commit when it is released
};

class Wire {
 public:
  explicit Wire(std::string server_socket);
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  ~Wire();

  [[nodiscard]] std::string folder() const { return folder_.path().string(); }  // the host of a URL through it
  // The next commit that comes along, on any connection, is cut; once.
  void cut_next_commit(Cut cut) { next_ = cut; }
  [[nodiscard]] bool was_cut() const { return next_ == Cut::kNever; }
  void release() { released_ = true; }

 private:
  struct Connection;
  void accept_all();
  void carry(int store);
  [[nodiscard]] bool forward(Connection& connection, const std::string& bytes);

  test::TempDir folder_;
  std::string server_socket_;
  std::atomic<Cut> next_{Cut::kNever};
  std::atomic<bool> released_{false};
  std::atomic<bool> ended_{false};
  int listening_ = -1;
  std::mutex mutex_;  // guards threads_
  std::vector<std::thread> threads_;
  std::thread accepting_;
};

}  // namespace tenantry::testing
