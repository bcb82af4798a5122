#include "tables/soci_store.hpp"

// Deleting what is old.
namespace tenantry::tables {
namespace {

struct OldRun {
  std::string id;
  std::int64_t completed_at = 0;
  bool superseded = false;  // its tenant has a newer one, or was removed
};

void note_trim(Session& db, std::int64_t upto) {
  db.run(R"sql(insert into trims (list, upto) values ('events', :upto)
               on conflict (list) do update set upto = excluded.upto where trims.upto < excluded.upto)sql",
         upto);
}

std::string newest_event_run(Session& db) {
  std::string run;
  db.select<std::string>(R"sql(select run from events where id = (select max(id) from events))sql", with(),
                         [&](std::string&& id) { run = std::move(id); });
  return run;
}

// Nobody may be about to wake it; a run that another host has in hand is left for the next time.
bool take_finished(Session& db, const std::string& run) {
  bool taken = false;
  db.select<std::string>(R"sql(select id from runs where id = :run and owner is null {skip_locked})sql", with(run),
                         [&](std::string&&) { taken = true; });
  return taken;
}

// At most `most` of its events, the oldest first. Gives how many.
std::int64_t delete_events(Session& db, const std::string& run, std::size_t most) {
  std::vector<long long> ids;
  db.select<long long>(R"sql(select id from events where run = :run order by number limit :most)sql", with(run, most),
                       [&](long long id) { ids.push_back(id); });
  if (ids.empty()) return 0;
  // In one run ids grow with the numbers.
  note_trim(db, ids.back());
  return db.run(R"sql(delete from events where run = :run and id <= :last)sql", run, ids.back());
}

std::int64_t delete_run(Session& db, const std::string& run) {
  std::int64_t rows = 0;
  rows += db.run(R"sql(delete from operations where run = :run)sql", run);
  rows += db.run(R"sql(delete from handed_commands where run = :run)sql", run);
  rows += db.run(R"sql(delete from attempts where run = :run)sql", run);
  rows += db.run(R"sql(delete from steps where run = :run)sql", run);
  rows += db.run(R"sql(delete from run_documents where run = :run)sql", run);
  rows += db.run(R"sql(delete from runs where id = :run)sql", run);
  return rows;
}

std::vector<OldRun> old_runs(Session& db, Time before, const PrunePlace& from, std::size_t most) {
  std::vector<OldRun> found;
  db.select<std::string, long long, long long>(
      R"sql(select r.id, r.completed_at,
                   case when exists (select 1 from runs n where n.tenant = r.tenant
                                       and (n.created_at, n.id) > (r.created_at, r.id))
                          or (select t.removed_at from tenants t where t.id = r.tenant) <> 0
                        then 1 else 0 end
            from runs r
            where r.owner is null and (r.completed_at, r.id) > (:finished_at, :run) and r.completed_at < :before
            order by r.completed_at, r.id limit :most)sql",
      with(from.finished_at, from.run, before, most),
      [&](std::string&& id, long long completed_at, long long superseded) {
        found.push_back({std::move(id), completed_at, superseded != 0});
      });
  return found;
}

}  // namespace

Result<bool> SociStore::is_eldest(const HostLife& self, Time now) {
  return read_as<bool>([&](Session& db) {
    bool eldest = false;
    db.select<std::string>(R"sql(select host from lives where lease_until > :now order by id limit 1)sql", with(now),
                           [&](const std::string& host) { eldest = host == self.host; });
    return eldest;
  });
}

Result<Pruned> SociStore::prune_events(Time before, PrunePlace& from, std::size_t most, Prune how) {
  const auto after = from.number;
  auto last = after;
  const auto look = [&](Session& db) {
    Pruned pruned;
    std::size_t seen = 0;
    bool old = true;
    last = after;
    db.select<long long, long long>(
        R"sql(select id, at from events where id > :after and id < (select max(id) from events)
              order by id limit :most)sql",
        with(after, most), [&](long long id, long long at) {
          ++seen;
          old = old && at < base::to_millis(before);
          if (!old) return;
          last = id;
          ++pruned.count;
        });
    pruned.more = old && seen == most;
    return pruned;
  };
  auto pruned = how == Prune::kRehearse ? read_as<Pruned>(look) : write_as<Pruned>([&](Session& db) {
    const auto found = look(db);
    if (found.count == 0) return found;
    note_trim(db, last);
    db.run(R"sql(delete from events where id > :after and id <= :last)sql", after, last);
    return found;
  });
  if (pruned.has_value()) from.number = last;
  return pruned;
}

