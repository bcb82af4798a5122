#include "tables/run_writes.hpp"

#include "base/json_text.hpp"
#include "tables/run_rows.hpp"
#include "tables/run_values.hpp"

// One change after the other, a statement for each row.
namespace tenantry::tables {
namespace {

void insert_step(Session& db, const model::Run& run, std::size_t index) {
  const auto insert = [&](const auto&... value) {
    db.run(R"sql(insert into steps (state, wait_reason, due_at, attempt, attempts, in_flight, op, check_due,
                                    check_tries, blame, waited, called_at, first_started_at, started_at, completed_at, progress,
                                    message, failure_class, failure_code, failure_message, failure_action,
                                    failure_detail, made, undo, drift, output, checkpoint, run, step, id)
                 values (:state, :wait_reason, :due_at, :attempt, :attempts, :in_flight, :op, :check_due,
                         :check_tries, :blame, :waited, :called_at, :first_started_at, :started_at, :completed_at, :progress,
                         :message, :failure_class, :failure_code, :failure_message, :failure_action,
                         :failure_detail, :made, :undo, :drift, :output, to_bytes(:checkpoint), :run, :step, :id))sql",
           value..., run.spec->id, index, run.manifest().steps[index].id);
  };
  std::apply(insert, step_values(run.steps[index]));
}

void update_step(Session& db, const base::RunId& run, std::size_t index, const model::StepRun& step) {
  const auto update = [&](const auto&... value) {
    return db.run(R"sql(update steps
                        set state = :state, wait_reason = :wait_reason, due_at = :due_at, attempt = :attempt,
                            attempts = :attempts, in_flight = :in_flight, op = :op, check_due = :check_due,
                            check_tries = :check_tries, blame = :blame, waited = :waited,
                            called_at = :called_at, first_started_at = :first_started_at, started_at = :started_at,
                            completed_at = :completed_at, progress = :progress, message = :message,
                            failure_class = :failure_class, failure_code = :failure_code,
                            failure_message = :failure_message, failure_action = :failure_action,
                            failure_detail = :failure_detail, made = :made, undo = :undo, drift = :drift,
                            output = :output, checkpoint = to_bytes(:checkpoint)
                        where run = :run and step = :step)sql",
                  value..., run, index);
  };
  if (std::apply(update, step_values(step)) == 0) throw Unreadable("run " + run.value + " without one of its steps");
}

// A new run: all its steps at once, and then those that are not as they were made.
void insert_steps(Session& db, const model::Run& run) {
  static const model::StepRun kNew;
  std::string ids;
  base::JsonWriter list(ids);
  list.begin_array();
  for (const auto& step : run.manifest().steps) list.text(step.id);
  list.end_array();
  const auto insert = [&](const auto&... value) {
    db.run(R"sql(insert into steps (state, wait_reason, due_at, attempt, attempts, in_flight, op, check_due,
                                    check_tries, blame, waited, called_at, first_started_at, started_at, completed_at, progress,
                                    message, failure_class, failure_code, failure_message, failure_action,
                                    failure_detail, made, undo, drift, output, checkpoint, run, step, id)
                 select :state, :wait_reason, cast(:due_at as bigint), cast(:attempt as bigint),
                        cast(:attempts as bigint), cast(:in_flight as bigint), :op, cast(:check_due as bigint),
                        cast(:check_tries as bigint), cast(:blame as bigint), cast(:waited as bigint),
                        cast(:called_at as bigint), cast(:first_started_at as bigint), cast(:started_at as bigint),
                        cast(:completed_at as bigint), cast(:progress as bigint), :message, :failure_class,
                        :failure_code, :failure_message, :failure_action, :failure_detail, :made, :undo, :drift,
                        :output, to_bytes(:checkpoint), :run, s.key, s.value
                 from each(:ids) s)sql",
           value..., run.spec->id, ids);
  };
  std::apply(insert, step_values(kNew));
  for (std::size_t i = 0; i < run.steps.size(); ++i)
    if (run.steps[i] != kNew) update_step(db, run.spec->id, i, run.steps[i]);
}

