// Where everything durable lives: the only queue and the only truth. This is the interface, in the domain's words;
// the room tables implements it.
//
// Fencing. A run that is not finished is owned by one life of one host, for as long as that life's lease: one lease
// for all its runs, prolonged by each of its writes and claims and by renew_leases. A finished run has no owner. Every
// take-over raises the run's token. Whoever writes a run names the token it was given: if that is no longer the run's
// token the write changes nothing and answers kLost, and the writer forgets the run.
//
// Threads. Every function may be called from any thread; each returns when its effect is durable (or is not going to
// happen). Writes of many threads share commits. Reads never wait for writers and see only what was committed.
//
// Errors. Kind unavailable (store.locked, store.disk_full, store.lost) means: nothing changed, try again later; an
// error of kind internal (store.corrupt, store.failed) will not pass by itself. store.read_only: the permissions were
// changed under a running host. If a database is lost while it commits, the writers concerned wait until it is back and
// has said whether it did: a write is never applied twice and never reported wrongly.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/advance.hpp"
#include "model/tenant.hpp"
#include "store/frontier.hpp"

namespace tenantry::store {

using base::Result;
using base::Time;

// Reads a manifest's text back. The store keeps each text once, under its digest, and hands out one ManifestPtr for
// each. Called from any thread.
using ManifestReader = std::function<Result<model::ManifestPtr>(const std::string& text)>;

// One life of one host. `host` is stable over restarts, `boot` is new in each.
struct HostLife {
  std::string host;
  std::string boot;
  friend bool operator==(const HostLife&, const HostLife&) = default;
};

// One run's change within a commit.
struct RunWrite {
  const model::Run* run = nullptr;        // as it is after the change
  const model::Change* change = nullptr;  // what to write: these steps, attempts, events, this operation
  std::int64_t token = 0;
  bool create = false;  // insert the run (and its manifest, if it is new); all steps are taken from *run
};

enum class Written : std::uint8_t {
  kDone,
  kLost,        // the token is no longer ours
  kTenantBusy,  // create, or waking a finished run: the tenant has another active run
};

struct OwnedRun {
  model::Run run;
  std::int64_t token = 0;
  std::size_t suspects = 0;  // calls that its last owner had out when it ended, over all its runs; many: nobody's fault
};

// A command for a run that another host carries on.
struct HandedCommand {
  base::RunId run;
  model::Command command;  // without `onto`: what is carried on cannot change its version
};

// What became of one.
struct Handed {
  enum class State : std::uint8_t {
    kWaiting,
    kOwnerless,  // waiting, and the run's owner is gone or has finished it
    kRefused,
    kDone,
    kUnknown,  // there is no such command any more
  };
  State state = State::kUnknown;
  base::Error refusal{};
};

// What another host tells those that share its database.
enum class Told : std::uint8_t {
  kReleased,  // there are runs that nobody carries on
  kHanded,    // there is a command for another host's run
  kAnswered,  // such a command was answered
  kFreed,     // a name that somebody has asked for was given back
};

struct StoredEvent {
  std::int64_t id = 0;  // over all runs; within a run it grows with `number`, across runs with the time of the write
  base::RunId run;
  base::TenantId tenant;
  model::Event event;
};

// Whose events: of one run, of one tenant, of all tenants of an account, or (all empty) of everybody.
struct EventTopic {
  base::RunId run;
  base::TenantId tenant;
  base::AccountId member;
  friend bool operator==(const EventTopic&, const EventTopic&) = default;
};

// Every event of a topic with an id beyond the one that was asked for, up to `covered`.
struct EventPage {
  std::vector<StoredEvent> events;
  std::int64_t covered = 0;
};

// The newest events as one snapshot shows them, and who may still be writing: frontier.hpp says what can be relied on.
struct EventLook {
  std::vector<StoredEvent> events;
  OpenWriters writers;
};
struct EventRange {
  std::int64_t oldest = 0;  // no event from this one on was deleted; 0: there are none
  std::int64_t newest = 0;
  OpenWriters writers;
};

// A command's answer, kept so that the same Idempotency-Key gets it again.
struct StoredAnswer {
  std::string body_hash;
  int status = 0;  // 0: the command is still being carried out
  std::string body;
  std::string location;
};

class Batches;
class Deliveries;
class Retention;

class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  // ---- Runs: written only by the host that owns them ----

  // All in one transaction, and one answer for each; kLost and kTenantBusy leave nothing of that run's change behind
  // and do not disturb the others.
  [[nodiscard]] virtual Result<std::vector<Written>> write(std::span<const RunWrite> writes, const HostLife& self,
                                                           Time lease_until) = 0;