Result<Pruned> SociStore::prune_runs(Time before, PrunePlace& from, std::size_t most, Prune how) {
  const auto begin = from;
  auto place = from;
  const auto rehearse = [&](Session& db) {
    Pruned pruned;
    const auto newest = newest_event_run(db);
    place = begin;
    const auto found = old_runs(db, before, begin, most);
    for (const auto& run : found) {
      place.finished_at = base::from_millis(run.completed_at);
      place.run = run.id;
      if (run.superseded && run.id != newest) ++pruned.count;
    }
    pruned.more = found.size() == most;
    return pruned;
  };
  const auto prune = [&](Session& db) {
    Pruned pruned;
    const auto newest = newest_event_run(db);
    place = begin;
    std::size_t rows = 0;
    const auto found = old_runs(db, before, begin, most);
    pruned.more = found.size() == most;
    for (const auto& run : found) {
      if (run.superseded && run.id != newest && take_finished(db, run.id)) {
        rows += static_cast<std::size_t>(delete_events(db, run.id, most));
        // A long history goes in several helpings, the run itself with the last of them.
        if (rows >= most) return pruned.more = true, pruned;
        rows += static_cast<std::size_t>(delete_run(db, run.id));
        ++pruned.count;
      }
      place.finished_at = base::from_millis(run.completed_at);
      place.run = run.id;
      if (rows >= most) return pruned.more = true, pruned;
    }
    return pruned;
  };
  auto pruned = how == Prune::kRehearse ? read_as<Pruned>(rehearse) : write_as<Pruned>(prune);
  if (pruned.has_value()) from = place;
  return pruned;
}

Result<Pruned> SociStore::prune_deliveries(Time before, PrunePlace& from, std::size_t most, Prune how) {
  const auto after = from.number;
  auto last = after;
  std::vector<long long> ids;
  const auto look = [&](Session& db) {
    Pruned pruned;
    std::size_t seen = 0;
    bool old = true;
    last = after;
    ids.clear();
    db.select<long long, long long, long long>(
        R"sql(select id, created_at, due_at from deliveries
              where id > :after and id < (select max(id) from deliveries) order by id limit :most)sql",
        with(after, most), [&](long long id, long long created_at, long long due_at) {
          ++seen;
          old = old && created_at < base::to_millis(before);
          if (!old) return;
          last = id;
          if (due_at < base::to_millis(before)) ids.push_back(id);
        });
    pruned.count = static_cast<std::int64_t>(ids.size());
    pruned.more = old && seen == most;
    return pruned;
  };
  auto pruned = how == Prune::kRehearse ? read_as<Pruned>(look) : write_as<Pruned>([&](Session& db) {
    const auto found = look(db);
    for (const auto id : ids) {
      db.run(R"sql(delete from delivery_attempts where delivery = :id)sql", id);
      db.run(R"sql(delete from deliveries where id = :id)sql", id);
    }
    return found;
  });
  if (pruned.has_value()) from.number = last;
  return pruned;
}

Result<Pruned> SociStore::prune_batches(Time before, PrunePlace& from, std::size_t most, Prune how) {
  const auto begin = from;
  auto place = from;
  const auto prune = [&](Session& db) {
    Pruned pruned;
    place = begin;
    std::vector<std::pair<std::string, long long>> found;
    db.select<std::string, long long>(
        R"sql(select id, finished_at from batches
              where finished_at <> 0 and (finished_at, id) > (:finished_at, :id) and finished_at < :before
              order by finished_at, id limit :most)sql",
        with(begin.finished_at, begin.run, before, most),
        [&](std::string&& id, long long finished_at) { found.emplace_back(std::move(id), finished_at); });
    pruned.more = found.size() == most;
    std::size_t rows = 0;
    for (const auto& [id, finished_at] : found) {
      if (how == Prune::kDelete) {
        std::int64_t last = 0;
        db.select<long long>(R"sql(select number from batch_items where batch = :id order by number limit :most)sql",
                             with(id, most), [&](long long number) { last = number; });
        rows += static_cast<std::size_t>(
            db.run(R"sql(delete from batch_items where batch = :id and number <= :last)sql", id, last));
        if (rows >= most) return pruned.more = true, pruned;
        rows += static_cast<std::size_t>(db.run(R"sql(delete from batches where id = :id)sql", id));
      }
      ++pruned.count;
      place.finished_at = base::from_millis(finished_at);
      place.run = id;
    }
    return pruned;
  };
  auto pruned = how == Prune::kRehearse ? read_as<Pruned>(prune) : write_as<Pruned>(prune);
  if (pruned.has_value()) from = place;
  return pruned;
}

// What a run is about to be pinned to is locked by whoever makes that run.
Result<std::int64_t> SociStore::prune_manifests() {
  return write_as<std::int64_t>([&](Session& db) {
    std::vector<std::string> unused;
    db.select<std::string>(R"sql(select m.digest from manifests m
                                 where not exists (select 1 from run_documents d where d.manifest = m.digest)
                                 {skip_locked})sql",
                           with(), [&](std::string&& digest) { unused.push_back(std::move(digest)); });
    std::int64_t count = 0;
    for (const auto& digest : unused) count += db.run(R"sql(delete from manifests where digest = :digest)sql", digest);
    return count;
  });
}

}  // namespace tenantry::tables
