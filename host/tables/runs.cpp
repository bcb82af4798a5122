#include "tables/run_rows.hpp"
#include "tables/run_values.hpp"
#include "tables/run_writes.hpp"
#include "tables/soci_store.hpp"
#include "tables/words.hpp"

// Runs: what the store promises about them, and reading what is appended to them.
namespace tenantry::tables {

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
    if (dialect_->is_remote()) return write_together(db, *dialect_, writes, life);
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
  return read_one_as<std::vector<std::string>>([&](Session& db) {
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
  return read_one_as<std::vector<model::Attempt>>([&](Session& db) {
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

}  // namespace tenantry::tables
