// What this machine can do at best, without us: measured in the same run as everything that is compared with it.
#pragma once
#include <cstdint>
#include <string>

#include "bench/workloads/figure.hpp"

namespace tenantry::bench {

// Raw SQLite, WAL and FULL: a step's row and its run's row, `group` of them per commit. Transitions per second.
[[nodiscard]] double sqlite_rate(const std::string& folder, int group, double seconds);

// The same change on PostgreSQL, alone in its commit. Median in milliseconds.
[[nodiscard]] double postgres_commit_ms(const std::string& url, int times);

// An HTTP server that does nothing but answer: the least that a connection costs.
class NullHttp {
 public:
  explicit NullHttp(const std::string& body);
  NullHttp(const NullHttp&) = delete;
  NullHttp& operator=(const NullHttp&) = delete;
  ~NullHttp();
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  std::uint16_t port_ = 0;
  int pid_ = -1;
};

}  // namespace tenantry::bench
