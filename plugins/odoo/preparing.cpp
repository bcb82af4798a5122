// The step template_database: the template that databases are copied from, or the tenant's database, still without a
// name.
#include "engine.hpp"

namespace tenantry::odoo {

using std::chrono::seconds;

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

}  // namespace tenantry::odoo