void insert_attempt(Session& db, const base::RunId& run, const model::Attempt& attempt) {
  const auto insert = [&](const auto&... failure) {
    db.run(R"sql(insert into attempts (run, step, number, epoch, op, outcome, started_at, ended_at, failure_class,
                                       failure_code, failure_message, failure_action, failure_detail)
                 values (:run, :step, :number, :epoch, :op, :outcome, :started_at, :ended_at, :failure_class,
                         :failure_code, :failure_message, :failure_action, :failure_detail))sql",
           run, attempt.step, attempt.number, attempt.epoch, word(attempt.op), word(attempt.outcome),
           attempt.started_at, attempt.ended_at, failure...);
  };
  std::apply(insert, failure_values(attempt.failure));
}

void insert_event(Session& db, const base::RunId& run, const model::Event& event) {
  db.run(R"sql(insert into events (run, number, step, type, data, at, shown)
               values (:run, :number, :step, :type, :data, :at, :shown))sql",
         run, event.number, event.step, event.type, event.data, event.at, event.view);
}

// The row is only made if no other run of the tenant is active.
Written insert_run(Session& db, const RunWrite& write, std::int64_t life) {
  const auto& run = *write.run;
  const auto made = db.run(
      R"sql(insert into runs (id, tenant, state, epoch, stopping, verifying, removing, condition, events, started_at, completed_at, created_at, owner,
                              token)
            values (:id, :tenant, :state, :epoch, :stopping, :verifying, :removing, :condition, :events, :started_at, :completed_at, :created_at, :owner,
                    :token)
            on conflict do nothing)sql",
      run.spec->id, run.spec->tenant, word(run.head.state), run.head.epoch, run.head.stopping, run.head.verifying,
      run.head.removing, word(run.head.condition), run.head.events, run.head.started_at, run.head.completed_at,
      run.spec->created_at, owner_of(run.head, life), write.token);
  if (made != 0) return Written::kDone;
  bool exists = false;
  db.select<long long>(R"sql(select token from runs where id = :id)sql", with(run.spec->id),
                       [&](long long) { exists = true; });
  return exists ? Written::kLost : Written::kTenantBusy;
}

void insert_documents(Session& db, const model::RunSpec& spec) {
  insert_manifest(db, *spec.manifest);
  db.run(R"sql(insert into run_documents (run, manifest, server, request, tenant_document, server_document)
               values (:run, :manifest, :server, :request, :tenant_document, :server_document))sql",
         spec.id, spec.manifest->digest, spec.server, spec.request, spec.tenant_document, spec.server_document);
}

// The rows of steps and attempts are numbered as the manifest's steps are, so another manifest means other numbers.
// Attempts at steps that are no more keep numbers beyond those of any manifest.
void change_manifest(Session& db, const model::Run& run, const model::Repin& repin) {
  const auto& id = run.spec->id;
  insert_manifest(db, *repin.spec->manifest);
  db.run(R"sql(update run_documents set manifest = :manifest, request = :request where run = :run)sql",
         repin.spec->manifest->digest, repin.spec->request, id);
  db.run(R"sql(delete from steps where run = :run)sql", id);
  for (std::size_t i = 0; i < run.steps.size(); ++i) insert_step(db, run, i);
  const auto aside = kMostSteps * static_cast<std::size_t>(run.head.epoch);
  db.run(R"sql(update attempts set step = step + :aside where run = :run and step < :most)sql", aside, id, kMostSteps);
  for (std::size_t i = 0; i < repin.from.size(); ++i)
    if (repin.from[i])
      db.run(R"sql(update attempts set step = :step where run = :run and step = :aside)sql", i, id,
             aside + *repin.from[i]);
}

