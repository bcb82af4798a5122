// The store over SOCI, for any database that has a Dialect. Its functions are spread over the room's files, one for
// each group of tables.
#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tables/names.hpp"

namespace tenantry::tables {

// One ManifestPtr for each digest, for as long as the store lives. Thread-safe.
class ManifestCache {
 public:
  explicit ManifestCache(store::ManifestReader read) : read_(std::move(read)) {}
  [[nodiscard]] model::ManifestPtr find(const std::string& digest) const;
  void keep(const model::ManifestPtr& manifest);
  // Throws Unreadable.
  [[nodiscard]] model::ManifestPtr read(const std::string& digest, const std::string& text);

 private:
  static constexpr std::size_t kMost = 64;  // and besides those that runs hold
  model::ManifestPtr remember(const model::ManifestPtr& manifest);

  const store::ManifestReader read_;
  mutable std::mutex mutex_;  // guards known_
  std::unordered_map<std::string, model::ManifestPtr> known_;
};

// A row of the table of lives.
struct KnownLife {
  HostLife life;
  std::int64_t number = 0;
};

class SociStore : public store::Store, public store::Batches, public store::Deliveries, public store::Retention {
 public:
  SociStore(std::unique_ptr<Dialect> dialect, store::ManifestReader read_manifest, std::size_t readers);
  SociStore(const SociStore&) = delete;
  SociStore& operator=(const SociStore&) = delete;
  ~SociStore() override;

  Result<std::vector<Written>> write(std::span<const RunWrite> writes, const HostLife& self, Time lease_until) override;
  Result<std::vector<OwnedRun>> claim_runs(const HostLife& self, Time now, Time lease_until,
                                           std::size_t limit) override;
  Result<OwnedRun> claim_run(const base::RunId& run, const HostLife& self, Time now, Time lease_until) override;
  Result<void> renew_leases(const HostLife& self, Time lease_until) override;
  Result<void> release_runs(const HostLife& self) override;

  bool is_shared() const override { return dialect_->is_remote(); }
  Result<void> keep_time(base::SteadyClock& clock) override;
  void end_within(base::Millis patience) override { writer_->end_within(patience); }
  Result<void> hand_over(const HandedCommand& handed, Time now, Time forget) override;
  Result<std::vector<HandedCommand>> take_handed(const HostLife& self, Time since) override;
  Result<void> refuse_handed(const base::OperationId& command, const base::Error& refusal) override;
  Result<Handed> handed(const base::OperationId& command, Time now) override;
  Result<bool> take_back(const base::OperationId& command) override;
  Result<bool> take_name(const std::string& name, const HostLife& self, Time now, Time lease_until) override;
  Result<std::vector<std::string>> free_names(std::span<const std::string> names, const HostLife& self,
                                              Time lease_until) override;
  Result<int> living_hosts(Time now) override;

  Result<std::vector<std::string>> pinned_manifests() override;
  Result<std::optional<model::Run>> run(const base::RunId& run) override;
  Result<std::optional<model::Run>> newest_run(const base::TenantId& tenant) override;
  Result<std::vector<model::Attempt>> attempts(const base::RunId& run) override;
  Result<std::optional<model::Operation>> operation(const base::OperationId& operation) override;
  Result<std::vector<std::pair<std::size_t, base::Millis>>> usual_durations(const std::string& digest,
                                                                            std::size_t runs) override;
  Result<std::vector<model::OperationSummary>> operations(const model::OperationQuery& query) override;
  Result<std::vector<StoredEvent>> run_events(const base::RunId& run, std::int64_t after, std::size_t limit) override;
  Result<std::vector<StoredEvent>> tenant_events(const base::TenantId& tenant, std::size_t limit) override;
  Result<EventLook> look_at_events(std::int64_t after, std::size_t limit) override;
  Result<EventRange> event_range() override;
  Result<EventPage> events(const EventTopic& topic, std::int64_t after, std::int64_t upto, std::size_t limit) override;

  Result<void> create_tenant(const model::Tenant& tenant, std::span<const SealedSecret> secrets) override;
  Result<std::optional<model::TenantSummary>> tenant(const base::TenantId& tenant) override;
  Result<void> remove_tenant(const base::TenantId& tenant, Time now) override;
  Result<std::vector<model::TenantSummary>> tenants(const model::TenantQuery& query) override;
  Result<std::int64_t> tenants_on(const base::ServerId& server) override;
  Result<std::optional<model::TenantRole>> role(const base::TenantId& tenant, const base::AccountId& account) override;
  Result<void> put_secret(const base::TenantId& tenant, const SealedSecret& secret) override;
  Result<std::optional<std::string>> secret(const base::TenantId& tenant, const std::string& name) override;

