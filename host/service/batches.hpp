// One command to many tenants: who is meant is decided once, when it is asked for; then each gets the command as if a
// person had sent it, a little apart from the others, and what came of it is kept per tenant.
//
// The list is durable before the first command is given, with the id of each item's operation. A host that is started
// again, or another one once the lease of the first is over, goes on with the items that have no answer yet; whether
// the command of such an item was given before the end is told by its operation being there, so none is given twice.
// Of two batches that concern a tenant, the earlier one's command is given and answered first.
#pragma once
#include <list>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "service/provisioning.hpp"
#include "store/batches.hpp"

namespace tenantry::service {

// Thread-safe.
class Batches {
 public:
  // What is passed in outlives it.
  Batches(store::Store& store, Provisioning& provisioning, const base::Clock& clock, store::HostLife self);
  ~Batches();  // stop()
  Batches(const Batches&) = delete;
  Batches& operator=(const Batches&) = delete;

  void start();  // also what earlier lives left over
  void stop();   // commands that were given are still answered; the rest waits for the next life

  // `body` is what batch.schema.json describes. Durable on return; {"id", "verb", ...} as get() gives it. invalid
  // "batch.nobody" if the filter finds no tenant, "batch.too_many" if it finds more than 10,000.
  [[nodiscard]] base::Result<base::json::object> create(const Actor& actor, const base::json::value& body);
  // What create() would do, tenant by tenant. Waits for the engines' VALIDATE if the verb is start.
  [[nodiscard]] base::Result<base::json::object> preview(const Actor& actor, const base::json::value& body);
  // not_found for a batch of somebody else; administrators see all. Items with number > after.
  [[nodiscard]] base::Result<base::json::object> get(const Actor& actor, const std::string& id,
                                                     const std::string& state, std::int64_t after,
                                                     std::size_t limit) const;

 private:
  using Steady = std::chrono::steady_clock::time_point;
  struct Active;
  struct Shared;

  void add(const store::Batch& batch, std::vector<store::BatchItem> items, bool resumed);
  void resume();
  void live();
  [[nodiscard]] Steady give_what_is_due(Steady now);
  void give(Active& active, store::BatchItem item);
  void settle();
  void send(const Actor& actor, const base::json::object& request, const base::TenantId& tenant,
            const base::OperationId& operation, bool validate_only, Answered answered);

  store::Store& store_;
  Provisioning& provisioning_;
  const base::Clock& clock_;
  const store::HostLife self_;
  const std::shared_ptr<Shared> shared_;       // with the answers that are still to come
  std::list<std::shared_ptr<Active>> active_;  // oldest first; only the thread touches it
  std::mt19937_64 random_;
  std::thread thread_;
};

}  // namespace tenantry::service