  // Takes over at most `limit` unfinished runs that belonged to an earlier life of this host, were released, or whose
  // lease has run out at `now`. Oldest first.
  [[nodiscard]] virtual Result<std::vector<OwnedRun>> claim_runs(const HostLife& self, Time now, Time lease_until,
                                                                 std::size_t limit) = 0;
  // Takes over this run, finished or not, for a command. conflict "store.owned_elsewhere" if another living host has
  // it; not_found if there is no such run.
  [[nodiscard]] virtual Result<OwnedRun> claim_run(const base::RunId& run, const HostLife& self, Time now,
                                                   Time lease_until) = 0;
  [[nodiscard]] virtual Result<void> renew_leases(const HostLife& self, Time lease_until) = 0;
  // At an orderly end, or when this life has given its calls up: other hosts, or the next life of this one, may take
  // the runs at once, and what was out is not to blame.
  [[nodiscard]] virtual Result<void> release_runs(const HostLife& self) = 0;

  // ---- What several hosts on one database need. A store that only one host can open never calls back. ----

  [[nodiscard]] virtual bool is_shared() const { return false; }
  // Sets the clock to the database's, now and whenever leases are renewed: all hosts then mean the same by a time,
  // however wrong their own clocks are. The clock outlives the store. With an error, after ten seconds of asking, the
  // clock must not be gone by.
  [[nodiscard]] virtual Result<void> keep_time(base::SteadyClock& clock) {
    return static_cast<void>(clock), Result<void>();
  }
  // The program is about to end. Where a connection was lost during a commit, its outcome is waited for no longer than
  // this; then the change is answered with store.lost, and nothing more is written.
  virtual void end_within(base::Millis patience) { static_cast<void>(patience); }
  // `wake` is called, on a thread of the store, when a host tells something, and with every word there is after a time
  // in which nothing could be heard; it must be quick. nullptr: nobody any more; returns when no call is under way.
  virtual void on_told(std::function<void(Told)> wake) { static_cast<void>(wake); }

  // Leaves the command to the run's owner. Those handed over before `forget` are gone.
  [[nodiscard]] virtual Result<void> hand_over(const HandedCommand& handed, Time now, Time forget) = 0;
  // What was handed over since then, was not answered, and is about runs of this life; oldest first. The owner either
  // writes the operation, with which the command is answered, or refuses.
  [[nodiscard]] virtual Result<std::vector<HandedCommand>> take_handed(const HostLife& self, Time since) = 0;
  [[nodiscard]] virtual Result<void> refuse_handed(const base::OperationId& command, const base::Error& refusal) = 0;
  [[nodiscard]] virtual Result<Handed> handed(const base::OperationId& command, Time now) = 0;
  // true: it is gone, and nobody has carried it out or will. false: its owner has taken it.
  [[nodiscard]] virtual Result<bool> take_back(const base::OperationId& command) = 0;

  // A name that one host at a time may hold. true: this life has it, until it gives it back or its lease is over;
  // false: another living one has it, and learns with free_names that it was asked for. Stores that are not shared let
  // everybody.
  [[nodiscard]] virtual Result<bool> take_name(const std::string& name, const HostLife& self, Time now,
                                               Time lease_until) {
    return static_cast<void>(name), static_cast<void>(self), static_cast<void>(now), static_cast<void>(lease_until),
           true;
  }
  // Gives names of this life back; those of them that others have asked for, who are told.
  [[nodiscard]] virtual Result<std::vector<std::string>> free_names(std::span<const std::string> names,
                                                                    const HostLife& self, Time lease_until) {
    return static_cast<void>(names), static_cast<void>(self), static_cast<void>(lease_until),
           std::vector<std::string>();
  }
  // Hosts with a lease at `now`.
  [[nodiscard]] virtual Result<int> living_hosts(Time now) { return static_cast<void>(now), 1; }

  // The manifests, by digest, that unfinished runs are pinned to.
  [[nodiscard]] virtual Result<std::vector<std::string>> pinned_manifests() = 0;

  [[nodiscard]] virtual Result<std::optional<model::Run>> run(const base::RunId& run) = 0;
  [[nodiscard]] virtual Result<std::optional<model::Run>> newest_run(const base::TenantId& tenant) = 0;
  [[nodiscard]] virtual Result<std::vector<model::Attempt>> attempts(const base::RunId& run) = 0;
  [[nodiscard]] virtual Result<std::optional<model::Operation>> operation(const base::OperationId& operation) = 0;

  // By index of the step: how long the attempts that did its work took on average, in the newest `runs` runs on the
  // manifest of this digest. Steps that no such attempt is of are not there.
  [[nodiscard]] virtual Result<std::vector<std::pair<std::size_t, base::Millis>>> usual_durations(
      const std::string& digest, std::size_t runs) = 0;
  // Newest first.
  [[nodiscard]] virtual Result<std::vector<model::OperationSummary>> operations(const model::OperationQuery& query) = 0;

