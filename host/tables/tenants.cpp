#include "base/text.hpp"
#include "tables/run_rows.hpp"
#include "tables/soci_store.hpp"
#include "tables/words.hpp"

// Tenants, who belongs to them, and their sealed secrets.
namespace tenantry::tables {
namespace {

// The parameters and the columns are the same in both lists; the newest run is found once for each row.
constexpr const char* kAll = R"sql(
    select t.id, t.owner, t.name, t.engine, t.server, t.country_code, t.admin_name, t.admin_email, t.category,
           t.description, t.labels, t.created_at, t.removed_at, r.id, r.state,
           (select count(*) from steps s where s.run = r.id and s.state in ('completed', 'exists', 'skipped')),
           (select count(*) from steps s where s.run = r.id),
           (select s.id from steps s where s.run = r.id and s.state not in ('completed', 'exists', 'skipped')
            order by s.step limit 1)
    from tenants t
    left join runs r on r.id = (select n.id from runs n where n.tenant = t.id
                                order by n.created_at desc, n.id desc limit 1)
    where (:states = '' or :states like '%,' || coalesce(r.state, 'none') || ',%')
      and (:engine = '' or t.engine = :engine)
      and t.removed_at = 0
      and (:text = '' or lower(t.name) like :text escape '!')
    order by t.created_at desc, t.id desc
    limit :limit offset :skip)sql";
constexpr const char* kOfMember = R"sql(
    select t.id, t.owner, t.name, t.engine, t.server, t.country_code, t.admin_name, t.admin_email, t.category,
           t.description, t.labels, t.created_at, t.removed_at, r.id, r.state,
           (select count(*) from steps s where s.run = r.id and s.state in ('completed', 'exists', 'skipped')),
           (select count(*) from steps s where s.run = r.id),
           (select s.id from steps s where s.run = r.id and s.state not in ('completed', 'exists', 'skipped')
            order by s.step limit 1)
    from members m
    join tenants t on t.id = m.tenant
    left join runs r on r.id = (select n.id from runs n where n.tenant = t.id
                                order by n.created_at desc, n.id desc limit 1)
    where (:states = '' or :states like '%,' || coalesce(r.state, 'none') || ',%')
      and (:engine = '' or t.engine = :engine)
      and t.removed_at = 0
      and (:text = '' or lower(t.name) like :text escape '!')
      and m.account = :account
    order by t.created_at desc, t.id desc
    limit :limit offset :skip)sql";
constexpr const char* kOne = R"sql(
    select t.id, t.owner, t.name, t.engine, t.server, t.country_code, t.admin_name, t.admin_email, t.category,
           t.description, t.labels, t.created_at, t.removed_at, r.id, r.state,
           (select count(*) from steps s where s.run = r.id and s.state in ('completed', 'exists', 'skipped')),
           (select count(*) from steps s where s.run = r.id),
           (select s.id from steps s where s.run = r.id and s.state not in ('completed', 'exists', 'skipped')
            order by s.step limit 1)
    from tenants t
    left join runs r on r.id = (select n.id from runs n where n.tenant = t.id
                                order by n.created_at desc, n.id desc limit 1)
    where t.id = :tenant)sql";

template <class... In>
void select_summaries(Session& db, const char* sql, const std::tuple<In...>& in,
                      std::vector<model::TenantSummary>& found) {
  db.select<std::string, std::string, std::string, std::string, std::string, std::string, std::string, std::string,
            std::string, std::string, std::string, long long, long long, std::optional<std::string>,
            std::optional<std::string>, long long, long long, std::optional<std::string>>(
      sql, in,
      [&](std::string&& id, std::string&& owner, std::string&& name, std::string&& engine, std::string&& server,
          std::string&& country_code, std::string&& admin_name, std::string&& admin_email, std::string&& category,
          std::string&& description, std::string&& labels, long long created_at, long long removed_at,
          std::optional<std::string>&& run, std::optional<std::string>&& state, long long steps_completed,
          long long total_steps, std::optional<std::string>&& current_step) {
        auto& summary = found.emplace_back();
        summary.tenant = {base::TenantId(std::move(id)),
                          base::AccountId(std::move(owner)),
                          std::move(name),
                          base::EngineId(std::move(engine)),
                          base::ServerId(std::move(server)),
                          std::move(country_code),
                          std::move(admin_name),
                          std::move(admin_email),
                          std::move(category),
                          std::move(description),
                          std::move(labels),
                          base::from_millis(created_at),
                          base::from_millis(removed_at)};
        if (run) summary.run = base::RunId(std::move(*run));
        if (state) summary.state = known(model::run_state(*state), *state);
        summary.steps_completed = steps_completed;
        summary.total_steps = total_steps;
        summary.current_step = std::move(current_step);
      });
}

// The states behind a public status, as ",queued,running,"; empty: any.
std::string states_of(const std::string& status) {
  if (status.empty()) return {};
  std::string states = status == "NOT_STARTED" ? ",none," : ",";
  for (const auto& row : model::kRunStates)
    if (row.status == status) states.append(row.word).append(",");
  return states;
}

