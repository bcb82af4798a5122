#include "templates.hpp"

namespace tenantry::odoo {

namespace {

// Templates of the same country that are not the current one.
Result<std::vector<std::string>> old_ones(Site& site, const std::string& current) {
  std::vector<std::string> old;
  if (!site.plan.template_pattern.empty()) return done(std::move(old));  // the operator's own name: nothing to compare
  const Reply listed = site.databases.names();
  if (!listed.ok()) return ending_of(listed.fault(), site.wire.concern("databases", "to list them"));
  // tenantry-template-<version>-<country>-<fingerprint>
  const std::string country = current.substr(current.size() - 12, 4);
  if (listed.value().is_array())
    for (const json::value& one : listed.value().get_array()) {
      const std::string name = one.is_string() ? std::string(one.get_string()) : "";
      const bool mine = name.starts_with("tenantry-template-") && name.size() > 30 &&
                        name.substr(name.size() - 12, 4) == country && name != current;
      if (mine) old.push_back(name);
    }
  return done(std::move(old));
}

}  // namespace

void TemplateEngine::define(Graph<TemplateEngine>& g) {
  using E = TemplateEngine;
  const auto request = g.request();
  const auto tenant = g.tenant();
  const auto server = g.server();
  const std::initializer_list<std::string_view> secrets{"server.master_password", "server.template_password"};
  const auto check = g.step("engine_check", &E::check, request, tenant, server)
                         .title("Engine check")
                         .secrets(secrets)
                         .attempts(8, 1s, 60s)
                         .timeout(90s)
                         .expected(300ms)
                         .repeatable()
                         .verify(&E::verify_check);
  const auto prepared = g.step("template_database", &E::prepare, request, tenant, server, check)
                            .title("Template database")
                            .secrets(secrets)
                            .attempts(6, 2s, 60s)
                            .timeout(30min)
                            .heartbeat(120s)
                            .wait_limit(2h)
                            .exclusive("odoo.create")
                            .expected(40s)
                            .repeatable()
                            .undo(&E::undo_prepare)
                            .verify(&E::verify_prepare);
  g.step("old_templates", &E::clear, request, tenant, server, check, prepared)
      .title("Templates of older versions")
      .secrets(secrets)
      .attempts(6, 1s, 20s)
      .timeout(5min)
      .critical(false)
      .expected(100ms)
      .repeatable()
      .verify(&E::verify_clear);
}

Problems TemplateEngine::validate(Context&, const Request& request) {
  odoo::Request country;
  country.country_template = request.country_template;
  return judge(country);
}

Result<Blueprint> TemplateEngine::blueprint(Context& context, Asked request, Who tenant, Where server) const {
  auto plan = make_template_blueprint(request.country_template.value_or(tenant.country_code.value_or("")), tenant,
                                      server, settings_, context.run_id());
  if (plan.has_value()) plan.value().mode = Mode::new_database;
  return plan;
}

Wire TemplateEngine::wire(Context& context, Where server, const Blueprint& plan) {
  return {clients_.of(plan), context, {server.id, server.url, plan.host}};
}

Result<EngineCheck> TemplateEngine::check(Context& context, Asked request, Who tenant, Where server) {
  const auto plan = blueprint(context, request, tenant, server);
  if (!plan.has_value()) return plan.ending();
  Wire line = wire(context, server, *plan);
  return check_server(line, *plan, std::string(context.find_secret("server.master_password").value_or("")));
}

// After an update of Odoo the template is one of yesterday, so that is what is looked for.
Verdict TemplateEngine::verify_check(Context& context, Asked request, Who tenant, Where server,
                                     const EngineCheck& output) {
  const auto now = check(context, request, tenant, server);
  if (!now.has_value()) return now.ending();
  if (now->version != output.version) return drifted("version of Odoo", output.version, now->version);
  return verdict({}, output);
}

Result<Template> TemplateEngine::prepare(Context& context, Asked request, Who tenant, Where server,
                                         const EngineCheck& check) {
  const auto plan = blueprint(context, request, tenant, server);
  if (!plan.has_value()) return plan.ending();
  Maker maker(*plan, wire(context, server, *plan), check.major, context);
  return provide_template(*maker.site, check.version);
}

Verdict TemplateEngine::verify_prepare(Context& context, Asked request, Who tenant, Where server,
                                       const EngineCheck& check, const std::optional<Template>& output) {
  const auto plan = blueprint(context, request, tenant, server);
  if (!plan.has_value()) return plan.ending();
  Maker maker(*plan, wire(context, server, *plan), check.major, context);
  const std::string name = plan->template_name(check.version, static_cast<int>(check.major));
  const auto there = is_there(*maker.site, name);
  if (!there.has_value()) return there.ending();
  if (!*there) return drifted("database " + name, "there", "nothing");
  return verdict({}, output ? *output : Template{name, notes_of(context).began != 0});
}

Result<Nothing> TemplateEngine::undo_prepare(Context& context, Asked request, Who tenant, Where server,
                                             const EngineCheck& check, const std::optional<Template>& output) {
  const auto plan = blueprint(context, request, tenant, server);
  if (!plan.has_value()) return plan.ending();
  Maker maker(*plan, wire(context, server, *plan), check.major, context);
  const bool made = output ? output->made : notes_of(context).began != 0;
  for (const std::string& name : {plan->stage(0), plan->template_name(check.version, static_cast<int>(check.major))}) {
    if (!made && name != plan->stage(0)) continue;
    const auto there = is_there(*maker.site, name);
    if (!there.has_value()) return there.ending();
    if (!*there) continue;
    if (const auto dropped = drop(*maker.site, name); !dropped.has_value()) return dropped.ending();
  }
  return done();
}

Result<Removed> TemplateEngine::clear(Context& context, Asked request, Who tenant, Where server,
                                      const EngineCheck& check, const Template& prepared) {
  const auto plan = blueprint(context, request, tenant, server);
  if (!plan.has_value()) return plan.ending();
  Maker maker(*plan, wire(context, server, *plan), check.major, context);
  const auto old = old_ones(*maker.site, prepared.database);
  if (!old.has_value()) return old.ending();
  Notes notes = notes_of(context);
  for (const std::string& name : *old)
    if (!notes.has(name)) notes.creating.push_back(name);
  if (!old->empty()) context.save(notes);
  for (const std::string& name : *old)
    if (const auto dropped = drop(*maker.site, name); !dropped.has_value()) return dropped.ending();
  const bool changed = !notes.creating.empty();
  return answer(Removed{notes.creating}, changed);
}

Verdict TemplateEngine::verify_clear(Context& context, Asked request, Who tenant, Where server,
                                     const EngineCheck& check, const Template& prepared,
                                     const std::optional<Removed>& output) {
  const auto plan = blueprint(context, request, tenant, server);
  if (!plan.has_value()) return plan.ending();
  Maker maker(*plan, wire(context, server, *plan), check.major, context);
  const auto old = old_ones(*maker.site, prepared.database);
  if (!old.has_value()) return old.ending();
  std::vector<Drift> drift;
  for (const std::string& name : *old) drift.push_back({"database " + name, "none", "there"});
  return verdict(std::move(drift), output ? *output : Removed{notes_of(context).creating});
}

}  // namespace tenantry::odoo
