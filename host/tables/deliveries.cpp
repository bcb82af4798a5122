#include <limits>

#include "tables/soci_store.hpp"

// What webhooks are told.
namespace tenantry::tables {
namespace {

template <class... In>
void select_deliveries(Session& db, const char* sql, const std::tuple<In...>& in, std::vector<Delivery>& found) {
  db.select<long long, std::string, long long, std::string, long long, long long, long long>(
      sql, in,
      [&](long long id, std::string&& webhook, long long event, std::string&& state, long long attempts,
          long long due_at, long long created_at) {
        found.push_back({id, std::move(webhook), event, std::move(state), attempts, base::from_millis(due_at),
                         base::from_millis(created_at)});
      });
}

}  // namespace

Result<std::optional<std::int64_t>> SociStore::claim_webhook(const std::string& webhook, const HostLife& self, Time now,
                                                             Time until, std::int64_t newest) {
  return write_as<std::optional<std::int64_t>>([&](Session& db) -> std::optional<std::int64_t> {
    std::optional<std::int64_t> position;
    db.run(R"sql(insert into webhooks (id, position, host, boot, lease_until)
                 values (:id, :newest, '', '', 0) on conflict (id) do nothing)sql",
           webhook, newest);
    db.select<long long>(
        R"sql(update webhooks set host = :host, boot = :boot, lease_until = :until
              where id = :id and (host = :host or lease_until <= :now) returning position)sql",
        with(self.host, self.boot, until, webhook, now), [&](long long at) { position = at; });
    return position;
  });
}

Result<void> SociStore::add_deliveries(const std::string& webhook, std::span<const std::int64_t> events,
                                       std::int64_t upto, Time now) {
  return write_as<void>([&](Session& db) -> Result<void> {
    for (const auto event : events)
      db.run(R"sql(insert into deliveries (webhook, event, state, attempts, due_at, created_at)
                   values (:webhook, :event, 'waiting', 0, :now, :now) on conflict (webhook, event) do nothing)sql",
             webhook, event, now);
    db.run(R"sql(update webhooks set position = :upto where id = :id and position < :upto)sql", upto, webhook);
    return {};
  });
}

Result<std::vector<Delivery>> SociStore::due_deliveries(const std::string& webhook, Time now, std::size_t limit) {
  return read_one_as<std::vector<Delivery>>([&](Session& db) {
    std::vector<Delivery> found;
    select_deliveries(db, R"sql(select id, webhook, event, state, attempts, due_at, created_at from deliveries
                                where webhook = :webhook and state = 'waiting' and due_at <= :now
                                order by id limit :limit)sql",
                      with(webhook, now, limit), found);
    return found;
  });
}

Result<void> SociStore::add_attempt(const DeliveryAttempt& attempt, const std::string& state, Time due_at) {
  return write_as<void>([&](Session& db) -> Result<void> {
    db.run(R"sql(insert into delivery_attempts (delivery, number, at, status, took, error)
                 values (:delivery, :number, :at, :status, :took, :error) on conflict do nothing)sql",
           attempt.delivery, attempt.number, attempt.at, attempt.status, attempt.took, attempt.error);
    db.run(R"sql(update deliveries set state = :state, attempts = :attempts, due_at = :due_at where id = :id)sql",
           state, attempt.number, due_at, attempt.delivery);
    return {};
  });
}

Result<std::vector<Delivery>> SociStore::deliveries(const std::string& webhook, const std::string& state,
                                                    std::int64_t before, std::size_t limit) {
  return read_one_as<std::vector<Delivery>>([&](Session& db) {
    std::vector<Delivery> found;
    select_deliveries(db, R"sql(select id, webhook, event, state, attempts, due_at, created_at from deliveries
                                where webhook = :webhook and (:state = '' or state = :state)
                                  and id < :before
                                order by id desc limit :limit)sql",
                      with(webhook, state, before == 0 ? std::numeric_limits<std::int64_t>::max() : before, limit),
                      found);
    return found;
  });
}

Result<std::vector<DeliveryAttempt>> SociStore::delivery_attempts(std::int64_t delivery) {
  return read_one_as<std::vector<DeliveryAttempt>>([&](Session& db) {
    std::vector<DeliveryAttempt> found;
    db.select<long long, long long, long long, long long, std::string>(
        R"sql(select number, at, status, took, error from delivery_attempts where delivery = :delivery
              order by number)sql",
        with(delivery), [&](long long number, long long at, long long status, long long took, std::string&& error) {
          found.push_back({delivery, number, base::from_millis(at), status, base::Millis{took}, std::move(error)});
        });
    return found;
  });
}

Result<void> SociStore::send_again(const std::string& webhook, std::int64_t delivery, Time now) {
  return write_as<void>([&](Session& db) -> Result<void> {
    if (db.run(R"sql(update deliveries set state = 'waiting', due_at = :now
                     where id = :id and webhook = :webhook)sql",
               now, delivery, webhook) == 0)
      return base::not_found("delivery.unknown", "There is no such delivery.");
    return {};
  });
}

}  // namespace tenantry::tables
