#include "pace/limits.hpp"

#include <algorithm>
#include <utility>

namespace tenantry::pace {
namespace {

using model::FailureClass;
using model::Outcome;
using model::WaitReason;

int held(const std::map<std::string, int>& counts, const std::string& key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

void drop(std::map<std::string, int>& counts, const std::string& key) {
  const auto found = counts.find(key);
  if (found != counts.end() && --found->second <= 0) counts.erase(found);
}

int part_of(int concurrency, int hosts) { return std::max(1, concurrency / hosts); }
double burst_of(const ServerLimits& limits) { return limits.burst > 0 ? limits.burst : limits.rate; }

}  // namespace

Keys keys_of(const model::Run& run, std::size_t step) {
  const auto& spec = run.manifest().steps[step];
  Keys keys{run.manifest().engine.value, run.spec->server.value, run.spec->tenant.value, {}};
  if (!spec.exclusive) return keys;
  // What goes on for one tenant goes on on one host.
  keys.contested = !spec.exclusive->per_tenant && !keys.server.empty();
  keys.exclusive = spec.exclusive->name + '|' + (keys.contested ? keys.server : keys.tenant);
  return keys;
}

Sign sign_of(const model::StepReport& report) {
  static constexpr std::string_view kHost = "host.";  // of our own, before the server was asked or instead of it
  const bool gave_verdict = report.outcome != Outcome::kLost && report.outcome != Outcome::kCancelled &&
                            report.outcome != Outcome::kUnsupported;
  if (!gave_verdict) return Sign::kNothing;
  const bool failed = report.outcome == Outcome::kRetry || report.outcome == Outcome::kFailed;
  if (!failed || !report.failure) return Sign::kAnswered;
  if (report.failure->code.compare(0, kHost.size(), kHost) == 0) return Sign::kNothing;
  const auto cause = report.failure->cause;
  return cause == FailureClass::kEngineUnavailable || cause == FailureClass::kTimeout ? Sign::kUnreachable
                                                                                      : Sign::kAnswered;
}

Limits::Server::Server(const ServerLimits& limits, int hosts)
    : most(part_of(limits.concurrency, hosts)),
      bucket(limits.rate / hosts, burst_of(limits) / hosts),
      breaker(limits.breaker) {}

void Limits::share(int hosts, Time now) {
  hosts = std::max(hosts, 1);
  if (std::exchange(hosts_, hosts) == hosts) return;
  for (auto& [id, server] : servers_) {
    const auto& limits = limits_of(id);
    server.most = part_of(limits.concurrency, hosts);
    server.bucket.change(now, limits.rate / hosts, burst_of(limits) / hosts);
  }
}

const ServerLimits& Limits::limits_of(const std::string& server) const {
  const auto found = options_.server.find(server);
  return found == options_.server.end() ? options_.any_server : found->second;
}

Limits::Server& Limits::server(const std::string& id) {
  const auto found = servers_.find(id);
  return found != servers_.end() ? found->second : servers_.emplace(id, Server(limits_of(id), hosts_)).first->second;
}

Obstacle Limits::obstacle(const std::string& engine, const std::string& server, Time now) const {
  const auto found = server.empty() ? servers_.end() : servers_.find(server);
  if (found != servers_.end()) {
    if (const auto probe = found->second.breaker.next(now); probe > now) return {WaitReason::kEngineUnavailable, probe};
    if (const auto token = found->second.bucket.next(now); token > now) return {WaitReason::kRateLimit, token};
    if (found->second.running >= found->second.most) return {WaitReason::kSlot};
  }
  if (running_ >= options_.host || held(engines_, engine) >= options_.per_engine) return {WaitReason::kSlot};
  return {};
}

WaitReason Limits::take(Keys& keys, Time now) {
  keys.probe = false;
  if (const auto found = obstacle(keys.engine, keys.server, now); found.reason != WaitReason::kNone)
    return found.reason;
  if (held(tenants_, keys.tenant) >= options_.per_tenant) return WaitReason::kSlot;
  if (!keys.exclusive.empty() && !is_free(keys.exclusive)) return WaitReason::kExclusive;
  ++running_;
  ++engines_[keys.engine];
  ++tenants_[keys.tenant];
  if (!keys.exclusive.empty()) ++exclusive_[keys.exclusive];
  if (keys.server.empty()) return WaitReason::kNone;
  auto& target = server(keys.server);
  ++target.running;
  target.bucket.take(now);
  keys.probe = target.breaker.sent();
  return WaitReason::kNone;
}

News Limits::hear(const Keys& keys, const model::StepReport& report, Time now, double random) {
  if (keys.server.empty()) return News::kNone;
  auto& target = server(keys.server);
  if (report.failure && report.failure->cause == FailureClass::kRateLimited) {
    const auto wish = report.retry_after.count() > 0 ? report.retry_after : options_.pause;
    target.bucket.hold(now, std::min(wish, options_.longest_pause));
  }
  return target.breaker.hear(sign_of(report), keys.probe, now, random);
}

void Limits::give_back(const Keys& keys, Time now) {
  --running_;
  drop(engines_, keys.engine);
  drop(tenants_, keys.tenant);
  drop(exclusive_, keys.exclusive);
  if (keys.server.empty()) return;
  auto& target = server(keys.server);
  --target.running;
  if (keys.probe) target.breaker.dropped(now);  // without effect if it was heard
}

bool Limits::answers(const std::string& server) const {
  const auto found = servers_.find(server);
  return found == servers_.end() || found->second.breaker.is_closed();
}

}  // namespace tenantry::pace
