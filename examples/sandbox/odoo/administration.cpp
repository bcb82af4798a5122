#include "sandbox/odoo/administration.hpp"

namespace tenantry::sandbox::odoo {

using std::chrono::milliseconds;

void Administration::check_master(const std::string& password, const Exchange& exchange) const {
  const Options options = settings_.get();
  if (options.list_db && password == options.master_password) return;
  exchange.wait(options.scaled(milliseconds(400)));
  throw access_denied();
}

bool Administration::survives(const std::string& subject, const Exchange& exchange) const {
  const Options options = settings_.get();
  const auto time = exchange.decision.latency + options.time_of(subject);
  if (exchange.decision.has("worker_killed")) return false;
  if (options.limit_time_real.count() > 0 && time > options.limit_time_real) {
    exchange.wait(options.limit_time_real);
    return false;
  }
  return exchange.wait(time);
}

bool Administration::is_there(const std::string& name, const std::shared_ptr<Database>& database) const {
  return databases_.find(name) == database;
}

bool Administration::exists(const std::string& name) const {
  const auto database = databases_.find(name);
  return database && database->stage != Stage::kCopying;
}

void Administration::create(const std::string& name, const FirstUser& user, const Exchange& exchange) {
  const auto database = databases_.add(name, Stage::kCreating);
  if (!database) throw Raised{"odoo.service.db.DatabaseExists", "database '" + name + "' already exists!"};
  const std::unique_lock gate(database->gate);
  {
    const std::lock_guard lock(database->mutex);
    Transaction transaction(*database, "POST");
    transaction.note("created");
    transaction.commit(journal_);
  }
  {
    const std::lock_guard turn(one_at_a_time_);
    if (!survives("db.create_database", exchange)) {
      database->stage = Stage::kHalfMade;
      throw killed_worker();
    }
  }
  // Who drops it meanwhile makes the rest fail, which the original swallows.
  if (!is_there(name, database)) return;
  const std::lock_guard lock(database->mutex);
  Transaction transaction(*database, "POST");
  Env env{transaction, 1, {}, true};
  fill_new_database(env);
  if (!exchange.decision.has("create_fails")) {
    try {
      hand_over(env, user);
    } catch (const Raised&) {
      // Logged and swallowed by the original.
    }
  }
  database->stage = Stage::kReady;
  transaction.note("initialised");
  transaction.commit(journal_);
}

void Administration::duplicate(const std::string& from, const std::string& to, bool neutralize,
                               const Exchange& exchange) {
  const auto source = databases_.find(from);
  if (!source || source->stage == Stage::kCopying)
    throw postgres("errors.InvalidCatalogName", "template database \"" + from + "\" does not exist\n");
  const auto target = databases_.add(to, Stage::kCopying);
  if (!target) {
    const auto other = databases_.find(to);
    if (other && other->stage == Stage::kCopying)
      throw postgres("errors.UniqueViolation",
                     "duplicate key value violates unique constraint \"pg_database_datname_index\"\nDETAIL:  Key "
                     "(datname)=(" +
                         to + ") already exists.\n");
    throw postgres("errors.DuplicateDatabase", "database \"" + to + "\" already exists\n");
  }
  const Stage stage = source->stage == Stage::kReady ? Stage::kReady : Stage::kHalfMade;
  {
    const std::scoped_lock lock(source->mutex, target->mutex);
    target->copy_from(*source);
  }
  if (!survives("db.duplicate_database", exchange)) {
    databases_.drop(to);
    throw killed_worker();
  }
  const std::lock_guard lock(target->mutex);
  Transaction transaction(*target, "POST");
  if (neutralize) {
    const Id id = transaction.next_id("ir.config_parameter");
    transaction.put("ir.config_parameter", id, {{"key", "database.is_neutralized"}, {"value", "true"}});
  }
  target->stage = stage;
  transaction.note("duplicated");
  transaction.commit(journal_);
}

void Administration::rename(const std::string& from, const std::string& to, const Exchange& exchange) {
  if (!survives("db.rename", exchange)) throw killed_worker();
  const auto refuse = [&](const std::string& why) {
    return python("Exception", "Couldn't rename database " + from + " to " + to + ": " + why);
  };
  switch (databases_.rename(from, to)) {
    case Databases::Renamed::kNoSource:
      throw refuse("database \"" + from + "\" does not exist\n");
    case Databases::Renamed::kTaken:
      throw refuse("database \"" + to + "\" already exists\n");
    case Databases::Renamed::kYes:
      journal_.append({to, "POST", "database", to, "renamed", {}});
  }
}

bool Administration::drop(const std::string& name, const Exchange& exchange) {
  const bool there = exists(name);
  if (!there) {
    exchange.wait(exchange.decision.latency + settings_.get().scaled(milliseconds(400)));
    return false;
  }
  if (!survives("db.drop", exchange)) throw killed_worker();
  if (!databases_.drop(name)) return false;
  journal_.append({name, "POST", "database", name, "dropped", {}});
  return true;
}

}  // namespace tenantry::sandbox::odoo
