// The runs of this host as last committed: what status reads look at, so that they never wait for a writer. All that
// are unfinished, and, if nobody else can open the store, those that finished lately.
#pragma once
#include <map>
#include <memory>
#include <set>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "execution/committed.hpp"

namespace tenantry::execution {

// Thread-safe.
class Board {
 public:
  // What is updated in it later is seen here without another word.
  void put(CommittedPtr run);
  void remove(const model::Run& run);
  // It is finished or asleep, and what is seen here is the truth until a run of its tenant is put again.
  void finish(RunView run);
  // What keeps every step of this engine on this server from starting. Steps that are ready are seen to wait for that.
  void keep_waiting(const std::string& engine, const std::string& server, model::WaitReason reason);
  // Does this ERP server answer, as far as this host knows?
  void note_server(const base::ServerId& server, bool answers);

  // nullptr: not here; the store knows.
  [[nodiscard]] RunView run(const base::RunId& run) const;
  [[nodiscard]] RunView of_tenant(const base::TenantId& tenant) const;
  // The same, or the tenant's newest run if that finished lately.
  [[nodiscard]] RunView newest_of(const base::TenantId& tenant) const;
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool answers(const base::ServerId& server) const;

 private:
  using ByTenant = std::unordered_map<base::TenantId, RunView>;
  void drop(const model::Run& run);
  [[nodiscard]] RunView explained(const Committed& run) const;

  mutable std::shared_mutex mutex_;  // guards all
  std::unordered_map<base::RunId, CommittedPtr> runs_;
  std::unordered_map<base::TenantId, CommittedPtr> tenants_;
  // When the young ones are many they become the old ones, and the old ones go.
  ByTenant finished_;
  ByTenant finished_before_;
  std::map<std::pair<std::string, std::string>, model::WaitReason> waiting_;  // by engine and server
  std::set<base::ServerId> silent_;
};

}  // namespace tenantry::execution
