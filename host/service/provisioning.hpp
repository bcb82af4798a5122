// The verbs: what a person or a program can ask of a tenant's runs. Each command is durable, with its operation, when
// it is answered; a refusal has changed nothing.
#pragma once
#include <functional>
#include <string>

#include "execution/scheduler.hpp"
#include "service/durations.hpp"
#include "service/engines.hpp"
#include "service/identity.hpp"
#include "service/status.hpp"
#include "service/status_pages.hpp"
#include "service/validation.hpp"

namespace tenantry::service {

// Called exactly once, from any thread.
// What a client is told of a command, or of what it would do.
struct CommandAnswer {
  std::string body;             // JSON
  base::OperationId operation;  // empty: nothing was commanded
  base::json::value scope;      // of a command that was only asked about
};
using Answered = std::function<void(base::Result<CommandAnswer>)>;

// A tenant's newest run and its status answer, as JSON text.
struct Status {
  execution::RunView run;  // nullptr: there is none
  StatusPages::Page page;
};

struct CommandRequest {
  model::Verb verb = model::Verb::kRetry;
  std::string step;
  std::string reason;
  bool force = false;
  bool downstream = false;
  bool validate_only = false;
  std::string version;               // continue: of the engine, instead of the one the run is pinned to
  base::OperationId operation = {};  // empty: a new one
};

// Thread-safe.
class Provisioning {
 public:
  Provisioning(store::Store& store, Identity& identity, execution::Scheduler& scheduler, const Engines& engines,
               const Servers& servers, const base::Clock& clock);

  // `body` is what start_run.schema.json describes. Checks the parameters against the engine's request schema and asks
  // the engine (VALIDATE); pins the manifest; makes the run. conflict "run.active" if the tenant has one already.
  // `operation` empty: a new one.
  void start(const Actor& actor, const base::TenantId& tenant, const base::json::value& body, Answered answered,
             base::OperationId operation = {});

  // Every verb about a run that is there. deprovision needs the owner; of a tenant that was never started it is done at
  // once. gone "tenant.gone" for a tenant that was deprovisioned, here and everywhere below.
  void command(const Actor& actor, const base::TenantId& tenant, CommandRequest request, Answered answered);

  // What `start` with this body would do, step by step; asks the engine, touches nothing.
  void plan(const Actor& actor, const base::TenantId& tenant, const base::json::value& body, Answered answered);

  // The answer is made once for all who ask at about the same time.
  [[nodiscard]] base::Result<Status> status(const Actor& actor, const base::TenantId& tenant);
  // The same if everything that it takes is in memory, else nullptr: never waits for the store.
  [[nodiscard]] StatusPages::Page status_at_once(const std::string& token, const base::TenantId& tenant);
  // {"logs": [...]}: the newest `limit` lines, oldest first; only of the named step, unless that is empty.
  [[nodiscard]] base::Result<base::json::object> logs(const Actor& actor, const base::TenantId& tenant,
                                                      std::size_t limit, const std::string& step = {});
  [[nodiscard]] base::Result<base::json::object> operation(const Actor& actor, const base::OperationId& operation);

 private:
  [[nodiscard]] base::Result<model::TenantSummary> tenant_for(const Actor& actor, const base::TenantId& tenant,
                                                              model::TenantRole least);
  // For somebody who may see it; gone if the tenant was deprovisioned; nullptr: never started.
  [[nodiscard]] base::Result<execution::RunView> visible_run(const Actor& actor, const base::TenantId& tenant);
  [[nodiscard]] base::Result<base::json::object> never_run(const base::TenantId& tenant);
  // The active or newest run; nullptr: never started.
  [[nodiscard]] base::Result<execution::RunView> newest_run(const base::TenantId& tenant);
  [[nodiscard]] base::Result<std::shared_ptr<model::RunSpec>> specify(const model::Tenant& tenant,
                                                                      const LoadedEngine& engine,
                                                                      const base::json::value& body) const;
  [[nodiscard]] base::Result<CommandAnswer> remove(const base::TenantId& tenant, bool validate_only);
  [[nodiscard]] CommandAnswer done(const model::Run& run, const base::OperationId& operation);
  // For a run that is to go on with a version other than its own; conflict "run.version_mismatch".
  [[nodiscard]] base::Result<std::shared_ptr<const model::RunSpec>> respecify(const model::Run& run,
                                                                              const std::string& version) const;

  store::Store& store_;
  Identity& identity_;
  execution::Scheduler& scheduler_;
  const Engines& engines_;
  const Servers& servers_;
  const base::Clock& clock_;
  StatusPages pages_;
  Validation validation_;
  Durations durations_;
};

}  // namespace tenantry::service