  // Events of one run with number > after, in order.
  [[nodiscard]] virtual Result<std::vector<StoredEvent>> run_events(const base::RunId& run, std::int64_t after,
                                                                    std::size_t limit) = 0;
  // The newest `limit` events of all runs of a tenant, oldest first.
  [[nodiscard]] virtual Result<std::vector<StoredEvent>> tenant_events(const base::TenantId& tenant,
                                                                       std::size_t limit) = 0;

  // ---- Events over all runs: frontier.hpp says which ids are settled ----

  // With id > after, in order of id.
  [[nodiscard]] virtual Result<EventLook> look_at_events(std::int64_t after, std::size_t limit) = 0;
  [[nodiscard]] virtual Result<EventRange> event_range() = 0;
  // With after < id <= upto, in order of id; `upto` is settled. At most `limit`, and of an account's tenants no more
  // than a bounded number of rows is looked at: whoever wants all asks again from `covered` on until it is `upto`.
  [[nodiscard]] virtual Result<EventPage> events(const EventTopic& topic, std::int64_t after, std::int64_t upto,
                                                 std::size_t limit) = 0;

  // ---- Tenants and their sealed secrets ----

  struct SealedSecret {
    std::string name;
    std::string sealed;  // opaque bytes; this room never sees a secret in clear
  };
  // conflict "tenant.exists" if the owner has a tenant of this name.
  [[nodiscard]] virtual Result<void> create_tenant(const model::Tenant& tenant,
                                                   std::span<const SealedSecret> secrets) = 0;
  [[nodiscard]] virtual Result<std::optional<model::TenantSummary>> tenant(const base::TenantId& tenant) = 0;
  // A tenant that has no run is gone at once; others are when the rollback that ends them is written.
  [[nodiscard]] virtual Result<void> remove_tenant(const base::TenantId& tenant, Time now) = 0;
  // Newest first; without those that were removed.
  [[nodiscard]] virtual Result<std::vector<model::TenantSummary>> tenants(const model::TenantQuery& query) = 0;
  // Unfinished and finished tenants placed on each server, for placing the next one.
  [[nodiscard]] virtual Result<std::int64_t> tenants_on(const base::ServerId& server) = 0;
  [[nodiscard]] virtual Result<std::optional<model::TenantRole>> role(const base::TenantId& tenant,
                                                                      const base::AccountId& account) = 0;
  [[nodiscard]] virtual Result<void> put_secret(const base::TenantId& tenant, const SealedSecret& secret) = 0;
  [[nodiscard]] virtual Result<std::optional<std::string>> secret(const base::TenantId& tenant,
                                                                  const std::string& name) = 0;

  // ---- Accounts and tokens ----

  // conflict "account.exists" if the email is taken.
  [[nodiscard]] virtual Result<void> create_account(const model::Account& account) = 0;
  [[nodiscard]] virtual Result<std::optional<model::Account>> account(const base::AccountId& account) = 0;
  [[nodiscard]] virtual Result<std::optional<model::Account>> account_by_email(const std::string& email) = 0;
  [[nodiscard]] virtual Result<bool> has_accounts() = 0;
  [[nodiscard]] virtual Result<void> create_token(const model::Token& token) = 0;
  // Only tokens that have not expired at `now`.
  [[nodiscard]] virtual Result<std::optional<model::Token>> token(const std::string& hash, Time now) = 0;
  [[nodiscard]] virtual Result<void> delete_token(const std::string& hash) = 0;

  // ---- Idempotency keys ----

  // nullopt: the key is new and now reserved (status 0). Otherwise what is stored under it. Keys older than
  // `older_than` are forgotten.
  [[nodiscard]] virtual Result<std::optional<StoredAnswer>> reserve_key(const base::AccountId& account,
                                                                        const std::string& key,
                                                                        const std::string& body_hash, Time now,
                                                                        Time older_than) = 0;
  [[nodiscard]] virtual Result<void> complete_key(const base::AccountId& account, const std::string& key,
                                                  const StoredAnswer& answer) = 0;
  // The command was refused before it did anything: the key may be used again.
  [[nodiscard]] virtual Result<void> release_key(const base::AccountId& account, const std::string& key) = 0;

  // The other parts of the store: batches.hpp, deliveries.hpp, retention.hpp.
  [[nodiscard]] virtual Batches& batches() = 0;
  [[nodiscard]] virtual Deliveries& webhooks() = 0;
  [[nodiscard]] virtual Retention& retention() = 0;

  // Can it be written to right now? For /readyz.
  [[nodiscard]] virtual Result<void> ping() = 0;
};

}  // namespace tenantry::store
