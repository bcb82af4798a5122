#include "execution/limits.hpp"

namespace tenantry::execution {
namespace {

int held(const std::map<std::string, int>& counts, const std::string& key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

void drop(std::map<std::string, int>& counts, const std::string& key) {
  const auto found = counts.find(key);
  if (found != counts.end() && --found->second <= 0) counts.erase(found);
}

}  // namespace

Keys keys_of(const model::Run& run, std::size_t step) {
  const auto& spec = run.manifest().steps[step];
  Keys keys{run.manifest().engine.value, run.spec->server.value, {}};
  if (spec.exclusive)
    keys.exclusive = spec.exclusive->name + '|' +
                     (spec.exclusive->per_tenant || keys.server.empty() ? run.spec->tenant.value : keys.server);
  return keys;
}

int Limits::server_limit(const std::string& server) const {
  const auto found = options_.server.find(server);
  return found == options_.server.end() ? options_.per_server : found->second;
}

model::WaitReason Limits::take(const Keys& keys) {
  if (host_is_full() || held(engines_, keys.engine) >= options_.per_engine) return model::WaitReason::kSlot;
  if (!keys.server.empty() && held(servers_, keys.server) >= server_limit(keys.server)) return model::WaitReason::kSlot;
  if (!keys.exclusive.empty() && held(exclusive_, keys.exclusive) > 0) return model::WaitReason::kExclusive;
  ++running_;
  ++engines_[keys.engine];
  if (!keys.server.empty()) ++servers_[keys.server];
  if (!keys.exclusive.empty()) ++exclusive_[keys.exclusive];
  return model::WaitReason::kNone;
}

void Limits::give_back(const Keys& keys) {
  --running_;
  drop(engines_, keys.engine);
  if (!keys.server.empty()) drop(servers_, keys.server);
  if (!keys.exclusive.empty()) drop(exclusive_, keys.exclusive);
}

}  // namespace tenantry::execution
