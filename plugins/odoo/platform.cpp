// Step 1: a database that is the tenant's, complete under its name.
#include "engine.hpp"

namespace tenantry::odoo {

namespace {

using std::chrono::seconds;

Platform platform_of(const Blueprint& plan, const EngineCheck& check, std::int64_t user, std::int64_t company,
                     Holder holder) {
  return {plan.database, holder == Holder::made_by_run, check.major, user, company, holder == Holder::taken_by_run};
}

Result<std::int64_t> company_of(Database& database) {
  const Reply rows = database.search_read("res.users", {json::array{"id", "=", database.user()}}, {"company_id"});
  if (!rows.ok()) return ending_of(rows.fault(), database.concern("the administrator's company", "to read it"));
  if (rows.rows().empty()) return done(std::int64_t{1});
  return done(id_of(rows.rows()[0], "company_id"));
}

// Databases that were on their way, and those an attempt began and lost sight of.
Result<Nothing> drop_stages(Maker& maker) {
  for (std::int64_t number = 1; number <= notes_of(maker.site->context()).stages; ++number) {
    const std::string stage = maker.plan.stage(number);
    const auto left = is_there(*maker.site, stage);
    if (!left.has_value()) return left.ending();
    if (!*left) continue;
    if (const auto dropped = drop(*maker.site, stage); !dropped.has_value()) return dropped.ending();
  }
  return done();
}

// Lost keys, or at the end all of ours.
Result<Nothing> remove_keys(Work& work, Which which) {
  const auto keys = keys_in(work.database, which);
  if (!keys.has_value()) return keys.ending();
  if (keys->empty()) return done();
  if (work.administrator) return remove(work.database, *work.administrator, *keys);
  work.database.context().warn("API keys stay until they end: Odoo asks for the password to remove them",
                               {{"object", keys->front().name}});
  return done();
}

Ending taken(const Blueprint& plan, const std::string& found) {
  return give_up({"odoo.database_taken", "conflict", "database " + plan.database, "none, or this tenant's", found,
                  "Rename or drop the database, or give the tenant another one, then Continue."});
}

}  // namespace

Verdict looked(const Ending& ending) {
  if (ending.code() != "odoo.no_such_database") return ending;
  return drifted("database", "there", "nothing");
}

Result<Platform> Engine::set_up(Context& context, Asked request, Who tenant, Where server, const EngineCheck& check,
                                const Template& prepared) {
  auto plan = blueprint(context, request, tenant, server);
  if (!plan.has_value()) return plan.ending();
  const bool existing = plan->mode == Mode::existing_database;
  const auto finished = [&]() -> Result<Platform> {
    auto work = enter(context, request, tenant, server, check.major, 0, Purpose::renew_key);
    if (!work.has_value()) return work.ending();
    Database& database = work.value().database;
    const auto user = user_of(database, existing ? plan->admin_login : plan->owner_login);
    if (!user.has_value()) return user.ending();
    auto holder = holder_of(database, *plan);
    if (!holder.has_value()) return holder.ending();
    if (*holder == Holder::another_tenant) return taken(*plan, "another tenant's");
    if (*holder == Holder::nobody) {
      if (const auto put = put_mark(database, plan->mark(false)); !put.has_value()) return put.ending();
      holder.value() = Holder::taken_by_run;
    }
    if (const auto removed = remove_keys(work.value(), Which::lost); !removed.has_value()) return removed.ending();
    const auto installed = install_modules(database, *plan);
    if (!installed.has_value()) return installed.ending();
    const auto company = company_of(database);
    if (!company.has_value()) return company.ending();
    Platform output = platform_of(*plan, check, *user, *company, *holder);
    const bool changed = output.created || output.taken || *installed;
    return answer(std::move(output), changed);
  };
  if (existing) return finished();

  Maker maker(plan.value(), wire(context, server, *plan), check.major, context);
  Site& site = *maker.site;
  if (site.maker.password.empty()) return no_master(server.id);
  const Key owner{plan->owner_login, std::string(context.secret("tenant.admin_password"))};
  for (int i = 0; i < 2; ++i) {
    const Notes notes = notes_of(context);
    const auto there = is_there(site, plan->database);
    if (!there.has_value()) return there.ending();
    if (*there) {
      // It has its name, so it is complete; whose it is says the mark in it.
      auto work = enter(context, request, tenant, server, check.major, 0, Purpose::use_key);
      if (!work.has_value()) {
        if (work.ending().code() == "odoo.access_denied") return taken(*plan, "one that does not know the tenant");
        return work.ending();
      }
      const auto holder = holder_of(work.value().database, *plan);
      if (!holder.has_value()) return holder.ending();
      const bool created = *holder == Holder::made_by_run;
      if (created && notes.ready != 0) {
        // Where a name is given by copying, the staging database goes last: while it is there, nobody knows whether
        // the copy is whole.
        const auto staged = is_there(site, plan->stage(notes.ready));
        if (!staged.has_value()) return staged.ending();
        if (*staged && i == 0) {
          if (const auto dropped = drop(site, plan->database); !dropped.has_value()) return dropped.ending();
          continue;
        }
      }
      if (const auto cleared = drop_stages(maker); !cleared.has_value()) return cleared.ending();
      return finished();
    }
    std::string stage = prepared.database;
    if (stage.empty())
      return try_again({"odoo.no_template", "missing_dependency", "database " + plan->database, "it, or a template",
                        "neither", "Rerun the step template_database."});
    if (plan->templates != Templates::off) {
      const auto copied = copy_to_stage(site, prepared.database);
      if (!copied.has_value()) return copied.ending();
      stage = *copied;
    }
    context.progress(0.6, "giving it to its tenant");
    if (const auto given = personalise(site, stage, owner); !given.has_value()) return given.ending();
    context.progress(0.8, "giving it its name");
    const Reply published = site.databases.publish(stage, plan->database, seconds(120));
    if (published.ok() || published.fault().unknown_outcome || published.is(Remedy::exists)) continue;
    return ending_of(published.fault(), site.wire.concern("database " + plan->database, "to be given this name"));
  }
  return try_again({"odoo.unsettled", "transient", "database " + plan->database, "to be there",
                    "that it comes and goes", "Wait a moment, then Continue."});
}

Verdict Engine::verify_set_up(Context& context, Asked request, Who tenant, Where server, const EngineCheck& check,
                              const Template&, Maybe<Platform> output) {
  auto plan = blueprint(context, request, tenant, server);
  if (!plan.has_value()) return plan.ending();
  const std::string title = "database " + plan->database;
  if (plan->mode == Mode::new_database) {
    Maker maker(plan.value(), wire(context, server, *plan), check.major, context);
    const auto there = is_there(*maker.site, plan->database);
    if (!there.has_value()) return there.ending();
    if (!*there) return drifted(title, "there", "nothing");
  }
  auto work = enter(context, request, tenant, server, check.major, output ? output->user : 0, Purpose::use_key);
  if (!work.has_value()) {
    const std::string& code = work.ending().code();
    if (code != "odoo.access_denied" && code != "odoo.no_such_database") return work.ending();
    return drifted(title, "there, and open to its owner", work.ending().message());
  }
  Database& database = work.value().database;
  const auto holder = holder_of(database, *plan);
  if (!holder.has_value()) {
    if (holder.ending().code() != "odoo.access_denied" && holder.ending().code() != "odoo.no_such_database")
      return holder.ending();
    return drifted(title, "there, and open to its owner", holder.ending().message());
  }
  std::vector<Drift> drift;
  if (*holder == Holder::another_tenant || *holder == Holder::nobody)
    drift.push_back({"owner of " + plan->database, "this tenant", *holder == Holder::nobody ? "nobody" : "another"});
  const auto missing = missing_modules(database, *plan);
  if (!missing.has_value()) return missing.ending();
  for (const std::string& module : *missing) drift.push_back({"module " + module, "installed", "not installed"});
  const auto lost = keys_in(database, Which::lost);
  if (!lost.has_value()) return lost.ending();
  for (const KeyRow& key : *lost) drift.push_back({"API key " + key.name, "none that nobody knows", "there"});
  if (output) return verdict(std::move(drift), *output);
  // What is still to be cleared away, only the step knows.
  if (notes_of(context).stages > 0) drift.push_back({"staging databases", "known to be gone", "unknown"});
  const auto user = user_of(database, plan->mode == Mode::existing_database ? plan->admin_login : plan->owner_login);
  if (!user.has_value()) return user.ending();
  const auto company = company_of(database);
  if (!company.has_value()) return company.ending();
  return verdict(std::move(drift), platform_of(*plan, check, *user, *company, *holder));
}

Result<Nothing> Engine::undo_set_up(Context& context, Asked request, Who tenant, Where server, const EngineCheck& check,
                                    const Template&, Maybe<Platform> output) {
  auto plan = blueprint(context, request, tenant, server);
  if (!plan.has_value()) return plan.ending();
  const bool new_one = plan->mode == Mode::new_database;
  Maker maker(plan.value(), wire(context, server, *plan), check.major, context);
  bool there = !output || output->created || output->taken;
  if (new_one && there) {
    const auto found = is_there(*maker.site, plan->database);
    if (!found.has_value()) return found.ending();
    there = *found;
  }
  if (there) {
    auto work = enter(context, request, tenant, server, check.major, output ? output->user : 0, Purpose::use_key);
    // Of an attempt that never answered: a database that does not know the tenant is none of ours.
    if (!work.has_value() && !output && work.ending().code() == "odoo.access_denied") return drop_stages(maker);
    if (!work.has_value()) return work.ending();
    Database& database = work.value().database;
    const auto holder = holder_of(database, *plan);
    if (!holder.has_value()) return holder.ending();
    if (*holder == Holder::taken_by_run) {
      // It stays, and so do its modules; only the keys and the mark go.
      if (const auto removed = remove_keys(work.value(), Which::ours); !removed.has_value()) return removed.ending();
      if (const auto gone = put_mark(database, ""); !gone.has_value()) return gone.ending();
    } else if (*holder == Holder::made_by_run) {
      const auto booked = bookings(database);
      if (!booked.has_value()) return booked.ending();
      if (*booked != 0)
        return give_up({"odoo.has_bookings", "conflict", "database " + plan->database, "no bookings",
                        std::to_string(*booked) + " bookings",
                        "Drop the database by hand if its books may be lost, then roll back again."});
      if (const auto dropped = drop(*maker.site, plan->database); !dropped.has_value()) return dropped.ending();
    } else {
      context.warn("stays, because it is not marked as this run's", {{"database", plan->database}});
    }
  }
  return drop_stages(maker);
}

Result<Plan> Engine::plan_set_up(Context& context, Asked request, Who tenant, Where server, Maybe<EngineCheck> check,
                                 Maybe<Template>) {
  auto plan = blueprint(context, request, tenant, server);
  if (!plan.has_value()) return plan.ending();
  const std::string title = "database " + plan->database;
  if (plan->mode == Mode::existing_database) return done(Plan{{{"keep", title, "its modules are completed"}}});
  if (!check) return done(Plan{{{"create", title, "unless it exists"}}});
  Maker maker(plan.value(), wire(context, server, *plan), check->major, context);
  const auto there = is_there(*maker.site, plan->database);
  if (!there.has_value()) return there.ending();
  if (*there) return done(Plan{{{"keep", title, "if its owner can sign in; else the step will fail"}}});
  return done(Plan{{{"create", title, plan->templates == Templates::off ? "afresh" : "as a copy of the template"}}});
}

}  // namespace tenantry::odoo
