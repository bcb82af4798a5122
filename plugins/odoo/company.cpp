// Steps 2, 3 and 5: the company, its chart of accounts, and settings.
#include "engine.hpp"

namespace tenantry::odoo {

namespace {

using std::chrono::seconds;

Result<std::int64_t> id_by(Database& database, const std::string& model, const std::string& field,
                           const std::string& value) {
  const Reply rows = database.search_read(model, {json::array{field, "=", value}}, {field}, true);
  const std::string title = model + " " + value;
  if (!rows.ok()) return ending_of(rows.fault(), database.concern(title, "to look for it"));
  if (rows.rows().empty())
    return give_up({"odoo.invalid_input", "invalid_input", title, "one Odoo knows", "nothing",
                    "Start again with corrected parameters."});
  return done(id_of(rows.rows()[0], "id"));
}

// What the company's record shall hold. Of one that was taken over only the year and, if asked for, the money.
Result<json::object> company_fields(Database& database, const Blueprint& plan, const Platform& platform) {
  json::object fields{{"fiscalyear_last_month", std::to_string(plan.year_end_month)},
                      {"fiscalyear_last_day", plan.year_end_day},
                      {"name", plan.company}};
  const auto country = id_by(database, "res.country", "code", std::string(plan.country->code));
  if (!country.has_value()) return country.ending();
  fields["country_id"] = *country;
  if (platform.created || plan.currency_given) {
    const auto currency = id_by(database, "res.currency", "name", plan.currency);
    if (!currency.has_value()) return currency.ending();
    fields["currency_id"] = *currency;
  }
  if (platform.created && !plan.owner_email.empty()) fields["email"] = plan.owner_email;
  return done(std::move(fields));
}

// A company of somebody else's is not renamed and not moved to another country.
Result<Nothing> refuse_strangers(Database& database, const Blueprint& plan, const Platform& platform,
                                 const json::object& fields) {
  const Reply rows =
      database.search_read("res.company", {json::array{"id", "=", platform.company}}, {"name", "country_id"});
  const std::string title = "company " + plan.company;
  if (!rows.ok()) return ending_of(rows.fault(), database.concern(title, "to read it"));
  if (rows.rows().empty() || platform.created) return done();
  const std::string name = text_of(rows.rows()[0], "name");
  const std::int64_t country = id_of(rows.rows()[0], "country_id");
  const bool untouched = name == "My Company" || name == "YourCompany" || name == plan.company;
  if (!untouched)
    return give_up({"odoo.conflict", "conflict", title, plan.company, name,
                    "Name the company as in Odoo in the request, or use another database."})
        .at("/request/company/name");
  if (country != 0 && country != fields.at("country_id").as_int64())
    return give_up({"odoo.conflict", "conflict", "country of " + title, std::string(plan.country->code),
                    text_of(rows.rows()[0], "country_id"), "Start again with the country of the company."})
        .at("/request/country_template");
  return done();
}

Result<Company> company_output(Database& database, const Platform& platform, std::vector<Changed> changes) {
  const Reply rows =
      database.search_read("res.company", {json::array{"id", "=", platform.company}}, {"name", "currency_id"});
  if (!rows.ok()) return ending_of(rows.fault(), database.concern("company", "to read it"));
  if (rows.rows().empty())
    return give_up({"odoo.absent", "not_found", "company", "there", "nothing", "Restore the company, then Continue."});
  const json::object row = rows.rows()[0];
  return done(Company{platform.company, text_of(row, "name"), text_of(row, "currency_id"), std::move(changes)});
}

// "": none.
Result<std::string> chart_of(Database& database, std::int64_t company) {
  const Reply rows = database.search_read("res.company", {json::array{"id", "=", company}}, {"chart_template"});
  if (!rows.ok()) return ending_of(rows.fault(), database.concern("chart of accounts", "to look for it"));
  return done(rows.rows().empty() ? std::string() : text_of(rows.rows()[0], "chart_template"));
}

json::object company_settings() { return {{"point_of_sale_update_stock_quantities", "real"}}; }

bool wants_currencies(const Blueprint& plan) { return plan.currency != plan.country->currency; }

Result<bool> has_currencies(Database& database) {
  const Reply has = database.call({.model = "res.users",
                                   .method = "has_group",
                                   .named = {{"group_ext_id", "base.group_multi_currency"}},
                                   .ids = json::array{database.user()}});
  if (!has.ok()) return ending_of(has.fault(), database.concern("multi-currency", "to look for it"));
  return done(has.value() == true);
}

Result<Nothing> set_currencies(Database& database, bool on) {
  const Concern concern = database.concern("multi-currency", on ? "to switch it on" : "to switch it off");
  const Reply made = database.create("res.config.settings", {{"group_multi_currency", on}});
  if (!made.ok()) return ending_of(made.fault(), concern);
  const Reply done_it =
      database.call({.model = "res.config.settings", .method = "execute", .ids = json::array{made.id()}}, seconds(120));
  if (!done_it.ok()) return ending_of(done_it.fault(), concern);
  return done();
}

Changed currencies_change() { return {"res.config.settings", 0, "group_multi_currency", false, true}; }

}  // namespace

// ---- step 2 ----

Result<Company> Engine::make_company(Context& context, Asked request, Who tenant, Where server,
                                     const Platform& platform) {
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return work.ending();
  Database& database = work.value().database;
  const auto fields = company_fields(database, work->plan, platform);
  if (!fields.has_value()) return fields.ending();
  if (const auto fine = refuse_strangers(database, work->plan, platform, *fields); !fine.has_value())
    return fine.ending();
  const auto changes = apply(database, "res.company", platform.company, *fields);
  if (!changes.has_value()) return changes.ending();
  auto output = company_output(database, platform, *changes);
  if (!output.has_value()) return output;
  return answer(std::move(output.value()), !changes->empty());
}

Verdict Engine::verify_company(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                               Maybe<Company> output) {
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return looked(work.ending());
  Database& database = work.value().database;
  const auto fields = company_fields(database, work->plan, platform);
  if (!fields.has_value()) return looked(fields.ending());
  const auto drift = compare(database, "res.company", platform.company, *fields);
  if (!drift.has_value()) return looked(drift.ending());
  if (output) return verdict(*drift, *output);
  const auto found = company_output(database, platform, notes_of(context).changing);
  if (!found.has_value()) return looked(found.ending());
  return verdict(*drift, *found);
}

Result<Nothing> Engine::undo_company(Context& context, Asked request, Who tenant, Where server,
                                     const Platform& platform, Maybe<Company> output) {
  if (platform.created) return done();
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return work.ending();
  return put_back(work.value().database, output ? output->changes : notes_of(context).changing);
}

Result<Plan> Engine::plan_company(Context& context, Asked request, Who tenant, Where server, Maybe<Platform> platform) {
  if (!platform) {
    const auto plan = blueprint(context, request, tenant, server);
    if (!plan.has_value()) return plan.ending();
    return done(Plan{{{"change", "company " + plan->company, "name, country, money and fiscal year"}}});
  }
  auto work = enter(context, request, tenant, server, *platform, Purpose::use_key);
  if (!work.has_value()) return work.ending();
  Database& database = work.value().database;
  const auto fields = company_fields(database, work->plan, *platform);
  if (!fields.has_value()) return fields.ending();
  const auto drift = compare(database, "res.company", platform->company, *fields);
  if (!drift.has_value()) return drift.ending();
  Plan all;
  for (const Drift& one : *drift) all.actions.push_back({"change", one.what, one.found + " becomes " + one.expected});
  if (all.actions.empty()) all.actions.push_back({"keep", "company " + work->plan.company, ""});
  return done(std::move(all));
}

// ---- step 3 ----

Result<Chart> Engine::load_chart(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                                 const Company& company) {
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return work.ending();
  const Blueprint& plan = work->plan;
  Database& database = work.value().database;
  auto loaded_code = chart_of(database, company.id);
  if (!loaded_code.has_value()) return loaded_code.ending();
  Notes notes = notes_of(context);
  // With the country's code Odoo has loaded the country's chart by itself.
  const bool fits = !loaded_code->empty() && (plan.chart.empty() || plan.chart == *loaded_code);
  if (fits) return answer(Chart{*loaded_code}, !notes.creating.empty());
  const std::string wanted = plan.chart.empty() ? "generic_coa" : plan.chart;
  notes.creating = {"chart " + wanted};
  context.save(notes);
  const Reply loaded = database.call({.model = "account.chart.template",
                                      .method = "try_loading",
                                      .named = {{"template_code", wanted}, {"company", company.id}},
                                      .ids = json::array()},
                                     seconds(300));
  if (!loaded.ok()) {
    const Fault& fault = loaded.fault();
    // An unknown code is a KeyError, or a ValueError of the field that holds it.
    if (fault.is("odoo.rejected"))
      return give_up({"odoo.unknown_chart", "invalid_input", "chart of accounts " + wanted, "one Odoo knows",
                      fault.message, "Start again with another chart of accounts."})
          .at("/request/chart_of_accounts");
    return ending_of(fault, database.concern("chart of accounts " + wanted, "to load it"));
  }
  loaded_code = chart_of(database, company.id);
  if (!loaded_code.has_value()) return loaded_code.ending();
  if (*loaded_code != wanted)
    return give_up({"odoo.unknown_chart", "invalid_input", "chart of accounts", wanted, *loaded_code,
                    "Start again with another chart of accounts."})
        .at("/request/chart_of_accounts");
  return done(Chart{*loaded_code});
}

Verdict Engine::verify_chart(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                             const Company& company, Maybe<Chart> output) {
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return looked(work.ending());
  const auto code = chart_of(work.value().database, company.id);
  if (!code.has_value()) return looked(code.ending());
  const std::string wanted = output ? output->code : work->plan.chart.empty() ? *code : work->plan.chart;
  std::vector<Drift> drift;
  if (code->empty() || *code != wanted) drift.push_back({"chart of accounts", wanted.empty() ? "one" : wanted, *code});
  return verdict(std::move(drift), output ? *output : Chart{*code});
}

Result<Nothing> Engine::undo_chart(Context& context, Asked, Who, Where, const Platform& platform, const Company&,
                                   Maybe<Chart> output) {
  if (!platform.created && output)
    context.warn("the chart of accounts stays: Odoo does not take one back", {{"chart", output->code}});
  return done();
}

// ---- step 5 ----

Result<Applied> Engine::apply_settings(Context& context, Asked request, Who tenant, Where server,
                                       const Platform& platform, const Company& company, const Chart&) {
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return work.ending();
  Database& database = work.value().database;
  const auto changes = apply(database, "res.company", company.id, company_settings());
  if (!changes.has_value()) return changes.ending();
  Applied output{*changes};
  if (wants_currencies(work->plan)) {
    const auto has = has_currencies(database);
    if (!has.has_value()) return has.ending();
    Notes notes = notes_of(context);
    const bool begun = notes.has("multi-currency");
    if (!*has) {
      if (!begun) notes.creating.emplace_back("multi-currency");
      context.save(notes);
      if (const auto set = set_currencies(database, true); !set.has_value()) return set.ending();
    }
    if (!*has || begun) output.changes.push_back(currencies_change());
  }
  const bool changed = !output.changes.empty();
  return answer(std::move(output), changed);
}

Verdict Engine::verify_settings(Context& context, Asked request, Who tenant, Where server, const Platform& platform,
                                const Company& company, const Chart&, Maybe<Applied> output) {
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return looked(work.ending());
  Database& database = work.value().database;
  auto drift = compare(database, "res.company", company.id, company_settings());
  if (!drift.has_value()) return looked(drift.ending());
  const Notes notes = notes_of(context);
  Applied found{notes.changing};
  if (wants_currencies(work->plan)) {
    const auto has = has_currencies(database);
    if (!has.has_value()) return looked(has.ending());
    if (!*has) drift.value().push_back({"multi-currency", "on", "off"});
    if (notes.has("multi-currency")) found.changes.push_back(currencies_change());
  }
  return verdict(*drift, output ? *output : found);
}

Result<Nothing> Engine::undo_settings(Context& context, Asked request, Who tenant, Where server,
                                      const Platform& platform, const Company&, const Chart&, Maybe<Applied> output) {
  if (platform.created) return done();
  auto work = enter(context, request, tenant, server, platform, Purpose::use_key);
  if (!work.has_value()) return work.ending();
  std::vector<Changed> changes = output ? output->changes : notes_of(context).changing;
  const auto groups = std::erase_if(changes, [](const Changed& one) { return one.model == "res.config.settings"; });
  if (groups > 0) context.warn("multi-currency stays on: whoever has used it since would lose sight of it");
  return put_back(work.value().database, changes);
}

}  // namespace tenantry::odoo
