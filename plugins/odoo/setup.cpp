// Step 0, the template, step 1 and the hand-over: from a server to a database that is the tenant's.
#include <algorithm>
#include <charconv>

#include "engine.hpp"

namespace tenantry::odoo {

namespace {

using std::chrono::seconds;
constexpr std::int64_t kOldest = 17, kOldestTried = 18;

std::string secret_or_empty(Context& context, std::string_view name) {
  return std::string(context.find_secret(name).value_or(""));
}

Ending no_master(const std::string& server) {
  return give_up({"odoo.no_credentials", "unauthenticated", "server " + server, "a master_password", "none",
                  "Give the server " + server + " its master_password, then Continue."});
}

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

// With a key nobody has said yet whose it is.
Result<std::int64_t> user_of(Database& database, const std::string& login) {
  if (database.user() != 0) return done(database.user());
  const Reply rows = database.search_read("res.users", {json::array{"login", "=", login}}, {"login"});
  if (!rows.ok()) return ending_of(rows.fault(), database.concern("user " + login, "to look for it"));
  if (rows.rows().empty())
    return give_up({"odoo.no_credentials", "unauthenticated", "user " + login, "the user of the API key",
                    "no such user", "Correct the server's admin_login, then Continue."});
  return done(id_of(rows.rows()[0], "id"));
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

Ending taken(const Blueprint& plan, const std::string& found) {
  return give_up({"odoo.database_taken", "conflict", "database " + plan.database, "none, or this tenant's", found,
                  "Rename or drop the database, or give the tenant another one, then Continue."});
}

}  // namespace

Result<EngineCheck> check_server(Wire& wire, const Blueprint& plan, const std::string& master) {
  const std::string server = wire.address().server;
  const Concern concern = wire.concern("Odoo at " + wire.address().url, "its version");
  const Reply said = wire.web("/web/webclient/version_info", {}, "", seconds(10));
  if (!said.ok()) return ending_of(said.fault(), concern);
  const json::object* object = said.value().if_object();
  const std::string version = object ? text_of(*object, "server_version") : "";
  const std::string series = object ? text_of(*object, "server_serie") : "";
  // "saas~18.2" is of the eighteenth series, too.
  const std::size_t digits = series.find_first_of("0123456789");
  std::int64_t major = 0;
  if (digits != std::string::npos) std::from_chars(series.data() + digits, series.data() + series.size(), major);
  if (major == 0)
    return give_up({"odoo.no_such_page", "not_found", concern.object, "the version of an Odoo server",
                    plain_text(json::serialize(said.value()), 80),
                    "Correct the URL of server " + server + ", then Continue."});
  if (major < kOldest)
    return give_up({"odoo.version", "missing_dependency", concern.object, "Odoo 17 or newer", version,
                    "Update Odoo, or name another server, then Continue."});
  if (major < kOldestTried) wire.context().warn("this version of Odoo was not tried", {{"version", version}});
  wire.context().info("Odoo answers", {{"version", version}});
  if (plan.mode == Mode::existing_database) return already_done(EngineCheck{version, major});
  if (master.empty()) return no_master(server);
  const auto databases = open_databases(wire, port_of(plan, major), master);
  const Reply checked = databases->check(std::string(plan.country->code));
  if (!checked.ok()) return ending_of(checked.fault(), wire.concern("databases of server " + server, "to manage them"));
  if (checked.value() == false)
    return give_up({"odoo.unknown_country", "invalid_input", "country " + std::string(plan.country->code),
                    "one Odoo knows", "not in its list", "Start again with another country."})
        .at("/request/country_template");
  return already_done(EngineCheck{version, major});
}

// ---- step 0 ----

Result<EngineCheck> Engine::check(Context& context, Asked request, Who tenant, Where server) {
  const auto plan = blueprint(context, request, tenant, server);
  if (!plan.has_value()) return plan.ending();
  Wire line = wire(context, server, *plan);
  auto checked = check_server(line, *plan, secret_or_empty(context, "server.master_password"));
  if (!checked.has_value() || plan->mode == Mode::new_database) return checked;
  auto work = enter(context, request, tenant, server, checked->major, 0, Purpose::look);
  if (!work.has_value()) return work.ending();
  const auto user = user_of(work.value().database, plan->admin_login);
  if (!user.has_value()) return user.ending();
  return checked;
}

Verdict Engine::verify_check(Context& context, Asked request, Who tenant, Where server, Maybe<EngineCheck> output) {
  const auto checked = check(context, request, tenant, server);
  if (!checked.has_value()) return checked.ending();
  return verdict({}, output.value_or(*checked));
}

// ---- the template ----

Result<Template> provide_template(Site& site, const std::string& version) {
  const Blueprint& plan = site.plan;
  const std::string name = plan.template_name(version, site.major);
  const auto there = is_there(site, name);
  if (!there.has_value()) return there.ending();
  const bool begun = notes_of(site.context()).began != 0;
  if (*there) return begun ? Result<Template>(done(Template{name, true})) : already_done(Template{name, false});
  if (plan.templates == Templates::use)
    return give_up({"odoo.no_template", "missing_dependency", "database " + name, "a template", "nothing",
                    "Make the template, or set templates to make, then Continue."});
  if (const auto made = make_afresh(site, plan.stage(0)); !made.has_value()) return made.ending();
  const Reply published = site.databases.publish(plan.stage(0), name, seconds(120));
  if (!published.ok()) {
    // Somebody else may have been faster; one is as good as the other.
    const auto now = is_there(site, name);
    if (!now.has_value()) return now.ending();
    if (!*now) return ending_of(published.fault(), site.wire.concern("database " + name, "to be given this name"));
    if (const auto dropped = drop(site, plan.stage(0)); !dropped.has_value()) return dropped.ending();
  }
  return done(Template{name, true});
}

Result<Template> Engine::prepare(Context& context, Asked request, Who tenant, Where server, const EngineCheck& check) {
  auto plan = blueprint(context, request, tenant, server);
  if (!plan.has_value()) return plan.ending();
  if (plan->mode == Mode::existing_database) return already_done(Template{});
  Maker maker(plan.value(), wire(context, server, *plan), check.major, context);
  if (maker.site->maker.password.empty()) return no_master(server.id);
  const auto there = is_there(*maker.site, plan->database);
  if (!there.has_value()) return there.ending();
  const bool afresh = plan->templates == Templates::off;
  if (*there) {
    const bool begun = notes_of(context).began != 0;
    const std::string name =
        afresh ? plan->stage(0) : plan->template_name(check.version, static_cast<int>(check.major));
    return begun ? Result<Template>(done(Template{name, true})) : already_done(Template{name, false});
  }
  if (!afresh) return provide_template(*maker.site, check.version);
  const auto made = make_afresh(*maker.site, plan->stage(0));
  if (!made.has_value()) return made.ending();
  return done(Template{plan->stage(0), true});
}

Verdict Engine::verify_prepare(Context& context, Asked request, Who tenant, Where server, const EngineCheck& check,
                               Maybe<Template> output) {
  auto plan = blueprint(context, request, tenant, server);
  if (!plan.has_value()) return plan.ending();
  if (plan->mode == Mode::existing_database) return verdict({}, Template{});
  Maker maker(plan.value(), wire(context, server, *plan), check.major, context);
  const auto there = is_there(*maker.site, plan->database);
  if (!there.has_value()) return there.ending();
  const bool afresh = plan->templates == Templates::off, begun = notes_of(context).began != 0;
  const std::string name = afresh ? plan->stage(0) : plan->template_name(check.version, static_cast<int>(check.major));
  if (*there) return verdict({}, output ? *output : Template{name, begun});
  const auto made = is_there(*maker.site, name);
  if (!made.has_value()) return made.ending();
  if (!*made) return drifted("database " + name, "there", "nothing");
  // Under its own name a template is complete; the tenant's next database is only known to be when the step says so.
  if (afresh && !output) return drifted("database " + name, "known to be complete", "unknown");
  return verdict({}, output ? *output : Template{name, begun});
}

Result<Nothing> Engine::undo_prepare(Context& context, Asked request, Who tenant, Where server,
                                     const EngineCheck& check, Maybe<Template>) {
  auto plan = blueprint(context, request, tenant, server);
  if (!plan.has_value()) return plan.ending();
  if (plan->mode == Mode::existing_database) return done();
  Maker maker(plan.value(), wire(context, server, *plan), check.major, context);
  const auto there = is_there(*maker.site, plan->stage(0));
  if (!there.has_value()) return there.ending();
  return *there ? drop(*maker.site, plan->stage(0)) : done();
}

Result<Plan> Engine::plan_prepare(Context& context, Asked request, Who tenant, Where server, Maybe<EngineCheck> check) {
  auto plan = blueprint(context, request, tenant, server);
  if (!plan.has_value()) return plan.ending();
  if (plan->mode == Mode::existing_database) return done(Plan{});
  if (plan->templates == Templates::off)
    return done(Plan{{{"create", "database " + plan->stage(0), "with its modules"}}});
  if (!check) return done(Plan{{{"unknown", "template", "made if there is none"}}});
  Maker maker(plan.value(), wire(context, server, *plan), check->major, context);
  const std::string name = plan->template_name(check->version, static_cast<int>(check->major));
  const auto there = is_there(*maker.site, name);
  if (!there.has_value()) return there.ending();
  return done(Plan{{{*there ? "keep" : "create", "database " + name, "the template"}}});
}

// ---- step 1 ----

Result<Platform> Engine::set_up(Context& context, Asked request, Who tenant, Where server, const EngineCheck& check,
                                const Template& prepared) {
  auto plan = blueprint(context, request, tenant, server);
  if (!plan.has_value()) return plan.ending();
  const bool existing = plan->mode == Mode::existing_database;
  const auto finished = [&]() -> Result<Platform> {
    auto work = enter(context, request, tenant, server, check.major, 0, Purpose::act);
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
      auto work = enter(context, request, tenant, server, check.major, 0, Purpose::look);
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
  auto work = enter(context, request, tenant, server, check.major, output ? output->user : 0, Purpose::look);
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
    auto work = enter(context, request, tenant, server, check.major, output ? output->user : 0, Purpose::look);
    // Of an attempt that never answered: a database that does not know the tenant is none of ours.
    if (!work.has_value() && !output && work.ending().code() == "odoo.access_denied") return drop_stages(maker);
    if (!work.has_value()) return work.ending();
    Database& database = work.value().database;
    const auto holder = holder_of(database, *plan);
    if (!holder.has_value()) return holder.ending();
    if (*holder == Holder::taken_by_run) {
      // It stays, and so do its modules; only the mark goes.
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

// ---- the hand-over ----

namespace {

Wanted owner_user(const Blueprint& plan, int major, std::string_view password) {
  return {"res.users",
          "owner",
          "user " + plan.owner_email,
          {json::array{"login", "=", plan.owner_email}},
          {{"name", plan.owner_name},
           {"login", plan.owner_email},
           {"email", plan.owner_email},
           {"password", std::string(password)},
           {major >= 19 ? "group_ids/id" : "groups_id/id",
            "base.group_user,base.group_system,stock.group_stock_manager,point_of_sale.group_pos_manager"}}};
}

// Other doors into a database that was copied: signs that somebody can come in who should not.
Result<std::vector<Drift>> open_doors(Site& site, Database& database, const Blueprint& plan, const Key& owner) {
  std::vector<Drift> open;
  for (const Key& door : {Key{"admin", "admin"}, site.maker}) {
    if (door.password.empty() || (door.login == owner.login && door.password == owner.password)) continue;
    const Reply in = site.database(plan.database).sign_in(door.login, door.password);
    if (in.is(Remedy::cancelled)) return cancelled();
    if (in.ok()) open.push_back({"sign-in as " + door.login, "refused", "accepted"});
    if (!in.ok() && !in.fault().is("odoo.access_denied"))
      return ending_of(in.fault(), database.concern("sign-in as " + door.login, "to be refused"));
  }
  const Reply keys = database.search_read("res.users.apikeys", {json::array{"name", "!=", "Tenantry"}}, {"name"});
  if (!keys.ok()) return ending_of(keys.fault(), database.concern("API keys", "to look for them"));
  for (const json::object& key : keys.rows()) open.push_back({"API key " + text_of(key, "name"), "none", "there"});
  return done(std::move(open));
}

json::object owner_fields(const Blueprint& plan) {
  json::object fields{{"name", plan.owner_name}};
  if (!plan.owner_email.empty()) fields["email"] = plan.owner_email;
  return fields;
}

}  // namespace

Result<Handover> Engine::hand_over(Context& context, Asked request, Who tenant, Where server,
                                   const Platform& platform) {
  auto work = enter(context, request, tenant, server, platform, Purpose::act);
  if (!work.has_value()) return work.ending();
  const Blueprint& plan = work->plan;
  Database& database = work.value().database;
  if (plan.mode == Mode::existing_database) {
    if (plan.owner_email.empty() || plan.owner_email == plan.admin_login)
      return already_done(Handover{plan.admin_login, platform.user, {}, {}});
    const auto kept = ensure(
        database, {owner_user(plan, database.major(), context.find_secret("tenant.admin_password").value_or(""))});
    if (!kept.has_value()) return kept.ending();
    return answer(Handover{plan.owner_email, kept->ids[0], kept->made, {}}, !kept->made.empty());
  }
  const auto changes = apply(database, "res.users", platform.user, owner_fields(plan));
  if (!changes.has_value()) return changes.ending();
  Maker maker(plan, wire(context, server, plan), platform.major, context);
  const auto open =
      open_doors(*maker.site, database, plan, {plan.owner_login, secret_or_empty(context, "tenant.admin_password")});
  if (!open.has_value()) return open.ending();
  if (!open->empty() && platform.created) {
    const Drift& door = open->front();
    return give_up({"odoo.door_open", "conflict", door.what, door.expected, door.found,
                    "Remove it from the template and from the database " + plan.database + ", then Continue."});
  }
  return answer(Handover{plan.owner_login, platform.user, {}, *changes}, !changes->empty());
}

Verdict Engine::verify_hand_over(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                                 Maybe<Handover> output) {
  auto work = enter(context, request, tenant, server, platform, Purpose::look);
  if (!work.has_value()) return work.ending();
  const Blueprint& plan = work->plan;
  Database& database = work.value().database;
  if (plan.mode == Mode::existing_database) {
    if (plan.owner_email.empty() || plan.owner_email == plan.admin_login)
      return verdict({}, Handover{plan.admin_login, platform.user, {}, {}});
    const auto found = survey(database, {owner_user(plan, database.major(), "")});
    if (!found.has_value()) return found.ending();
    return verdict(found->drift,
                   output ? *output : Handover{plan.owner_email, found->kept.ids[0], found->kept.made, {}});
  }
  const auto drift = compare(database, "res.users", platform.user, owner_fields(plan));
  if (!drift.has_value()) return drift.ending();
  const Notes notes = notes_of(context);
  return verdict(*drift, output ? *output : Handover{plan.owner_login, platform.user, {}, notes.changing});
}

Result<Nothing> Engine::undo_hand_over(Context& context, Asked request, Who tenant, Where server,
                                       const Platform& platform, Maybe<Handover> output) {
  if (platform.created) return done();
  auto work = enter(context, request, tenant, server, platform, Purpose::look);
  if (!work.has_value()) return work.ending();
  const Notes notes = notes_of(context);
  if (work->plan.mode == Mode::new_database)
    return put_back(work.value().database, output ? output->changes : notes.changing);
  const auto left = take_back(work.value().database, {owner_user(work->plan, work->database.major(), "")},
                              output ? output->made : notes.creating);
  if (!left.has_value()) return left.ending();
  return done();
}

}  // namespace tenantry::odoo