// Most changes leave an active run active and its owner the same: then no index of the table is touched. The coalesce
// keeps the planner from going through all active runs.
bool update_in_place(Session& db, const RunWrite& write, std::int64_t life) {
  const auto& head = write.run->head;
  return db.run(R"sql(update runs
                      set state = :state, epoch = :epoch, stopping = :stopping, verifying = :verifying,
                removing = :removing, condition = :condition, events = :events,
                          started_at = :started_at, completed_at = :completed_at
                      where id = :id and token = :token and coalesce(owner, 0) = :owner)sql",
                word(head.state), head.epoch, head.stopping, head.verifying, head.removing, word(head.condition),
                head.events, head.started_at, head.completed_at, write.run->spec->id, write.token, life) != 0;
}

Written update_run(Session& db, const RunWrite& write, std::int64_t life) {
  const auto& head = write.run->head;
  const auto& id = write.run->spec->id;
  if (model::is_active(head) && update_in_place(db, write, life)) return Written::kDone;
  // The next statement has to see what others, who start a run of this tenant, are about to commit.
  if (model::is_active(head))
    db.select<std::string>(R"sql(select id from tenants where id = :tenant {for_update})sql",
                           with(write.run->spec->tenant), [](std::string&&) {});
  const auto changed = db.run(
      R"sql(update runs
            set state = :state, epoch = :epoch, stopping = :stopping, verifying = :verifying,
                removing = :removing, condition = :condition, events = :events, started_at = :started_at,
                completed_at = :completed_at, owner = :owner
            where id = :id and token = :token
              and (owner is not null or :active = 0
                   or not exists (select 1 from runs o where o.tenant = runs.tenant and o.owner is not null)))sql",
      word(head.state), head.epoch, head.stopping, head.verifying, head.removing, word(head.condition), head.events,
      head.started_at, head.completed_at, owner_of(head, life), id, write.token, model::is_active(head));
  if (changed != 0) return Written::kDone;
  bool ours = false;
  db.select<long long>(R"sql(select token from runs where id = :id and token = :token)sql", with(id, write.token),
                       [&](long long) { ours = true; });
  return ours ? Written::kTenantBusy : Written::kLost;
}

}  // namespace

void insert_manifest(Session& db, const model::Manifest& manifest) {
  bool is_there = false;
  db.select<std::string>(R"sql(select digest from manifests where digest = :digest)sql", with(manifest.digest),
                         [&](std::string&&) { is_there = true; });
  if (is_there) return;
  db.run(R"sql(insert into manifests (digest, text) values (:digest, :text) on conflict (digest) do nothing)sql",
         manifest.digest, manifest.text);
}

void tell_answered(Session& db, const Dialect& dialect) {
  if (const char* tell = dialect.tell(Told::kAnswered); tell != nullptr) db.run(tell);
}

void insert_operation(Session& db, const Dialect& dialect, const model::Operation& operation) {
  db.run(R"sql(insert into operations (id, tenant, run, verb, step, actor, reason, scope, created_at)
               values (:id, :tenant, :run, :verb, :step, :actor, :reason, :scope, :created_at))sql",
         operation.id, operation.tenant, operation.run, word(operation.verb), operation.step, operation.actor,
         operation.reason, operation.scope, operation.created_at);
  if (db.run(R"sql(delete from handed_commands where id = :id)sql", operation.id) != 0) tell_answered(db, dialect);
}

Written write_one(Session& db, const Dialect& dialect, const RunWrite& write, std::int64_t life) {
  const auto& run = *write.run;
  const auto written = write.create ? insert_run(db, write, life) : update_run(db, write, life);
  if (written != Written::kDone) return written;
  if (write.create) {
    insert_documents(db, *run.spec);
    insert_steps(db, run);
  } else if (write.change->repin) {
    change_manifest(db, run, *write.change->repin);
  } else {
    for (const auto& [index, step] : write.change->steps) update_step(db, run.spec->id, index, step);
  }
  for (const auto& attempt : write.change->attempts) insert_attempt(db, run.spec->id, attempt);
  for (const auto& event : write.change->events) insert_event(db, run.spec->id, event);
  if (write.change->operation) insert_operation(db, dialect, *write.change->operation);
  if (model::is_removed(run.head)) remove_tenant_rows(db, run.spec->tenant, run.head.completed_at);
  return Written::kDone;
}

}  // namespace tenantry::tables
