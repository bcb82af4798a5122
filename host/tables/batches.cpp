#include "tables/soci_store.hpp"

// Commands to many tenants, item by item.
namespace tenantry::tables {
namespace {

template <class... In>
void select_batches(Session& db, const char* sql, const std::tuple<In...>& in, std::vector<Batch>& found) {
  db.select<std::string, std::string, std::string, std::string, long long, long long>(
      sql, in,
      [&](std::string&& id, std::string&& account, std::string&& request, std::string&& host, long long created_at,
          long long finished_at) {
        Batch batch;
        batch.id = std::move(id);
        batch.account = base::AccountId(std::move(account));
        batch.request = std::move(request);
        batch.host = std::move(host);
        batch.created_at = base::from_millis(created_at);
        batch.finished_at = base::from_millis(finished_at);
        found.push_back(std::move(batch));
      });
}

void count_items(Session& db, Batch& batch) {
  db.select<std::string, long long>(
      R"sql(select state, count(*) from batch_items where batch = :batch group by state)sql", with(batch.id),
      [&](const std::string& state, long long count) {
        batch.total += count;
        if (state == "done") batch.done = count;
        if (state == "refused") batch.refused = count;
      });
}

}  // namespace

Result<void> SociStore::create_batch(const Batch& batch, std::span<const BatchItem> items) {
  return write_as<void>([&](Session& db) -> Result<void> {
    db.run(R"sql(insert into batches (id, account, request, host, created_at, finished_at)
                 values (:id, :account, :request, :host, :created_at, :finished_at))sql",
           batch.id, batch.account, batch.request, batch.host, batch.created_at, batch.finished_at);
    for (const auto& item : items)
      db.run(R"sql(insert into batch_items (batch, number, tenant, operation, state, code, message, next_action, at)
                   values (:batch, :number, :tenant, :operation, :state, :code, :message, :next_action, :at))sql",
             batch.id, item.number, item.tenant, item.operation, item.state, item.code, item.message, item.next_action,
             item.at);
    return {};
  });
}

Result<std::optional<Batch>> SociStore::batch(const std::string& id) {
  return read_one_as<std::optional<Batch>>([&](Session& db) -> std::optional<Batch> {
    std::vector<Batch> found;
    select_batches(db, R"sql(select id, account, request, host, created_at, finished_at from batches
                             where id = :id)sql",
                   with(id), found);
    if (found.empty()) return std::nullopt;
    count_items(db, found.front());
    return std::move(found.front());
  });
}

Result<std::vector<BatchItem>> SociStore::batch_items(const std::string& id, const std::string& state,
                                                      std::int64_t after, std::size_t limit) {
  return read_one_as<std::vector<BatchItem>>([&](Session& db) {
    std::vector<BatchItem> found;
    db.select<long long, std::string, std::string, std::string, std::string, std::string, std::string, long long>(
        R"sql(select number, tenant, operation, state, code, message, next_action, at from batch_items
              where batch = :batch and (:state = '' or state = :state) and number > :after
              order by number limit :limit)sql",
        with(id, state, after, limit),
        [&](long long number, std::string&& tenant, std::string&& operation, std::string&& is, std::string&& code,
            std::string&& message, std::string&& next_action, long long at) {
          found.push_back({number, base::TenantId(std::move(tenant)), base::OperationId(std::move(operation)),
                           std::move(is), std::move(code), std::move(message), std::move(next_action),
                           base::from_millis(at)});
        });
    return found;
  });
}

Result<std::vector<Batch>> SociStore::claim_batches(const HostLife& self, Time now) {
  return write_as<std::vector<Batch>>([&](Session& db) {
    std::vector<Batch> found;
    select_batches(db, R"sql(select id, account, request, host, created_at, finished_at from batches
                             where finished_at = 0
                               and (host = :host or host not in (select host from lives where lease_until > :now))
                             order by created_at, id {skip_locked})sql",
                   with(self.host, now), found);
    for (auto& batch : found)
      if (batch.host != self.host) {
        db.run(R"sql(update batches set host = :host where id = :id)sql", self.host, batch.id);
        batch.host = self.host;
      }
    return found;
  });
}

Result<void> SociStore::settle_batch(const std::string& id, std::span<const BatchItem> items, Time now) {
  return write_as<void>([&](Session& db) -> Result<void> {
    for (const auto& item : items)
      db.run(R"sql(update batch_items
                   set state = :state, code = :code, message = :message, next_action = :next_action, at = :at
                   where batch = :batch and number = :number and state = 'waiting')sql",
             item.state, item.code, item.message, item.next_action, item.at, id, item.number);
    db.run(R"sql(update batches set finished_at = :now
                 where id = :id and finished_at = 0
                   and not exists (select 1 from batch_items i where i.batch = batches.id and i.state = 'waiting'))sql",
           now, id);
    return {};
  });
}

}  // namespace tenantry::tables
