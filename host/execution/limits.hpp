// How much may run at once: in all, per engine, per ERP server, and one at a time where a step says so. Pure
// bookkeeping for one host; not thread-safe.
#pragma once
#include <map>
#include <string>

#include "model/run.hpp"

namespace tenantry::execution {

struct LimitOptions {
  int host = 64;
  int per_engine = 64;
  int per_server = 8;                 // unless the server says otherwise:
  std::map<std::string, int> server;  // by server id
};

// What one running step holds.
struct Keys {
  std::string engine;
  std::string server;
  std::string exclusive;  // empty: none
};

[[nodiscard]] Keys keys_of(const model::Run& run, std::size_t step);

class Limits {
 public:
  explicit Limits(LimitOptions options) : options_(std::move(options)) {}

  // Takes all keys, or none and says what is in the way.
  [[nodiscard]] model::WaitReason take(const Keys& keys);
  void give_back(const Keys& keys);
  [[nodiscard]] bool host_is_full() const { return running_ >= options_.host; }

 private:
  [[nodiscard]] int server_limit(const std::string& server) const;

  LimitOptions options_;
  int running_ = 0;
  std::map<std::string, int> engines_;
  std::map<std::string, int> servers_;
  std::map<std::string, int> exclusive_;
};

}  // namespace tenantry::execution
