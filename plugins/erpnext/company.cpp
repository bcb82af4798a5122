// Step 2: the company.
#include "engine.hpp"

namespace tenantry::erpnext {

namespace {

const std::vector<std::string> kCompanyFields{"name",
                                              "abbr",
                                              "default_currency",
                                              "country",
                                              "_user_tags",
                                              "default_cash_account",
                                              "write_off_account",
                                              "cost_center",
                                              "default_income_account"};

// The company's row, or nothing.
Result<std::optional<json::object>> look_for_company(Site& site, const std::string& name) {
  const json::array filters{json::array{"name", "=", name}};
  const Reply reply = site.list("Company", filters, kCompanyFields, 1);
  if (!reply.ok()) return ending_of(reply.fault(), site.concern("Company " + name, "to look for it"));
  const auto rows = reply.rows();
  std::optional<json::object> found;
  if (!rows.empty()) found = rows[0];
  return done(std::move(found));
}

Company company_of(const json::object& row, bool made) {
  return {text_of(row, "name"),
          text_of(row, "abbr"),
          text_of(row, "default_currency"),
          text_of(row, "country"),
          text_of(row, "default_cash_account"),
          text_of(row, "write_off_account"),
          text_of(row, "cost_center"),
          text_of(row, "default_income_account"),
          made};
}

Ending conflict(const std::string& object, const std::string& expected, const std::string& found,
                const std::string& pointer, const std::string& action) {
  return give_up({"erpnext.conflict", "conflict", object, expected, found, action}).at(pointer);
}

std::vector<Drift> differences(const Blueprint& plan, const json::object& row) {
  std::vector<Drift> drift;
  const auto same = [&](const char* field, const std::string& expected) {
    if (text_of(row, field) != expected)
      drift.push_back({"Company " + plan.company + ": " + field, expected, text_of(row, field)});
  };
  same("default_currency", plan.currency);
  same("country", std::string(plan.country->name));
  if (plan.abbreviation_given) same("abbr", plan.abbreviations.front());
  return drift;
}

// Whose the company is, and whether it may be used: nullopt or the reason why not.
std::optional<Ending> refusal(const Blueprint& plan, const json::object& row, Holder holder) {
  const std::string object = "Company " + plan.company;
  const std::string action = "Choose another name for the company, then start again.";
  if (holder == Holder::another_tenant)
    return conflict(object, "none, or this tenant's", "another tenant's", "/request/company/name", action);
  if (holder == Holder::nobody && plan.shared)
    return conflict(object, "none, or this tenant's", "somebody else's", "/request/company/name", action);
  const auto drift = differences(plan, row);
  if (drift.empty()) return std::nullopt;
  return conflict(drift[0].what, drift[0].expected, drift[0].found, "/request/company",
                  "Correct the company in ERPNext, or start again with parameters that fit it.");
}

// The first abbreviation nobody has; always the same one for the same tenant and neighbours.
Result<std::string> free_abbreviation(Site& site, const Blueprint& plan) {
  json::array names;
  for (const std::string& one : plan.abbreviations) names.emplace_back(one);
  const json::array filters{json::array{"abbr", "in", std::move(names)}};
  const Reply reply = site.list("Company", filters, {"name", "abbr"});
  if (!reply.ok()) return ending_of(reply.fault(), site.concern("abbreviations of companies", "to list them"));
  std::string taken_by;
  for (const std::string& one : plan.abbreviations) {
    bool free = true;
    for (const auto& row : reply.rows())
      if (text_of(row, "abbr") == one) {
        free = false;
        taken_by = text_of(row, "name");
      }
    if (free) return done(std::string(one));
  }
  return conflict("Abbreviation " + plan.abbreviations.back(), "a free one", "taken by Company " + taken_by,
                  "/request/company/abbr", "Start again with another abbreviation.");
}

json::object company_fields(const Blueprint& plan, const std::string& abbr) {
  return {{"company_name", plan.company},
          {"abbr", abbr},
          {"default_currency", plan.currency},
          {"country", plan.country->name},
          {"create_chart_of_accounts_based_on", "Standard Template"},
          {"chart_of_accounts", plan.chart},
          {"enable_perpetual_inventory", 1}};
}

}  // namespace

Result<Company> Engine::make_company(Context& context, Asked request, Who tenant, Where server, const Platform&) {
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  const Blueprint& plan = work->plan;
  Site& site = work.value().site;
  const Mark mark(context);
  const std::string title = "Company " + plan.company;
  const Notes earlier = notes_of(context);

  for (int i = 0; i < 4; ++i) {
    const auto found = look_for_company(site, plan.company);
    if (!found.has_value()) return found.ending();
    if (*found) {
      const json::object& row = **found;
      Holder holder = mark.holder(text_of(row, "_user_tags"));
      const Notes notes = notes_of(context);
      if (holder == Holder::nobody && notes.has(title)) {
        const Reply tagged = site.tag("Company", plan.company, mark.tag());
        if (!tagged.ok()) return ending_of(tagged.fault(), site.concern(title, "to mark it as the tenant's"));
        holder = Holder::this_run;
      }
      if (holder != Holder::this_run)
        if (auto reason = refusal(plan, row, holder)) return std::move(*reason);
      return answer(company_of(row, holder == Holder::this_run), holder == Holder::this_run);
    }
    const auto abbr = free_abbreviation(site, plan);
    if (!abbr.has_value()) return abbr.ending();
    Notes notes = notes_of(context);
    if (!notes.has(title)) {
      notes.creating.push_back(title);
      context.save(notes);
    }
    context.progress(0.3, title);
    const Reply made = site.create("Company", company_fields(plan, *abbr), std::chrono::seconds(60));
    if (made.ok()) continue;  // look at what ERPNext made of it
    const Fault& fault = made.fault();
    if (fault.remedy == Remedy::cancelled) return cancelled();
    if (fault.remedy == Remedy::exists && !earlier.has(title)) {
      notes.creating.clear();  // somebody was faster: it is theirs
      context.save(notes);
      continue;
    }
    if (fault.remedy == Remedy::exists || fault.unknown_outcome) {
      const auto there = look_for_company(site, plan.company);
      if (!there.has_value()) return there.ending();
      if (*there) continue;
    }
    // Taken meanwhile; the text of the error is translated, so the list is asked again.
    if (fault.exc_type == "ValidationError") {
      const auto next = free_abbreviation(site, plan);
      if (!next.has_value()) return next.ending();
      if (*next != *abbr) continue;
    }
    // Another company is being made and the shared mode of payment Cash already names its account.
    if (fault.exc_type == "LinkValidationError" && fault.message.find("Row #") != std::string::npos) {
      Fault race = fault;
      race.cause = "transient";
      race.code = "erpnext.company_race";
      race.remedy = Remedy::retry;
      return ending_of(race, site.concern(title, "to create it"));
    }
    if (fault.exc_type == "IndexError")
      return conflict(title, "a chart of accounts ERPNext knows", plan.chart, "/request/chart_of_accounts",
                      "Start again with another chart of accounts.");
    if (fault.remedy == Remedy::exists) {
      Fault again = fault;
      again.remedy = Remedy::retry;
      return ending_of(again, site.concern(title, "to create it"));
    }
    return ending_of(fault, site.concern(title, "to create it"));
  }
  return try_again({"erpnext.company_unsettled", "transient", title, "to find or to make it", "that it comes and goes",
                    "Wait a moment, then Continue."});
}

Verdict Engine::verify_company(Context& context, Asked request, Who tenant, Where server, const Platform&,
                               Maybe<Company> output) {
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  const Blueprint& plan = work->plan;
  const std::string title = "Company " + plan.company;
  const auto found = look_for_company(work.value().site, plan.company);
  if (!found.has_value()) return found.ending();
  if (!*found) return drifted(title, "there", "nothing");
  std::vector<Drift> drift = differences(plan, **found);
  const Holder holder = Mark(context).holder(text_of(**found, "_user_tags"));
  if (output && text_of(**found, "abbr") != output->abbr)
    drift.push_back({title + ": abbr", output->abbr, text_of(**found, "abbr")});
  if (holder == Holder::another_tenant) drift.push_back({title, "this tenant's", "another tenant's"});
  if (holder == Holder::nobody && (notes_of(context).has(title) || (!output && plan.shared)))
    drift.push_back({title, "marked as the tenant's", "not marked"});
  return verdict(std::move(drift), output ? *output : company_of(**found, holder == Holder::this_run));
}

Result<Nothing> Engine::undo_company(Context& context, Asked request, Who tenant, Where server, const Platform&,
                                     Maybe<Company>) {
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  const Blueprint& plan = work->plan;
  Site& site = work.value().site;
  const std::string title = "Company " + plan.company;
  const auto found = look_for_company(site, plan.company);
  if (!found.has_value()) return found.ending();
  if (!*found) return done();
  const Holder holder = Mark(context).holder(text_of(**found, "_user_tags"));
  const bool ours = holder == Holder::this_run || (holder == Holder::nobody && notes_of(context).has(title));
  if (!ours) return done();
  const json::array filters{json::array{"company", "=", plan.company}};
  const Reply booked = site.list("GL Entry", filters, {"name"}, 1);
  if (!booked.ok()) return ending_of(booked.fault(), site.concern("bookings of " + plan.company, "to look for them"));
  if (!booked.rows().empty())
    return give_up({"erpnext.has_bookings", "conflict", title, "no bookings", "bookings",
                    "Delete the company's transactions in ERPNext if its books may be lost, then roll back again."});
  const Reply removed = site.remove("Company", plan.company);
  if (removed.ok() || removed.is(Remedy::absent)) return done();
  return ending_of(removed.fault(), site.concern(title, "to remove it"));
}

Result<Plan> Engine::plan_company(Context& context, Asked request, Who tenant, Where server, Maybe<Platform>) {
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  const Blueprint& plan = work->plan;
  const auto found = look_for_company(work.value().site, plan.company);
  if (!found.has_value()) return found.ending();
  const std::string title = "Company " + plan.company;
  if (!*found) {
    const auto abbr = free_abbreviation(work.value().site, plan);
    if (!abbr.has_value()) return abbr.ending();
    return done(Plan{{{"create", title, "abbreviation " + *abbr + ", chart " + plan.chart + ", " + plan.currency}}});
  }
  const auto reason = refusal(plan, **found, Mark(context).holder(text_of(**found, "_user_tags")));
  return done(Plan{{{"keep", title, reason ? "the step will fail: " + reason->message() : ""}}});
}

}  // namespace tenantry::erpnext
