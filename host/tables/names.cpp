#include "tables/run_rows.hpp"
#include "tables/soci_store.hpp"

// What several hosts on one store share: names, and how many they are.
namespace tenantry::tables {

Result<bool> SociStore::take_name(const std::string& name, const HostLife& self, Time now, Time lease_until) {
  if (!is_shared()) return true;
  return write_as<bool>([&](Session& db) {
    const auto life = lease(db, last_life_, self, lease_until);
    const bool taken = db.run(R"sql(insert into held_names (name, life, wanted) values (:name, :life, 0)
                     on conflict (name) do update set life = excluded.life, wanted = 0
                     where held_names.life = excluded.life
                        or not exists (select 1 from lives l where l.id = held_names.life and l.lease_until > :now))sql",
                              name, life, now) != 0;
    if (!taken) db.run(R"sql(update held_names set wanted = 1 where name = :name and wanted = 0)sql", name);
    return taken;
  });
}

Result<std::vector<std::string>> SociStore::free_names(std::span<const std::string> names, const HostLife& self,
                                                       Time lease_until) {
  if (!is_shared()) return std::vector<std::string>();
  return write_as<std::vector<std::string>>([&](Session& db) {
    const auto life = lease(db, last_life_, self, lease_until);
    std::vector<std::string> asked_for;
    for (const auto& name : names)
      db.select<long long>(R"sql(delete from held_names where name = :name and life = :life returning wanted)sql",
                           with(name, life), [&](long long wanted) {
                             if (wanted != 0) asked_for.push_back(name);
                           });
    if (const char* tell = dialect_->tell(Told::kFreed); tell != nullptr && !asked_for.empty()) db.run(tell);
    return asked_for;
  });
}

Result<int> SociStore::living_hosts(Time now) {
  if (!is_shared()) return 1;
  return read_one_as<int>([&](Session& db) {
    int hosts = 0;
    db.select<long long>(R"sql(select count(distinct host) from lives where lease_until > :now)sql", with(now),
                         [&](long long count) { hosts = static_cast<int>(count); });
    return hosts;
  });
}

}  // namespace tenantry::tables
