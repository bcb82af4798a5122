#include "tables/soci_store.hpp"
#include "tables/words.hpp"

// What was commanded, and how long things took.
namespace tenantry::tables {
namespace {

// The columns are the same in all lists; names are looked up for the rows of the page only.
constexpr const char* kAll = R"sql(
    select o.id, o.tenant, t.name, o.run, o.verb, o.step, o.actor, coalesce(a.email, ''), o.reason, o.scope, o.created_at
    from (select * from operations order by created_at desc, id desc limit :limit offset :skip) o
    join tenants t on t.id = o.tenant
    left join accounts a on a.id = o.actor
    order by o.created_at desc, o.id desc)sql";
constexpr const char* kOfMember = R"sql(
    select o.id, o.tenant, t.name, o.run, o.verb, o.step, o.actor, coalesce(a.email, ''), o.reason, o.scope, o.created_at
    from (select n.* from members m join operations n on n.tenant = m.tenant where m.account = :account
          order by n.created_at desc, n.id desc limit :limit offset :skip) o
    join tenants t on t.id = o.tenant
    left join accounts a on a.id = o.actor
    order by o.created_at desc, o.id desc)sql";
constexpr const char* kOfTenant = R"sql(
    select o.id, o.tenant, t.name, o.run, o.verb, o.step, o.actor, coalesce(a.email, ''), o.reason, o.scope, o.created_at
    from (select * from operations where tenant = :tenant
          order by created_at desc, id desc limit :limit offset :skip) o
    join tenants t on t.id = o.tenant
    left join accounts a on a.id = o.actor
    order by o.created_at desc, o.id desc)sql";

template <class... In>
void select_summaries(Session& db, const char* sql, const std::tuple<In...>& in,
                      std::vector<model::OperationSummary>& found) {
  db.select<std::string, std::string, std::string, std::string, std::string, std::string, std::string, std::string,
            std::string, std::string, long long>(
      sql, in,
      [&](std::string&& id, std::string&& tenant, std::string&& tenant_name, std::string&& run, const std::string& verb,
          std::string&& step, std::string&& actor, std::string&& actor_email, std::string&& reason, std::string&& scope,
          long long created_at) {
        found.push_back({{base::OperationId(std::move(id)), base::TenantId(std::move(tenant)),
                          base::RunId(std::move(run)), known(model::verb(verb), verb), std::move(step),
                          std::move(actor), std::move(reason), std::move(scope), base::from_millis(created_at)},
                         std::move(tenant_name),
                         std::move(actor_email)});
      });
}

}  // namespace

Result<std::optional<model::Operation>> SociStore::operation(const base::OperationId& operation) {
  return read_one_as<std::optional<model::Operation>>([&](Session& db) {
    std::optional<model::Operation> found;
    db.select<std::string, std::string, std::string, std::string, std::string, std::string, std::string, long long>(
        R"sql(select tenant, run, verb, step, actor, reason, scope, created_at from operations where id = :id)sql",
        with(operation),
        [&](std::string&& tenant, std::string&& run, const std::string& verb, std::string&& step, std::string&& actor,
            std::string&& reason, std::string&& scope, long long created_at) {
          found = model::Operation{operation,
                                   base::TenantId(std::move(tenant)),
                                   base::RunId(std::move(run)),
                                   known(model::verb(verb), verb),
                                   std::move(step),
                                   std::move(actor),
                                   std::move(reason),
                                   std::move(scope),
                                   base::from_millis(created_at)};
        });
    return found;
  });
}

// Ids of runs grow with time.
Result<std::vector<std::pair<std::size_t, base::Millis>>> SociStore::usual_durations(const std::string& digest,
                                                                                     std::size_t runs) {
  return read_one_as<std::vector<std::pair<std::size_t, base::Millis>>>([&](Session& db) {
    std::vector<std::pair<std::size_t, base::Millis>> found;
    db.select<long long, long long>(
        R"sql(select a.step, cast(avg(a.ended_at - a.started_at) as bigint)
              from (select d.run from run_documents d where d.manifest = :digest order by d.run desc limit :runs) n
              cross join attempts a
              where a.run = n.run and a.op = 'run' and a.outcome = 'done'
              group by a.step order by a.step)sql",
        with(digest, runs), [&](long long step, long long millis) {
          found.emplace_back(static_cast<std::size_t>(step), base::Millis{millis});
        });
    return found;
  });
}

Result<std::vector<model::OperationSummary>> SociStore::operations(const model::OperationQuery& query) {
  return read_one_as<std::vector<model::OperationSummary>>([&](Session& db) {
    std::vector<model::OperationSummary> found;
    if (!query.tenant.empty())
      select_summaries(db, kOfTenant, with(query.tenant, query.limit, query.skip), found);
    else if (query.member)
      select_summaries(db, kOfMember, with(*query.member, query.limit, query.skip), found);
    else
      select_summaries(db, kAll, with(query.limit, query.skip), found);
    return found;
  });
}

}  // namespace tenantry::tables
