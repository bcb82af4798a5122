// How many small JSON answers per second 64 clients get from our server, beside nginx's `return 200` in the same run.
// Needs wrk and nginx; prints one line of JSON. Not part of the suite: numbers depend on the machine, their ratio less.
#include <cstdio>
#include <vector>

#include "base/log.hpp"
#include "bench/measure.hpp"
#include "http/server.hpp"

using namespace tenantry;

namespace {

constexpr int kRounds = 3;

const char* kStatus =
    R"({"tenant_id":"t_1","run_id":"r_1","status":"IN_PROGRESS","progress":27.3,"steps_completed":3,"total_steps":11})";

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

  const bench::Nginx nginx(kStatus);
  if (!nginx.ready()) return 1;
  std::vector<double> ours;
  std::vector<double> pooled;
  std::vector<double> theirs;
  for (int round = 0; round < kRounds; ++round) {
    ours.push_back(bench::rate(server.port(), "/api/tenants/t_1/status"));
    theirs.push_back(bench::rate(nginx.port(), "/"));
    pooled.push_back(bench::rate(server.port(), "/pool/1"));
  }
  std::printf(
      "{\"clients\":64,\"rounds\":%d,\"io_thread_per_s\":%.0f,\"pool_per_s\":%.0f,\"nginx_per_s\":%.0f,"
      "\"ratio\":%.2f,\"ratio_pool\":%.2f}\n",
      kRounds, bench::percentile(ours, 50), bench::percentile(pooled, 50), bench::percentile(theirs, 50),
      bench::percentile(ours, 50) / bench::percentile(theirs, 50),
      bench::percentile(pooled, 50) / bench::percentile(theirs, 50));
  return bench::percentile(ours, 50) > 0 && bench::percentile(theirs, 50) > 0 ? 0 : 1;
}
