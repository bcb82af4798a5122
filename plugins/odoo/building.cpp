#include "building.hpp"

namespace tenantry::odoo {

namespace {

using std::chrono::seconds;
constexpr auto kMark = "tenantry.owner";
constexpr std::int64_t kMostRemade = 3;

// Not an error of ours to report: the database is there but does not answer as it should, yet.
bool may_be_unready(const Fault& fault) {
  return fault.is("odoo.access_denied") || fault.cause == "transient" || fault.cause == "timeout" ||
         fault.cause == "engine_unavailable";
}

Result<Nothing> begin_again(Site& site, const std::string& name, Notes& notes, const std::string& why) {
  if (notes.remade >= kMostRemade)
    return give_up({"odoo.create_failed", "internal", "database " + name, "to be complete", why,
                    "Look into Odoo's log for what its initialisation says, then Continue."});
  site.context().warn("dropping a database that did not become complete", {{"database", name}, {"why", why}});
  if (const auto dropped = drop(site, name); !dropped.has_value()) return dropped.ending();
  ++notes.remade;
  notes.began = notes.installing = 0;
  site.context().save(notes);
  return done();
}

// create_database answers true even if its initialisation failed, and then leaves admin with the password admin: only
// signing in as asked for is a proof.
Result<bool> is_complete(Site& site, const std::string& name) {
  Database database = site.database(name);
  const Reply in = database.sign_in(site.maker.login, site.maker.password);
  if (in.ok()) return done(true);
  if (may_be_unready(in.fault())) return done(false);
  return ending_of(in.fault(), site.wire.concern("database " + name, "to sign in"));
}

Result<bool> is_left_open(Site& site, const std::string& name) {
  Database database = site.database(name);
  const Reply in = database.sign_in("admin", "admin");
  if (in.is(Remedy::cancelled)) return cancelled();
  return done(in.ok());
}

Result<Nothing> create(Site& site, const std::string& name) {
  const Blueprint& plan = site.plan;
  Context& context = site.context();
  Notes notes = notes_of(context);
  for (int i = 0; i < 3; ++i) {
    const auto there = is_there(site, name);
    if (!there.has_value()) return there.ending();
    if (*there) {
      const auto complete = is_complete(site, name);
      if (!complete.has_value()) return complete.ending();
      if (*complete) return done();
      const auto open = is_left_open(site, name);
      if (!open.has_value()) return open.ending();
      if (*open) {
        if (const auto again = begin_again(site, name, notes, "its initialisation failed"); !again.has_value())
          return again.ending();
        continue;
      }
      // A request that was cut off is carried out all the same; until then a sign-in looks like a wrong password, or
      // gets no answer while modules are installed.
      const auto until = notes.installing != 0 ? seconds(notes.installing) + plan.install_time
                                               : seconds(notes.began) + plan.create_time;
      if (notes.began != 0 && seconds(now_seconds()) < until) return wait(3s, "Odoo is still making the database");
      if (const auto again = begin_again(site, name, notes, "not ready in time"); !again.has_value())
        return again.ending();
      continue;
    }
    notes.began = now_seconds();
    context.save(notes);
    context.progress(0.1, "making the database");
    const Reply made = site.databases.create(name, plan.language, site.maker.login, site.maker.password,
                                             std::string(plan.country->code), plan.create_time);
    if (made.ok() || made.is(Remedy::exists)) continue;  // look what came of it
    if (made.fault().remedy == Remedy::cancelled) return cancelled();
    if (made.fault().unknown_outcome) {
      context.warn("the answer was lost; Odoo may go on making the database", {{"found", made.fault().code}});
      return wait(3s, "Odoo may still be making the database");
    }
    return ending_of(made.fault(), site.wire.concern("database " + name, "to make it"));
  }
  return try_again({"odoo.create_failed", "internal", "database " + name, "to be complete", "not complete",
                    "Look into Odoo's log for what its initialisation says, then Continue."});
}

}  // namespace

Port port_of(const Blueprint& plan, std::int64_t major) {
  if (plan.management != Management::automatic)
    return plan.management == Management::forms ? Port::forms : Port::service;
  return major >= 20 ? Port::forms : Port::service;
}

std::int64_t now_seconds() {
  return std::chrono::duration_cast<seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string secret_or_empty(Context& context, std::string_view name) {
  return std::string(context.find_secret(name).value_or(""));
}

Ending no_master(const std::string& server) {
  return give_up({"odoo.no_credentials", "unauthenticated", "server " + server, "a master_password",
                  "no secret server.master_password",
                  "Give the server " + server + " its master_password, then Continue."});
}

// A template's administrator signs in with a password of his own, or with the one that opens every door anyway.
Maker::Maker(Blueprint given, Wire to, std::int64_t major, Context& context)
    : plan(std::move(given)), wire(std::move(to)) {
  const std::string master = secret_or_empty(context, "server.master_password");
  const std::string own = secret_or_empty(context, "server.template_password");
  databases = open_databases(wire, port_of(plan, major), master);
  site.emplace(
      Site{plan, wire, *databases, static_cast<int>(major), {plan.template_login, own.empty() ? master : own}});
}

Result<bool> is_there(Site& site, const std::string& name) {
  const Reply reply = site.databases.exists(name);
  if (!reply.ok()) return ending_of(reply.fault(), site.wire.concern("database " + name, "to look for it"));
  return done(reply.value() == true);
}

Result<Nothing> drop(Site& site, const std::string& name) {
  const Reply reply = site.databases.drop(name);
  if (reply.ok()) return done();
  return ending_of(reply.fault(), site.wire.concern("database " + name, "to drop it"));
}

Result<Nothing> make_afresh(Site& site, const std::string& name) {
  if (const auto created = create(site, name); !created.has_value()) return created;
  Database database = site.database(name);
  const Reply in = database.sign_in(site.maker.login, site.maker.password);
  if (!in.ok()) return ending_of(in.fault(), site.wire.concern("database " + name, "to sign in"));
  const auto installed = install_modules(database, site.plan);
  if (!installed.has_value()) return installed.ending();
  return done();
}

Result<std::string> copy_to_stage(Site& site, const std::string& source) {
  Context& context = site.context();
  Notes notes = notes_of(context);
  if (notes.ready != 0) {
    const auto there = is_there(site, site.plan.stage(notes.ready));
    if (!there.has_value()) return there.ending();
    if (*there) return done(site.plan.stage(notes.ready));
  }
  // Odoo copies files after the database is there, so a copy whose answer was lost is never trusted, and the next one
  // gets another name: the first may still be on its way.
  ++notes.stages;
  notes.ready = 0;
  context.save(notes);
  const std::string stage = site.plan.stage(notes.stages);
  context.progress(0.3, "copying " + source);
  const Reply copied = site.databases.duplicate(source, stage, seconds(120));
  if (!copied.ok()) {
    const Concern concern = site.wire.concern("database " + source, "to copy it");
    if (!copied.is(Remedy::exists)) return ending_of(copied.fault(), concern);
    Fault taken = copied.fault();  // cannot be anybody else's
    taken.remedy = Remedy::retry;
    return ending_of(taken, concern);
  }
  notes.ready = notes.stages;
  context.save(notes);
  return done(stage);
}

Result<Nothing> personalise(Site& site, const std::string& name, const Key& owner) {
  Database database = site.database(name);
  if (database.sign_in(owner.login, owner.password).ok()) return done();
  const Reply in = database.sign_in(site.maker.login, site.maker.password);
  if (!in.ok()) return ending_of(in.fault(), site.wire.concern("database " + name, "to sign in as who made it"));
  if (const auto marked = put_mark(database, site.plan.mark(true)); !marked.has_value()) return marked;
  json::object values{{"login", owner.login}, {"password", owner.password}, {"name", site.plan.owner_name}};
  if (!site.plan.owner_email.empty()) values["email"] = site.plan.owner_email;
  // A changed password ends the session that changed it, so the answer proves nothing and the sign-in does.
  const Reply changed = database.write("res.users", database.user(), std::move(values));
  const Reply again = site.database(name).sign_in(owner.login, owner.password);
  if (again.ok()) return done();
  const Concern concern = site.wire.concern("administrator of " + name, "to change the sign-in");
  if (!changed.ok()) return ending_of(changed.fault(), concern);
  Fault fault = again.fault();
  fault.remedy = Remedy::retry;
  return ending_of(fault, concern);
}

Result<Holder> holder_of(Database& database, const Blueprint& plan) {
  const Reply rows = database.search_read("ir.config_parameter", {json::array{"key", "=", kMark}}, {"key", "value"});
  if (!rows.ok()) return ending_of(rows.fault(), database.concern("owner of " + database.name(), "to read it"));
  if (rows.rows().empty()) return done(Holder::nobody);
  const std::string mark = text_of(rows.rows()[0], "value");
  if (mark == plan.mark(true)) return done(Holder::made_by_run);
  if (mark == plan.mark(false)) return done(Holder::taken_by_run);
  if (mark.starts_with("tenantry:" + plan.tenant_id + ":")) return done(Holder::this_tenant);
  return done(Holder::another_tenant);
}

Result<Nothing> put_mark(Database& database, const std::string& mark) {
  const json::value value = mark.empty() ? json::value(false) : json::value(mark);
  const Reply put = database.call(
      {.model = "ir.config_parameter", .method = "set_param", .named = {{"key", kMark}, {"value", value}}});
  if (put.ok()) return done();
  return ending_of(put.fault(), database.concern("owner of " + database.name(), "to write it down"));
}

Result<std::int64_t> bookings(Database& database) {
  const Reply entries = database.count("account.move", {json::array{"state", "=", "posted"}});
  if (!entries.ok()) return ending_of(entries.fault(), database.concern("journal entries", "to count them"));
  const Reply sales = database.count("pos.order", {json::array{"uuid", "not like", kTrialSale}});
  if (!sales.ok()) return ending_of(sales.fault(), database.concern("sales", "to count them"));
  return done(entries.id() + sales.id());
}

}  // namespace tenantry::odoo
