// How many small JSON answers per second 64 clients get from our server, beside nginx's `return 200` in the same run.
// Needs wrk and nginx; prints one line of JSON. Not part of the suite: numbers depend on the machine, their ratio less.
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "http/server.hpp"
#include "support/http_client.hpp"

using namespace tenantry;

namespace {

constexpr int kRounds = 3;

const char* kStatus =
    R"({"tenant_id":"t_1","run_id":"r_1","status":"IN_PROGRESS","progress":27.3,"steps_completed":3,"total_steps":11})";

// Requests per second as wrk reports them, 0 if it could not run.
double measure(std::uint16_t port, const std::string& path) {
  const auto command = "wrk -t1 -c64 -d3s http://127.0.0.1:" + std::to_string(port) + path + " 2>/dev/null";
  auto* output = ::popen(command.c_str(), "r");
  if (output == nullptr) return 0;
  char line[256];
  double rate = 0;
  while (std::fgets(line, sizeof line, output) != nullptr) std::sscanf(line, "Requests/sec: %lf", &rate);
  ::pclose(output);
  return rate;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main() {
  base::log::configure(base::log::Level::kOff);
  http::Router router;
  router.add(http::Method::kGet, "/api/tenants/{id}/status",
             [](const http::Request&, const http::Reply& reply) {
               reply.send({200, "application/json", kStatus, {}, false});
             },
             {http::Where::kIoThread});
  router.add(http::Method::kGet, "/pool/{id}", [](const http::Request&, const http::Reply& reply) {
    reply.send({200, "application/json", kStatus, {}, false});
  });
  http::Server server({}, std::move(router));
  if (!server.start()) return 1;

  const auto folder = std::filesystem::temp_directory_path() / ("http-bench-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const auto port = static_cast<std::uint16_t>(20000 + ::getpid() % 20000);
  std::ofstream(folder / "nginx.conf")
      << "daemon off; worker_processes 2; pid " << folder.string()
      << "/pid; error_log /dev/null; events { worker_connections 512; }\n"
      << "http { access_log off; keepalive_requests 100000000; server { listen 127.0.0.1:" << port
      << "; location / { default_type application/json; return 200 '" << kStatus << "'; } } }\n";
  std::string name = "nginx";
  std::string option = "-c";
  std::string file = (folder / "nginx.conf").string();
  char* arguments[] = {name.data(), option.data(), file.data(), nullptr};
  pid_t nginx = 0;
  if (::posix_spawnp(&nginx, "nginx", nullptr, nullptr, arguments, environ) != 0) return 1;
  for (int i = 0; i < 500 && !test::HttpClient(port).connected(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));

  std::vector<double> ours;
  std::vector<double> pooled;
  std::vector<double> theirs;
  for (int round = 0; round < kRounds; ++round) {
    ours.push_back(measure(server.port(), "/api/tenants/t_1/status"));
    theirs.push_back(measure(port, "/"));
    pooled.push_back(measure(server.port(), "/pool/1"));
  }
  ::kill(nginx, SIGTERM);
  ::waitpid(nginx, nullptr, 0);
  std::filesystem::remove_all(folder);
  std::printf(
      "{\"clients\":64,\"rounds\":%d,\"io_thread_per_s\":%.0f,\"pool_per_s\":%.0f,\"nginx_per_s\":%.0f,"
      "\"ratio\":%.2f,\"ratio_pool\":%.2f}\n",
      kRounds, median(ours), median(pooled), median(theirs), median(ours) / median(theirs),
      median(pooled) / median(theirs));
  return median(ours) > 0 && median(theirs) > 0 ? 0 : 1;
}
