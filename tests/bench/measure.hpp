// What the benchmarks measure with: wrk for rates, nginx's `return 200` as the peer beside us in the same run.
#pragma once
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "support/eventually.hpp"
#include "support/http_client.hpp"

namespace tenantry::bench {

// The p-th percentile, 0 < p <= 100, of at least one value.
inline double percentile(std::vector<double> values, double p) {
  std::sort(values.begin(), values.end());
  const auto index = static_cast<std::size_t>(p / 100.0 * static_cast<double>(values.size()));
  return values[std::min(index, values.size() - 1)];
}

// Requests per second of 64 clients for three seconds, as wrk reports them; 0 if it could not run. `headers` are
// wrk's own arguments: -H 'Name: value'.
inline double rate(std::uint16_t port, const std::string& path, const std::string& headers = {}) {
  const auto command =
      "wrk -t1 -c64 -d3s " + headers + " http://127.0.0.1:" + std::to_string(port) + path + " 2>/dev/null";
  auto* output = ::popen(command.c_str(), "r");
  if (output == nullptr) return 0;
  char line[256];
  double found = 0;
  while (std::fgets(line, sizeof line, output) != nullptr) std::sscanf(line, "Requests/sec: %lf", &found);
  ::pclose(output);
  return found;
}

// An nginx that answers everything with this JSON text. Ended with the object.
class Nginx {
 public:
  explicit Nginx(const std::string& json)
      : folder_(std::filesystem::temp_directory_path() / ("nginx-bench-" + std::to_string(::getpid()))),
        port_(static_cast<std::uint16_t>(20000 + ::getpid() % 10000)) {
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "nginx.conf")
        << "daemon off; worker_processes 2; pid " << folder_.string()
        << "/pid; error_log /dev/null; events { worker_connections 512; }\n"
        << "http { access_log off; keepalive_requests 100000000; server { listen 127.0.0.1:" << port_
        << "; location / { default_type application/json; return 200 '" << json << "'; } } }\n";
    std::string name = "nginx";
    std::string option = "-c";
    std::string file = (folder_ / "nginx.conf").string();
    char* arguments[] = {name.data(), option.data(), file.data(), nullptr};
    if (::posix_spawnp(&pid_, "nginx", nullptr, nullptr, arguments, environ) != 0) pid_ = -1;
    ready_ = pid_ > 0 && test::eventually([&] { return test::HttpClient(port_).connected(); });
  }
  Nginx(const Nginx&) = delete;
  Nginx& operator=(const Nginx&) = delete;
  ~Nginx() {
    if (pid_ > 0) {
      ::kill(pid_, SIGTERM);
      ::waitpid(pid_, nullptr, 0);
    }
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  std::filesystem::path folder_;
  std::uint16_t port_;
  pid_t pid_ = -1;
  bool ready_ = false;
};

}  // namespace tenantry::bench
