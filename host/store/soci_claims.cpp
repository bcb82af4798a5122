#include "base/log.hpp"
#include "store/run_rows.hpp"
#include "store/soci_store.hpp"

// Who carries which run on.
namespace tenantry::store {
namespace {

// Every take-over raises the token, so that whoever had the run before can write no more. The owner of a finished run
// stays nobody: claiming it for a command that is then refused must not keep others away.
std::int64_t take_over(Session& db, const std::string& run, std::int64_t life) {
  std::int64_t token = 0;
  db.select<long long>(
      R"sql(update runs set token = token + 1, owner = case when owner is null then null else cast(:owner as bigint) end
            where id = :id returning token)sql",
      with(life, run), [&](long long raised) { token = raised; });
  return token;
}

void forget_dead_lives(Session& db, Time now) {
  db.run(R"sql(delete from lives
               where id in (select l.id from lives l
                            where l.lease_until <= :now and not exists (select 1 from runs r where r.owner = l.id)
                            {skip_locked}))sql",
         now);
}

}  // namespace

Result<std::vector<OwnedRun>> SociStore::claim_runs(const HostLife& self, Time now, Time lease_until,
                                                    std::size_t limit) {
  return write_as<std::vector<OwnedRun>>([&](Session& db) {
    const auto life = lease(db, last_life_, self, lease_until);
    std::vector<std::string> ids;
    db.select<std::string>(
        R"sql(select id from runs
              where owner in (select id from lives
                              where id <> :self and (lease_until <= :now or host = :host))
              order by created_at, id limit :limit {skip_locked})sql",
        with(life, now, self.host, limit), [&](std::string&& id) { ids.push_back(std::move(id)); });
    std::vector<OwnedRun> owned;
    owned.reserve(ids.size());
    for (const auto& id : ids) {
      const auto token = take_over(db, id, life);
      // One run that cannot be read must not keep the others from being recovered.
      try {
        if (auto run = load_run(db, manifests_, id)) owned.push_back({std::move(*run), token});
      } catch (const Unreadable& error) {
        base::log::error("run cannot be recovered", {{"run", id}, {"error", error.what()}});
      }
    }
    if (ids.size() < limit) forget_dead_lives(db, now);
    return owned;
  });
}

Result<OwnedRun> SociStore::claim_run(const base::RunId& run, const HostLife& self, Time now, Time lease_until) {
  return write_as<OwnedRun>([&](Session& db) -> Result<OwnedRun> {
    bool exists = false;
    bool elsewhere = false;
    // First its row, then who has it: otherwise another host could take it over in between.
    db.select<std::string>(R"sql(select id from runs where id = :id {for_update})sql", with(run),
                           [&](std::string&&) { exists = true; });
    if (!exists) return base::not_found("run.not_found", "There is no run " + run.value + ".");
    db.select<std::string, long long>(
        R"sql(select l.host, l.lease_until from runs r join lives l on l.id = r.owner where r.id = :id)sql", with(run),
        [&](std::string&& host, long long until) { elsewhere = host != self.host && until > base::to_millis(now); });
    if (elsewhere)
      return base::Error{base::ErrorKind::kConflict,
                         "store.owned_elsewhere",
                         "Another host is carrying run " + run.value + " on.",
                         "Send the command again; the other host answers it.",
                         {},
                         {}};
    const auto life = lease(db, last_life_, self, lease_until);
    const auto token = take_over(db, run.value, life);
    return OwnedRun{*load_run(db, manifests_, run.value), token};
  });
}

Result<void> SociStore::renew_leases(const HostLife& self, Time lease_until) {
  return write_as<void>([&](Session& db) -> Result<void> {
    static_cast<void>(lease(db, last_life_, self, lease_until));
    return {};
  });
}

Result<void> SociStore::release_runs(const HostLife& self) {
  return write_as<void>([&](Session& db) -> Result<void> {
    static_cast<void>(lease(db, last_life_, self, Time{}));
    if (const char* tell = dialect_->tell_hosts(); tell != nullptr) db.run(tell);
    return {};
  });
}

}  // namespace tenantry::store
