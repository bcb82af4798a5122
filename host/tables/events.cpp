#include <algorithm>

#include "tables/soci_store.hpp"

// Reading what was appended, by run and over all runs.
namespace tenantry::tables {
namespace {

constexpr std::size_t kWindow = 2'000;  // rows that are looked at for an account at a time

// The columns are the same everywhere: id, run, tenant, number, step, type, data, at, shown.
template <class... In>
void select_events(Session& db, const char* sql, const std::tuple<In...>& in, std::vector<StoredEvent>& found) {
  db.select<long long, std::string, std::string, long long, std::string, std::string, std::string, long long,
            std::string>(
      sql, in,
      [&](long long id, std::string&& run, std::string&& tenant, long long number, std::string&& step,
          std::string&& type, std::string&& data, long long at, std::string&& shown) {
        found.push_back(
            {id,
             base::RunId(std::move(run)),
             base::TenantId(std::move(tenant)),
             {number, std::move(step), std::move(type), std::move(data), base::from_millis(at), std::move(shown)}});
      });
}

// `gap`: there is one, and whoever may fill it has to be known.
OpenWriters open_writers(Session& db, const Dialect& dialect, bool gap) {
  OpenWriters writers;
  if (const char* sql = dialect.oldest_writer(); sql != nullptr)
    db.select<long long>(sql, with(), [&](long long oldest) { writers.oldest = oldest; });
  if (const char* sql = dialect.next_writer(); sql != nullptr && gap)
    db.select<long long>(sql, with(), [&](long long next) { writers.next = next; });
  return writers;
}

// The plus keeps the planner from walking through everybody's events by id to find those of one run.
constexpr const char* kOfRun = R"sql(
    select e.id, e.run, r.tenant, e.number, e.step, e.type, e.data, e.at, e.shown
    from events e join runs r on r.id = e.run
    where e.run = :run and +e.id > :after and +e.id <= :upto
    order by e.number limit :limit)sql";
constexpr const char* kOfTenant = R"sql(
    select e.id, e.run, r.tenant, e.number, e.step, e.type, e.data, e.at, e.shown
    from runs r join events e on e.run = r.id
    where r.tenant = :tenant and +e.id > :after and +e.id <= :upto
    order by +e.id limit :limit)sql";
constexpr const char* kOfMember = R"sql(
    select e.id, e.run, r.tenant, e.number, e.step, e.type, e.data, e.at, e.shown
    from events e join runs r on r.id = e.run join members m on m.tenant = r.tenant and m.account = :account
    where e.id > :after and e.id <= :upto
    order by e.id limit :limit)sql";
constexpr const char* kOfAll = R"sql(
    select e.id, e.run, r.tenant, e.number, e.step, e.type, e.data, e.at, e.shown
    from events e join runs r on r.id = e.run
    where e.id > :after and e.id <= :upto
    order by e.id limit :limit)sql";
constexpr const char* kBeyond = R"sql(
    select e.id, e.run, r.tenant, e.number, e.step, e.type, e.data, e.at, e.shown
    from events e join runs r on r.id = e.run
    where e.id > :after
    order by e.id limit :limit)sql";

std::int64_t window_end(Session& db, std::int64_t after, std::int64_t upto) {
  std::int64_t end = upto;
  db.select<long long>(
      R"sql(select id from events where id > :after and id <= :upto order by id limit 1 offset :window)sql",
      with(after, upto, kWindow), [&](long long id) { end = id; });
  return end;
}

}  // namespace

Result<EventLook> SociStore::look_at_events(std::int64_t after, std::size_t limit) {
  return read_as<EventLook>([&](Session& db) {
    EventLook look;
    select_events(db, kBeyond, with(after, limit), look.events);
    const auto& found = look.events;
    const bool gap = !found.empty() && found.back().id != after + static_cast<std::int64_t>(found.size());
    look.writers = open_writers(db, *dialect_, gap);
    return look;
  });
}

Result<EventRange> SociStore::event_range() {
  return read_as<EventRange>([&](Session& db) {
    EventRange range;
    db.select<std::optional<long long>, std::optional<long long>, std::optional<long long>>(
        R"sql(select (select min(id) from events), (select max(id) from events),
                     (select upto from trims where list = 'events'))sql",
        with(), [&](std::optional<long long> oldest, std::optional<long long> newest, std::optional<long long> upto) {
          range.oldest = oldest ? std::max(*oldest, upto.value_or(0) + 1) : 0;
          range.newest = newest.value_or(0);
        });
    range.writers = open_writers(db, *dialect_, true);
    return range;
  });
}

Result<EventPage> SociStore::events(const EventTopic& topic, std::int64_t after, std::int64_t upto, std::size_t limit) {
  return read_as<EventPage>([&](Session& db) {
    EventPage page;
    page.covered = upto;
    if (!topic.run.empty()) {
      select_events(db, kOfRun, with(topic.run, after, upto, limit), page.events);
    } else if (!topic.tenant.empty()) {
      select_events(db, kOfTenant, with(topic.tenant, after, upto, limit), page.events);
    } else if (!topic.member.empty()) {
      page.covered = window_end(db, after, upto);
      select_events(db, kOfMember, with(topic.member, after, page.covered, limit), page.events);
    } else {
      select_events(db, kOfAll, with(after, upto, limit), page.events);
    }
    if (page.events.size() >= limit && limit > 0) page.covered = page.events.back().id;
    return page;
  });
}

Result<std::vector<StoredEvent>> SociStore::run_events(const base::RunId& run, std::int64_t after, std::size_t limit) {
  return read_as<std::vector<StoredEvent>>([&](Session& db) {
    std::vector<StoredEvent> found;
    select_events(db, R"sql(select e.id, e.run, r.tenant, e.number, e.step, e.type, e.data, e.at, e.shown
                            from events e join runs r on r.id = e.run
                            where e.run = :run and e.number > :after order by e.number limit :limit)sql",
                  with(run, after, limit), found);
    return found;
  });
}

Result<std::vector<StoredEvent>> SociStore::tenant_events(const base::TenantId& tenant, std::size_t limit) {
  return read_as<std::vector<StoredEvent>>([&](Session& db) {
    std::vector<std::string> runs;
    db.select<std::string>(R"sql(select id from runs where tenant = :tenant)sql", with(tenant),
                           [&](std::string&& id) { runs.push_back(std::move(id)); });
    // Run by run, so that a long history costs no more than `limit` rows of each.
    std::vector<StoredEvent> found;
    for (const auto& run : runs) {
      select_events(db, R"sql(select e.id, e.run, r.tenant, e.number, e.step, e.type, e.data, e.at, e.shown
                              from events e join runs r on r.id = e.run
                              where e.run = :run order by e.number desc limit :limit)sql",
                    with(run, limit), found);
      std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.id > b.id; });
      if (found.size() > limit) found.resize(limit);
    }
    std::reverse(found.begin(), found.end());
    return found;
  });
}

}  // namespace tenantry::tables
