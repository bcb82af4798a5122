#include <map>
#include <thread>

#include "base/log.hpp"
#include "tables/run_rows.hpp"
#include "tables/soci_store.hpp"

// Who carries which run on.
namespace tenantry::tables {
namespace {

constexpr base::Millis kAskFor{10'000};
constexpr base::Millis kBetweenTries{100};

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

// Of a life that has ended, whoever asks first and however many of its runs were taken over before.
std::size_t suspects_of(Session& db, std::int64_t life) {
  db.run(R"sql(update lives
               set suspects = (select count(*) from runs r join steps s on s.run = r.id
                               where r.owner = :id and s.in_flight <> 0)
               where id = :id and suspects = 0)sql",
         life);
  std::size_t found = 0;
  db.select<long long>(R"sql(select suspects from lives where id = :id)sql", with(life),
                       [&](long long suspects) { found = static_cast<std::size_t>(suspects); });
  return found;
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
    std::vector<std::pair<std::string, std::int64_t>> ids;
    std::map<std::int64_t, std::size_t> suspects;  // by owner; in order, so that two who claim do not block each other
    db.select<std::string, long long>(
        R"sql(select id, owner from runs
              where owner in (select id from lives
                              where id <> :self and (lease_until <= :now or host = :host))
              order by created_at, id limit :limit {skip_locked})sql",
        with(life, now, self.host, limit), [&](std::string&& id, long long owner) {
          ids.emplace_back(std::move(id), owner);
          suspects[owner] = 0;
        });
    for (auto& [owner, count] : suspects) count = suspects_of(db, owner);
    std::vector<OwnedRun> owned;
    owned.reserve(ids.size());
    for (const auto& [id, owner] : ids) {
      const auto token = take_over(db, id, life);
      // One run that cannot be read must not keep the others from being recovered.
      try {
        if (auto run = load_run(db, manifests_, id)) owned.push_back({std::move(*run), token, suspects[owner]});
      } catch (const Unreadable& error) {
        base::log::error("run cannot be recovered", {{"run", id}, {"error", error.what()}});
      }
    }
    if (ids.size() < limit)
      forget_dead_lives(db, now);
    else if (const char* tell = dialect_->tell(Told::kReleased); tell != nullptr)
      db.run(tell);  // there may be more, for others too
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
    std::int64_t owner = 0;
    db.select<std::string, long long, long long>(
        R"sql(select l.host, l.lease_until, l.id from runs r join lives l on l.id = r.owner where r.id = :id)sql",
        with(run), [&](std::string&& host, long long until, long long life) {
          elsewhere = host != self.host && until > base::to_millis(now);
          owner = life;
        });
    if (elsewhere)
      return base::Error{base::ErrorKind::kConflict,
                         "store.owned_elsewhere",
                         "Another host is carrying run " + run.value + " on.",
                         "Send the command again; the other host answers it.",
                         {},
                         {}};
    const auto life = lease(db, last_life_, self, lease_until);
    const auto suspects = owner == 0 || owner == life ? 0 : suspects_of(db, owner);
    const auto token = take_over(db, run.value, life);
    return OwnedRun{*load_run(db, manifests_, run.value), token, suspects};
  });
}

Result<void> SociStore::renew_leases(const HostLife& self, Time lease_until) {
  auto renewed = write_as<void>([&](Session& db) -> Result<void> {
    static_cast<void>(lease(db, last_life_, self, lease_until));
    return {};
  });
  if (renewed.has_value() && clock_ != nullptr) read_time();
  return renewed;
}

Result<void> SociStore::keep_time(base::SteadyClock& clock) {
  if (dialect_->read_clock() == nullptr) return {};
  // Nothing may be done by a clock that could be an hour off: a late answer is better than none here.
  for (const auto end = clock.now() + kAskFor;; std::this_thread::sleep_for(kBetweenTries)) {
    const auto read = read_one_as<Time>([&](Session& db) {
      Time now{};
      db.select<long long>(dialect_->read_clock(), with(), [&](long long millis) { now = base::from_millis(millis); });
      return now;
    });
    if (read.has_error() && clock.now() < end) continue;
    if (read.has_error()) return read.error();
    clock.set(*read);
    clock_ = &clock;
    return {};
  }
}

// Late by as long as the answer took: then this host takes over a little later, and its own lease ends a little sooner.
void SociStore::read_time() {
  static constexpr base::Millis kSlowest{1'000};
  static constexpr base::Millis kAlike{50};
  const auto asked = clock_->now();
  const auto read = read_one_as<Time>([&](Session& db) {
    Time now{};
    db.select<long long>(dialect_->read_clock(), with(), [&](long long millis) { now = base::from_millis(millis); });
    return now;
  });
  const auto here = clock_->now();
  if (!read.has_value() || here - asked > kSlowest || (*read <= here + kAlike && here <= *read + kAlike)) return;
  base::log::info("clock set to the database's", {{"by_ms", (*read - here).count()}});
  clock_->set(*read);
}

Result<void> SociStore::release_runs(const HostLife& self) {
  return write_as<void>([&](Session& db) -> Result<void> {
    static constexpr std::int64_t kNobodysFault = 1'000'000;
    const auto life = lease(db, last_life_, self, Time{});
    db.run(R"sql(update lives set suspects = :suspects where id = :id)sql", kNobodysFault, life);
    if (const char* tell = dialect_->tell(Told::kReleased); tell != nullptr) db.run(tell);
    return {};
  });
}

}  // namespace tenantry::tables
