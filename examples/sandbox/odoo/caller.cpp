#include "sandbox/odoo/caller.hpp"

#include <shared_mutex>

#include "sandbox/odoo/methods.hpp"

namespace tenantry::sandbox::odoo {

namespace {

using std::chrono::milliseconds;

bool installs(const Wanted& wanted) {
  return wanted.model == "ir.module.module" && wanted.method.starts_with("button_immediate_");
}

std::vector<Id> modules_of(const Wanted& wanted) {
  if (wanted.by_names) return ids_of(member(wanted.named, "ids"));
  const bool given = wanted.positional.is_array() && !wanted.positional.get_array().empty();
  return given ? ids_of(wanted.positional.at(0)) : std::vector<Id>();
}

bool changes_nothing(const Database& database, const Wanted& wanted) {
  for (const Id id : modules_of(wanted))
    if (text_of(database.get("ir.module.module", id, "state")) != "installed") return false;
  return true;
}

}  // namespace

std::shared_ptr<Database> Caller::database(const std::string& name) const {
  auto found = databases_.find(name);
  if (!found || found->stage == Stage::kCopying) throw no_such_database(name);
  return found;
}

void Caller::check_stage(const Database& database, const Exchange& exchange) const {
  if (database.stage != Stage::kHalfMade) return;
  // Loading what is half made takes until the next worker is killed.
  const Options options = settings_.get();
  exchange.wait(options.limit_time_real.count() > 0 ? options.limit_time_real : options.scaled(milliseconds(8000)));
  throw killed_worker();
}

json::value Caller::sign_in(const std::string& name, const std::string& login, const std::string& password,
                            const Exchange& exchange) const {
  const auto wanted = database(name);
  check_stage(*wanted, exchange);
  const Options options = settings_.get();
  exchange.wait(exchange.decision.latency + options.time_of("common.login"));
  if (wanted->stage == Stage::kCreating) {
    exchange.wait(options.scaled(milliseconds(6900)));
    return false;
  }
  const std::shared_lock gate(wanted->gate);
  const std::lock_guard lock(wanted->mutex);
  const auto user = wanted->sign_in(login, password);
  return user ? json::value(*user) : json::value(false);
}

json::value Caller::run_as(const std::string& name, Id user, const std::string& password, const Wanted& wanted,
                           const Exchange& exchange) {
  const auto there = database(name);
  check_stage(*there, exchange);
  if (there->stage == Stage::kCreating) {
    exchange.wait(settings_.get().scaled(milliseconds(7300)));
    throw access_denied();
  }
  bool accepted = false;
  {
    const std::shared_lock gate(there->gate);
    const std::lock_guard lock(there->mutex);
    accepted = there->accepts(user, password);
  }
  if (!accepted) {
    exchange.wait(settings_.get().scaled(milliseconds(400)));
    throw access_denied();
  }
  return run(*there, user, wanted, exchange);
}

json::value Caller::run(Database& database, Id user, const Wanted& wanted, const Exchange& exchange) {
  if (exchange.decision.has("worker_killed")) throw killed_worker();
  if (installs(wanted)) return run_alone(database, user, wanted, exchange);
  if (!exchange.wait(exchange.decision.latency + settings_.get().time_of(wanted.model + "." + wanted.method)))
    throw killed_worker();
  const std::shared_lock gate(database.gate);
  return run_now(database, user, wanted);
}

// A server that ends in the midst of it: the states were committed first.
void Caller::leave_on_their_way(Database& database, const Wanted& wanted) {
  const std::lock_guard lock(database.mutex);
  Transaction transaction(database, "POST");
  Env env{transaction, 1, {}, true};
  for (const Id id : modules_of(wanted))
    if (text_of(database.get("ir.module.module", id, "state")) == "uninstalled")
      store(env, "ir.module.module", id, {{"state", "to install"}});
  transaction.commit(journal_);
}

json::value Caller::run_alone(Database& database, Id user, const Wanted& wanted, const Exchange& exchange) {
  const std::unique_lock gate(database.gate);
  if (exchange.decision.has("cron_running"))
    throw postgres("errors.InFailedSqlTransaction",
                   "current transaction is aborted, commands ignored until end of transaction block\n");
  const Options options = settings_.get();
  auto time = exchange.decision.latency + options.time_of("ir.module.module.button_immediate_install");
  {
    const std::lock_guard lock(database.mutex);
    if (changes_nothing(database, wanted)) time = exchange.decision.latency + options.scaled(milliseconds(3600));
  }
  if (exchange.decision.has("install_interrupted")) {
    leave_on_their_way(database, wanted);
    throw killed_worker();
  }
  const bool killed = options.limit_time_real.count() > 0 && time > options.limit_time_real;
  if (!exchange.wait(killed ? options.limit_time_real : time) || killed) throw killed_worker();
  return run_now(database, user, wanted);
}

json::value Caller::run_now(Database& database, Id user, const Wanted& wanted) {
  const std::lock_guard lock(database.mutex);
  Transaction transaction(database, "POST");
  Env env{transaction, user, {}};
  const Model* model = database.schema.find(wanted.model);
  if (wanted.by_names && (!model || !database.installed(model->module)))
    throw werkzeug("NotFound", 404, "the model '" + wanted.model + "' does not exist");
  const Model& known = model_of(env, wanted.model);
  const Method& method = method_of(known, wanted.method, wanted.by_names);
  Call call = wanted.by_names ? bind_named(known, wanted.method, method, wanted.named)
                              : bind_positional(known, wanted.method, method, wanted.positional, wanted.named);
  env.context = call.context;
  if (wanted.over_http) env.context["over_http"] = true;
  json::value result = method.run(env, known, call);
  // A refused load() is an answer that leaves nothing behind.
  if (wanted.method != "load" || member(result, "ids") != false) transaction.commit(journal_);
  return result;
}

}  // namespace tenantry::sandbox::odoo
