// A store whose commits fail on demand; everything else is the real one's.
#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "store/store.hpp"

namespace tenantry::execution::test {

class FlakyStore final : public store::Store {
 public:
  explicit FlakyStore(store::Store& real) : real_(real) {}
  std::atomic<int> failing{0};  // this many writes fail
  std::atomic<int> failed{0};

  // With others it stands for a database that several hosts share.
  std::vector<FlakyStore*> others{};
  bool is_shared() const override { return !others.empty(); }
  void on_told(std::function<void(store::Told)> wake) override {
    const std::scoped_lock lock(mutex_);
    wake_ = std::move(wake);
  }
  void tell_others(store::Told what) {
    for (auto* other : others) {
      const std::scoped_lock lock(other->mutex_);
      if (other->wake_) other->wake_(what);
    }
  }

  using HostLife = store::HostLife;
  template <class T>
  using Result = base::Result<T>;

  Result<std::vector<store::Written>> write(std::span<const store::RunWrite> writes, const HostLife& self,
                                            base::Time lease_until) override {
    if (failing > 0) {
      --failing;
      ++failed;
      return base::Error{base::ErrorKind::kUnavailable, "store.locked", "locked", "wait", {}, {}};
    }
    return real_.write(writes, self, lease_until);
  }
  Result<std::vector<store::OwnedRun>> claim_runs(const HostLife& self, base::Time now, base::Time until,
                                                  std::size_t limit) override {
    if (failing > 0) return base::Error{base::ErrorKind::kUnavailable, "store.locked", "locked", "wait", {}, {}};
    auto claimed = real_.claim_runs(self, now, until, limit);
    if (claimed.has_value() && claimed->size() == limit) tell_others(store::Told::kReleased);
    return claimed;
  }
  Result<store::OwnedRun> claim_run(const base::RunId& run, const HostLife& self, base::Time now,
                                    base::Time until) override {
    return real_.claim_run(run, self, now, until);
  }
  Result<void> renew_leases(const HostLife& self, base::Time until) override {
    if (failing > 0) return base::Error{base::ErrorKind::kUnavailable, "store.locked", "locked", "wait", {}, {}};
    return real_.renew_leases(self, until);
  }
  Result<void> release_runs(const HostLife& self) override {
    if (failing > 0) return base::Error{base::ErrorKind::kUnavailable, "store.locked", "locked", "wait", {}, {}};
    return real_.release_runs(self);
  }
  Result<void> hand_over(const store::HandedCommand& c, base::Time now, base::Time old) override {
    auto handed = real_.hand_over(c, now, old);
    tell_others(store::Told::kHanded);
    return handed;
  }
  Result<std::vector<store::HandedCommand>> take_handed(const HostLife& self, base::Time since) override {
    return real_.take_handed(self, since);
  }
  Result<void> refuse_handed(const base::OperationId& id, const base::Error& e) override {
    return real_.refuse_handed(id, e);
  }
  Result<store::Handed> handed(const base::OperationId& id, base::Time now) override { return real_.handed(id, now); }
  Result<bool> take_back(const base::OperationId& id) override { return real_.take_back(id); }
  // The first of the stores keeps the names of all.
  Result<bool> take_name(const std::string& name, const HostLife& self, base::Time, base::Time) override {
    if (others.empty()) return true;
    auto& all = *others.front();
    const std::scoped_lock lock(all.mutex_);
    const auto& holder = all.names_.emplace(name, self.host).first->second;
    if (holder != self.host) all.wanted_.insert(name);
    return holder == self.host;
  }
  Result<std::vector<std::string>> free_names(std::span<const std::string> names, const HostLife&,
                                              base::Time) override {
    std::vector<std::string> wanted;
    {
      auto& all = *others.front();
      const std::scoped_lock lock(all.mutex_);
      for (const auto& name : names) {
        all.names_.erase(name);
        if (all.wanted_.erase(name) != 0) wanted.push_back(name);
      }
    }
    if (!wanted.empty()) tell_others(store::Told::kFreed);
    return wanted;
  }
  Result<std::optional<model::Run>> run(const base::RunId& id) override { return real_.run(id); }
  Result<std::vector<std::string>> pinned_manifests() override { return real_.pinned_manifests(); }
  Result<std::optional<model::Run>> newest_run(const base::TenantId& id) override { return real_.newest_run(id); }
  Result<std::vector<model::Attempt>> attempts(const base::RunId& id) override { return real_.attempts(id); }
  Result<std::optional<model::Operation>> operation(const base::OperationId& id) override {
    return real_.operation(id);
  }
  Result<std::vector<std::pair<std::size_t, base::Millis>>> usual_durations(const std::string& digest,
                                                                            std::size_t runs) override {
    return real_.usual_durations(digest, runs);
  }
  Result<std::vector<model::OperationSummary>> operations(const model::OperationQuery& query) override {
    return real_.operations(query);
  }
  Result<std::vector<store::StoredEvent>> run_events(const base::RunId& id, std::int64_t after,
                                                     std::size_t n) override {
    return real_.run_events(id, after, n);
  }
  Result<std::vector<store::StoredEvent>> tenant_events(const base::TenantId& id, std::size_t n) override {
    return real_.tenant_events(id, n);
  }
  Result<store::EventLook> look_at_events(std::int64_t after, std::size_t n) override {
    return real_.look_at_events(after, n);
  }
  Result<store::EventRange> event_range() override { return real_.event_range(); }
  Result<store::EventPage> events(const store::EventTopic& topic, std::int64_t after, std::int64_t upto,
                                  std::size_t n) override {
    return real_.events(topic, after, upto, n);
  }
  Result<void> create_tenant(const model::Tenant& t, std::span<const SealedSecret> s) override {
    return real_.create_tenant(t, s);
  }
  Result<std::optional<model::TenantSummary>> tenant(const base::TenantId& id) override { return real_.tenant(id); }
  Result<void> remove_tenant(const base::TenantId& t, base::Time now) override { return real_.remove_tenant(t, now); }
  Result<std::vector<model::TenantSummary>> tenants(const model::TenantQuery& q) override { return real_.tenants(q); }
  Result<std::int64_t> tenants_on(const base::ServerId& id) override { return real_.tenants_on(id); }
  Result<std::optional<model::TenantRole>> role(const base::TenantId& t, const base::AccountId& a) override {
    return real_.role(t, a);
  }
  Result<void> put_secret(const base::TenantId& t, const SealedSecret& s) override { return real_.put_secret(t, s); }
  Result<std::optional<std::string>> secret(const base::TenantId& t, const std::string& n) override {
    return real_.secret(t, n);
  }
  Result<void> create_account(const model::Account& a) override { return real_.create_account(a); }
  Result<std::optional<model::Account>> account(const base::AccountId& id) override { return real_.account(id); }
  Result<std::optional<model::Account>> account_by_email(const std::string& e) override {
    return real_.account_by_email(e);
  }
  Result<bool> has_accounts() override { return real_.has_accounts(); }
  Result<void> create_token(const model::Token& t) override { return real_.create_token(t); }
  Result<std::optional<model::Token>> token(const std::string& h, base::Time now) override {
    return real_.token(h, now);
  }
  Result<void> delete_token(const std::string& h) override { return real_.delete_token(h); }
  Result<std::optional<store::StoredAnswer>> reserve_key(const base::AccountId& a, const std::string& k,
                                                         const std::string& h, base::Time now,
                                                         base::Time old) override {
    return real_.reserve_key(a, k, h, now, old);
  }
  Result<void> complete_key(const base::AccountId& a, const std::string& k, const store::StoredAnswer& s) override {
    return real_.complete_key(a, k, s);
  }
  Result<void> release_key(const base::AccountId& a, const std::string& k) override { return real_.release_key(a, k); }
  store::Batches& batches() override { return real_.batches(); }
  store::Deliveries& webhooks() override { return real_.webhooks(); }
  store::Retention& retention() override { return real_.retention(); }
  Result<void> ping() override { return real_.ping(); }

 private:
  store::Store& real_;
  std::mutex mutex_;  // guards what follows
  std::function<void(store::Told)> wake_;
  std::map<std::string, std::string> names_;
  std::set<std::string> wanted_;
};

}  // namespace tenantry::execution::test