  Result<void> create_account(const model::Account& account) override;
  Result<std::optional<model::Account>> account(const base::AccountId& account) override;
  Result<std::optional<model::Account>> account_by_email(const std::string& email) override;
  Result<bool> has_accounts() override;
  Result<void> create_token(const model::Token& token) override;
  Result<std::optional<model::Token>> token(const std::string& hash, Time now) override;
  Result<void> delete_token(const std::string& hash) override;

  Result<std::optional<StoredAnswer>> reserve_key(const base::AccountId& account, const std::string& key,
                                                  const std::string& body_hash, Time now, Time older_than) override;
  Result<void> complete_key(const base::AccountId& account, const std::string& key,
                            const StoredAnswer& answer) override;
  Result<void> release_key(const base::AccountId& account, const std::string& key) override;

  store::Batches& batches() override { return *this; }
  Result<void> create_batch(const Batch& batch, std::span<const BatchItem> items) override;
  Result<std::optional<Batch>> batch(const std::string& id) override;
  Result<std::vector<BatchItem>> batch_items(const std::string& id, const std::string& state, std::int64_t after,
                                             std::size_t limit) override;
  Result<std::vector<Batch>> claim_batches(const HostLife& self, Time now) override;
  Result<void> settle_batch(const std::string& id, std::span<const BatchItem> items, Time now) override;

  store::Deliveries& webhooks() override { return *this; }
  Result<std::optional<std::int64_t>> claim_webhook(const std::string& webhook, const HostLife& self, Time now,
                                                    Time until, std::int64_t newest) override;
  Result<void> add_deliveries(const std::string& webhook, std::span<const std::int64_t> events, std::int64_t upto,
                              Time now) override;
  Result<std::vector<Delivery>> due_deliveries(const std::string& webhook, Time now, std::size_t limit) override;
  Result<void> add_attempt(const DeliveryAttempt& attempt, const std::string& state, Time due_at) override;
  Result<std::vector<Delivery>> deliveries(const std::string& webhook, const std::string& state, std::int64_t before,
                                           std::size_t limit) override;
  Result<std::vector<DeliveryAttempt>> delivery_attempts(std::int64_t delivery) override;
  Result<void> send_again(const std::string& webhook, std::int64_t delivery, Time now) override;

  store::Retention& retention() override { return *this; }
  Result<bool> is_eldest(const HostLife& self, Time now) override;
  Result<Pruned> prune_events(Time before, PrunePlace& from, std::size_t most, Prune how) override;
  Result<Pruned> prune_runs(Time before, PrunePlace& from, std::size_t most, Prune how) override;
  Result<Pruned> prune_deliveries(Time before, PrunePlace& from, std::size_t most, Prune how) override;
  Result<Pruned> prune_batches(Time before, PrunePlace& from, std::size_t most, Prune how) override;
  Result<std::int64_t> prune_manifests() override;

  Result<void> ping() override;

 protected:
  // Ends every connection; nothing else may be called any more.
  void close();

 private:
  // f(Session&) -> Result<T>, once committed; an error of f's own has to come before its first change.
  template <class T, class F>
  Result<T> write_as(F f) {
    std::optional<Result<T>> answer;
    const auto committed = writer_->commit([&](Session& db) { answer.emplace(f(db)); });
    if (!committed.has_value()) return committed.error();
    return std::move(*answer);
  }
  // f(Session&) -> T, from one snapshot.
  template <class T, class F>
  Result<T> read_as(F f, Reads reads = Reads::kSeveral) {
    std::optional<T> answer;
    const auto read = readers_->read([&](Session& db) { answer.emplace(f(db)); }, reads);
    if (!read.has_value()) return read.error();
    return std::move(*answer);
  }

  // The same for an f that executes one statement.
  template <class T, class F>
  Result<T> read_one_as(F f) {
    return read_as<T>(std::move(f), Reads::kOneStatement);
  }

  void read_time();

  std::unique_ptr<Dialect> dialect_;
  ManifestCache manifests_;
  base::SteadyClock* clock_ = nullptr;  // that is kept
  KnownLife last_life_;                 // used within writes only
  std::unique_ptr<sql::Readers> readers_;
  std::unique_ptr<sql::Writer> writer_;
};

}  // namespace tenantry::tables