// What `like ... escape '!'` finds anywhere in a lower-case text; empty: anything.
std::string pattern_of(const std::string& text) {
  if (text.empty()) return {};
  std::string pattern = "%";
  for (const char c : base::lower(text)) {
    if (c == '%' || c == '_' || c == '!') pattern += '!';
    pattern += c;
  }
  return pattern + "%";
}

void write_secret(Session& db, const base::TenantId& tenant, const store::Store::SealedSecret& secret) {
  db.run(R"sql(insert into tenant_secrets (tenant, name, sealed) values (:tenant, :name, to_bytes(:sealed))
               on conflict (tenant, name) do update set sealed = excluded.sealed)sql",
         tenant, secret.name, Bytes{secret.sealed});
}

}  // namespace

Result<void> SociStore::create_tenant(const model::Tenant& tenant, std::span<const SealedSecret> secrets) {
  return write_as<void>([&](Session& db) -> Result<void> {
    const auto made = db.run(
        R"sql(insert into tenants (id, owner, name, engine, server, country_code, admin_name, admin_email, category,
                                   description, labels, created_at)
              values (:id, :owner, :name, :engine, :server, :country_code, :admin_name, :admin_email, :category,
                      :description, :labels, :created_at)
              on conflict (owner, name) do nothing)sql",
        tenant.id, tenant.owner, tenant.name, tenant.engine, tenant.server, tenant.country_code, tenant.admin_name,
        tenant.admin_email, tenant.category, tenant.description, tenant.labels, tenant.created_at);
    if (made == 0)
      return base::Error{base::ErrorKind::kConflict,
                         "tenant.exists",
                         "You already have a tenant named " + tenant.name + ".",
                         "Choose another name.",
                         {},
                         {}};
    db.run(R"sql(insert into members (account, tenant, role) values (:account, :tenant, :role))sql", tenant.owner,
           tenant.id, word(model::TenantRole::kOwner));
    for (const auto& secret : secrets) write_secret(db, tenant.id, secret);
    return {};
  });
}

Result<std::optional<model::TenantSummary>> SociStore::tenant(const base::TenantId& tenant) {
  return read_one_as<std::optional<model::TenantSummary>>([&](Session& db) -> std::optional<model::TenantSummary> {
    std::vector<model::TenantSummary> found;
    select_summaries(db, kOne, with(tenant), found);
    if (found.empty()) return std::nullopt;
    return std::move(found.front());
  });
}

void remove_tenant_rows(Session& db, const base::TenantId& tenant, Time now) {
  db.run(R"sql(update tenants set removed_at = :now, name = name || ' (' || id || ')'
               where id = :tenant and removed_at = 0)sql",
         now, tenant);
  db.run(R"sql(delete from tenant_secrets where tenant = :tenant)sql", tenant);
}

Result<void> SociStore::remove_tenant(const base::TenantId& tenant, Time now) {
  return write_as<void>([&](Session& db) -> Result<void> {
    remove_tenant_rows(db, tenant, now);
    return {};
  });
}

Result<std::vector<model::TenantSummary>> SociStore::tenants(const model::TenantQuery& query) {
  return read_one_as<std::vector<model::TenantSummary>>([&](Session& db) {
    std::vector<model::TenantSummary> found;
    const auto states = states_of(query.status);
    const auto text = pattern_of(query.text);
    if (query.member)
      select_summaries(db, kOfMember, with(states, query.engine, text, *query.member, query.limit, query.skip), found);
    else
      select_summaries(db, kAll, with(states, query.engine, text, query.limit, query.skip), found);
    return found;
  });
}

Result<std::int64_t> SociStore::tenants_on(const base::ServerId& server) {
  return read_one_as<std::int64_t>([&](Session& db) {
    std::int64_t count = 0;
    db.select<long long>(R"sql(select count(*) from tenants where server = :server and removed_at = 0)sql",
                         with(server), [&](long long all) { count = all; });
    return count;
  });
}

Result<std::optional<model::TenantRole>> SociStore::role(const base::TenantId& tenant, const base::AccountId& account) {
  return read_one_as<std::optional<model::TenantRole>>([&](Session& db) {
    std::optional<model::TenantRole> found;
    db.select<std::string>(
        R"sql(select role from members where account = :account and tenant = :tenant)sql", with(account, tenant),
        [&](const std::string& role) { found = from_word<model::TenantRole>(model::kTenantRoles, role); });
    return found;
  });
}

Result<void> SociStore::put_secret(const base::TenantId& tenant, const store::Store::SealedSecret& secret) {
  return write_as<void>([&](Session& db) -> Result<void> {
    write_secret(db, tenant, secret);
    return {};
  });
}

Result<std::optional<std::string>> SociStore::secret(const base::TenantId& tenant, const std::string& name) {
  return read_one_as<std::optional<std::string>>([&](Session& db) {
    std::optional<std::string> found;
    db.select<Bytes>(R"sql(select from_bytes(sealed) from tenant_secrets where tenant = :tenant and name = :name)sql",
                     with(tenant, name), [&](Bytes&& sealed) { found = std::move(sealed.value); });
    return found;
  });
}

}  // namespace tenantry::tables
