#include "store/run_rows.hpp"
#include "store/soci_store.hpp"
#include "store/words.hpp"

// Writing runs, and reading them and what is appended to them.
namespace tenantry::store {
namespace {

const model::Failure kNoFailure{};
constexpr std::size_t kMostSteps = 1'000;  // of a manifest; more than the host accepts

// A failure's five columns; no failure: five empty texts.
auto failure_values(const std::optional<model::Failure>& failure) {
  const auto& f = failure ? *failure : kNoFailure;
  return std::tuple<std::string_view, std::string_view, std::string_view, std::string_view, std::string_view>(
      failure ? row(f.cause).word : std::string_view(), f.code, f.message, f.next_action, f.detail);
}

// In the order of the columns in both statements below.
auto step_values(const model::StepRun& s) {
  return std::tuple_cat(
      std::make_tuple(word(s.state), word(s.wait_reason), s.due_at, s.attempt, s.attempts, s.in_flight, word(s.op),
                      s.check_due, s.check_tries, s.blame, s.waited, s.called_at, s.first_started_at, s.started_at,
                      s.completed_at, s.progress, std::string_view(s.message)),
      failure_values(s.failure), std::make_tuple(word(s.made), word(s.undo)), std::tie(s.drift, s.output),
      std::make_tuple(BytesView(s.checkpoint)));
}

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

// Another host may wait for it.
void insert_operation(Session& db, const Dialect& dialect, const model::Operation& operation) {
  db.run(R"sql(insert into operations (id, tenant, run, verb, step, actor, reason, scope, created_at)
               values (:id, :tenant, :run, :verb, :step, :actor, :reason, :scope, :created_at))sql",
         operation.id, operation.tenant, operation.run, word(operation.verb), operation.step, operation.actor,
         operation.reason, operation.scope, operation.created_at);
  const bool handed = db.run(R"sql(delete from handed_commands where id = :id)sql", operation.id) != 0;
  if (const char* tell = dialect.tell(Told::kAnswered); handed && tell != nullptr) db.run(tell);
}

std::optional<std::int64_t> owner_of(const model::RunHead& head, std::int64_t life) {
  return model::is_active(head) ? std::optional(life) : std::nullopt;
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

void insert_manifest(Session& db, const model::Manifest& manifest) {
  db.run(R"sql(insert into manifests (digest, text) values (:digest, :text) on conflict (digest) do nothing)sql",
         manifest.digest, manifest.text);
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

// Most changes leave an active run active and its owner the same: then no index of the table is touched.
bool update_in_place(Session& db, const RunWrite& write, std::int64_t life) {
  const auto& head = write.run->head;
  return db.run(R"sql(update runs
                      set state = :state, epoch = :epoch, stopping = :stopping, verifying = :verifying,
                removing = :removing, condition = :condition, events = :events,
                          started_at = :started_at, completed_at = :completed_at
                      where id = :id and token = :token and owner = :owner)sql",
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

Written write_one(Session& db, const Dialect& dialect, const RunWrite& write, std::int64_t life) {
  const auto& run = *write.run;
  const auto written = write.create ? insert_run(db, write, life) : update_run(db, write, life);
  if (written != Written::kDone) return written;
  if (write.create) {
    insert_documents(db, *run.spec);
    for (std::size_t i = 0; i < run.steps.size(); ++i) insert_step(db, run, i);
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

}  // namespace

model::ManifestPtr ManifestCache::find(const std::string& digest) const {
  const std::lock_guard lock(mutex_);
  const auto at = known_.find(digest);
  return at == known_.end() ? nullptr : at->second;
}

void ManifestCache::keep(const model::ManifestPtr& manifest) { (void)remember(manifest); }

// Engines may be replaced for as long as the host lives: what no run holds is forgotten when there is much of it.
model::ManifestPtr ManifestCache::remember(const model::ManifestPtr& manifest) {
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kMost) std::erase_if(known_, [](const auto& known) { return known.second.use_count() == 1; });
  return known_.emplace(manifest->digest, manifest).first->second;
}

model::ManifestPtr ManifestCache::read(const std::string& digest, const std::string& text) {
  auto manifest = read_(text);
  if (!manifest.has_value()) throw Unreadable("manifest " + digest + ": " + manifest.error().message);
  return remember(*manifest);
}

Result<std::vector<Written>> SociStore::write(std::span<const RunWrite> writes, const HostLife& self,
                                              Time lease_until) {
  auto written = write_as<std::vector<Written>>([&](Session& db) {
    const auto life = lease(db, last_life_, self, lease_until);
    std::vector<Written> answers;
    answers.reserve(writes.size());
    for (const auto& write : writes) answers.push_back(write_one(db, *dialect_, write, life));
    return answers;
  });
  if (!written.has_value()) return written;
  for (const auto& write : writes)
    if (write.create || write.change->repin) manifests_.keep(write.run->spec->manifest);
  return written;
}

Result<std::vector<std::string>> SociStore::pinned_manifests() {
  return read_as<std::vector<std::string>>([&](Session& db) {
    std::vector<std::string> found;
    db.select<std::string>(R"sql(select distinct (select d.manifest from run_documents d where d.run = r.id) as manifest
                                 from runs r where r.owner is not null order by manifest)sql",
                           with(), [&](std::string&& digest) { found.push_back(std::move(digest)); });
    return found;
  });
}

Result<std::optional<model::Run>> SociStore::run(const base::RunId& run) {
  return read_as<std::optional<model::Run>>([&](Session& db) { return load_run(db, manifests_, run.value); });
}

Result<std::optional<model::Run>> SociStore::newest_run(const base::TenantId& tenant) {
  return read_as<std::optional<model::Run>>([&](Session& db) -> std::optional<model::Run> {
    std::string newest;
    db.select<std::string>(
        R"sql(select id from runs where tenant = :tenant order by created_at desc, id desc limit 1)sql", with(tenant),
        [&](std::string&& id) { newest = std::move(id); });
    if (newest.empty()) return std::nullopt;
    return load_run(db, manifests_, newest);
  });
}

Result<std::vector<model::Attempt>> SociStore::attempts(const base::RunId& run) {
  return read_as<std::vector<model::Attempt>>([&](Session& db) {
    std::vector<model::Attempt> found;
    db.select<long long, long long, long long, std::string, std::string, long long, long long, std::string, std::string,
              std::string, std::string, std::string>(
        R"sql(select step, number, epoch, op, outcome, started_at, ended_at, failure_class, failure_code,
                     failure_message, failure_action, failure_detail
              from attempts where run = :run and step < :most order by step, number)sql",
        with(run, kMostSteps),
        [&](long long step, long long number, long long epoch, const std::string& op, const std::string& outcome,
            long long started_at, long long ended_at, const std::string& failure_class, std::string&& code,
            std::string&& message, std::string&& action, std::string&& detail) {
          auto& attempt = found.emplace_back();
          attempt.step = static_cast<std::size_t>(step);
          attempt.number = number;
          attempt.epoch = static_cast<int>(epoch);
          attempt.op = from_word<model::Op>(model::kOps, op);
          attempt.outcome = from_word<model::Outcome>(model::kOutcomes, outcome);
          attempt.started_at = base::from_millis(started_at);
          attempt.ended_at = base::from_millis(ended_at);
          if (!failure_class.empty())
            attempt.failure = model::Failure{known(model::failure_class(failure_class), failure_class), std::move(code),
                                             std::move(message), std::move(action), std::move(detail)};
        });
    return found;
  });
}

}  // namespace tenantry::store
