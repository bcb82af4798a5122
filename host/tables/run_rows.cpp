#include "tables/run_rows.hpp"

#include "tables/words.hpp"

namespace tenantry::tables {
namespace {

using Texts = std::optional<std::string>;

model::SharedText shared(Texts&& text) {
  return text ? std::make_shared<const std::string>(std::move(*text)) : nullptr;
}

std::shared_ptr<model::RunSpec> load_spec(Session& db, ManifestCache& manifests, const std::string& id,
                                          model::RunHead& head) {
  std::shared_ptr<model::RunSpec> spec;
  std::string digest;
  db.select<std::string, std::string, long long, long long, long long, long long, std::string, long long, long long,
            long long, long long, std::string, std::string, std::string, std::string, std::string>(
      R"sql(select r.tenant, r.state, r.epoch, r.stopping, r.verifying, r.removing, r.condition, r.events, r.started_at, r.completed_at, r.created_at,
                   d.manifest, d.server, d.request, d.tenant_document, d.server_document
            from runs r join run_documents d on d.run = r.id
            where r.id = :run)sql",
      with(id),
      [&](std::string&& tenant, const std::string& state, long long epoch, long long stopping, long long verifying,
          long long removing, const std::string& condition, long long events, long long started_at,
          long long completed_at, long long created_at, std::string&& manifest, std::string&& server,
          std::string&& request, std::string&& tenant_document, std::string&& server_document) {
        spec = std::make_shared<model::RunSpec>();
        spec->id = base::RunId(id);
        spec->tenant = base::TenantId(std::move(tenant));
        spec->server = base::ServerId(std::move(server));
        spec->request = std::move(request);
        spec->tenant_document = std::move(tenant_document);
        spec->server_document = std::move(server_document);
        spec->created_at = base::from_millis(created_at);
        head.state = known(model::run_state(state), state);
        head.epoch = static_cast<int>(epoch);
        head.stopping = stopping != 0;
        head.verifying = verifying != 0;
        head.removing = removing != 0;
        head.condition = from_word<model::Condition>(model::kConditions, condition);
        head.events = events;
        head.started_at = base::from_millis(started_at);
        head.completed_at = base::from_millis(completed_at);
        digest = std::move(manifest);
      });
  if (!spec) return nullptr;
  spec->manifest = manifests.find(digest);
  if (!spec->manifest)
    db.select<std::string>(R"sql(select text from manifests where digest = :digest)sql", with(digest),
                           [&](const std::string& text) { spec->manifest = manifests.read(digest, text); });
  if (!spec->manifest) throw Unreadable("run " + id + " without its manifest");
  return spec;
}

void load_steps(Session& db, const std::string& id, std::vector<model::StepRun>& steps) {
  db.select<std::string, std::string, long long, long long, long long, long long, std::string, long long, long long,
            long long, long long, long long, long long, long long, long long, long long, std::string, std::string,
            std::string, std::string, std::string, std::string, std::string, std::string, Texts, Texts, Bytes>(
      R"sql(select state, wait_reason, due_at, attempt, attempts, in_flight, op, check_due, check_tries, blame, waited,
                   called_at, first_started_at, started_at, completed_at, progress, message, failure_class, failure_code,
                   failure_message, failure_action, failure_detail, made, undo, drift, output,
                   from_bytes(checkpoint)
            from steps where run = :run order by step)sql",
      with(id),
      [&](const std::string& state, const std::string& wait_reason, long long due_at, long long attempt,
          long long attempts, long long in_flight, const std::string& op, long long check_due, long long check_tries,
          long long blame, long long waited, long long called_at, long long first_started_at, long long started_at,
          long long completed_at, long long progress, std::string&& message, const std::string& failure_class,
          std::string&& failure_code, std::string&& failure_message, std::string&& failure_action,
          std::string&& failure_detail, const std::string& made, const std::string& undo, Texts&& drift, Texts&& output,
          Bytes&& checkpoint) {
        auto& step = steps.emplace_back();
        step.state = known(model::step_state(state), state);
        step.wait_reason = known(model::wait_reason(wait_reason), wait_reason);
        step.due_at = base::from_millis(due_at);
        step.attempt = static_cast<int>(attempt);
        step.attempts = attempts;
        step.in_flight = in_flight != 0;
        step.op = from_word<model::Op>(model::kOps, op);
        step.check_due = check_due != 0;
        step.check_tries = static_cast<int>(check_tries);
        step.blame = static_cast<int>(blame);
        step.waited = base::Millis(waited);
        step.called_at = base::from_millis(called_at);
        step.first_started_at = base::from_millis(first_started_at);
        step.started_at = base::from_millis(started_at);
        step.completed_at = base::from_millis(completed_at);
        step.progress = static_cast<int>(progress);
        step.message = std::move(message);
        step.made = from_word<model::Maker>(model::kMakers, made);
        step.undo = from_word<model::Undo>(model::kUndos, undo);
        step.drift = shared(std::move(drift));
        step.output = shared(std::move(output));
        step.checkpoint = shared(std::move(checkpoint.value));
        if (!failure_class.empty())
          step.failure =
              model::Failure{known(model::failure_class(failure_class), failure_class), std::move(failure_code),
                             std::move(failure_message), std::move(failure_action), std::move(failure_detail)};
      });
}

}  // namespace

std::optional<model::Run> load_run(Session& db, ManifestCache& manifests, const std::string& id) {
  model::Run run;
  run.spec = load_spec(db, manifests, id, run.head);
  if (!run.spec) return std::nullopt;
  run.steps.reserve(run.manifest().steps.size());
  load_steps(db, id, run.steps);
  if (run.steps.size() != run.manifest().steps.size()) throw Unreadable("run " + id + " does not fit its manifest");
  return run;
}

std::int64_t lease(Session& db, KnownLife& known, const HostLife& life, Time until) {
  if (known.life == life &&
      db.run(R"sql(update lives set lease_until = :until where id = :id and host = :host and boot = :boot)sql", until,
             known.number, life.host, life.boot) != 0)
    return known.number;
  known.life = life;
  db.select<long long>(
      R"sql(insert into lives (host, boot, lease_until) values (:host, :boot, :until)
            on conflict (host, boot) do update set lease_until = excluded.lease_until returning id)sql",
      with(life.host, life.boot, until), [&](long long id) { known.number = id; });
  return known.number;
}

}  // namespace tenantry::tables
