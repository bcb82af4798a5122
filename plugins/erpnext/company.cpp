// Steps 2 and 3: the company, and what its chart of accounts needs so that every mode of payment has an account.
#include <algorithm>

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
  return failed("erpnext.conflict", object + ": wanted " + expected + ", found " + found)
      .detail("class", "conflict")
      .detail("object", object)
      .detail("expected", expected)
      .detail("found", found)
      .at(pointer)
      .next_action(action);
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

// ---- accounts and modes of payment ----

struct Account {
  std::string name, account_name, type, parent;
  bool is_group = false;
};

Result<std::vector<Account>> look_at_accounts(Site& site, const std::string& company) {
  const json::array filters{json::array{"company", "=", company}};
  const Reply reply =
      site.list("Account", filters, {"name", "account_name", "account_type", "is_group", "parent_account"});
  if (!reply.ok()) return ending_of(reply.fault(), site.concern("accounts of " + company, "to list them"));
  std::vector<Account> accounts;
  for (const auto& row : reply.rows())
    accounts.push_back({text_of(row, "name"), text_of(row, "account_name"), text_of(row, "account_type"),
                        text_of(row, "parent_account"), text_of(row, "is_group") == "1"});
  return done(std::move(accounts));
}

// Where accounts of banks and of mobile money go; names differ by chart, types do not.
std::string bank_group(const std::vector<Account>& accounts, const Company& company) {
  for (const Account& account : accounts)
    if (account.is_group && account.type == "Bank") return account.name;
  for (const Account& account : accounts)
    if (account.name == company.cash_account) return account.parent;
  return {};
}

std::string account_wish(const PaymentMode& mode) { return mode.account.value_or(mode.name); }

Wanted account_for(const PaymentMode& mode, const Company& company, const std::string& parent) {
  const std::string account_name = account_wish(mode);
  return {"Account",
          account_name + " - " + company.abbr,
          {{"account_name", account_name},
           {"company", company.name},
           {"parent_account", parent},
           {"account_type", mode.type == "Cash" ? "Cash" : "Bank"},
           {"account_currency", company.currency},
           {"is_group", 0}},
          {{"company", company.name}}};
}

bool uses_cash_account(const PaymentMode& mode) { return mode.type == "Cash" && !mode.account; }

// An account that is there under any number of its own; "" if none is.
std::string existing_account(const std::vector<Account>& accounts, const std::string& account_name) {
  for (const Account& account : accounts)
    if (!account.is_group && account.account_name == account_name) return account.name;
  return {};
}

std::string cash_account(const std::vector<Account>& accounts, const Company& company) {
  if (!company.cash_account.empty()) return company.cash_account;
  for (const Account& account : accounts)
    if (!account.is_group && account.type == "Cash") return account.name;
  return {};
}

std::string account_in(const json::object& mode, const std::string& company) {
  const json::value* rows = mode.if_contains("accounts");
  if (rows && rows->is_array())
    for (const json::value& row : rows->get_array())
      if (row.is_object() && text_of(row.get_object(), "company") == company)
        return text_of(row.get_object(), "default_account");
  return {};
}

// The rows of other companies, as a PUT wants them: it replaces the whole table.
json::array rows_without(const json::object& mode, const std::string& company) {
  json::array others;
  const json::value* rows = mode.if_contains("accounts");
  if (rows && rows->is_array())
    for (const json::value& row : rows->get_array())
      if (row.is_object() && text_of(row.get_object(), "company") != company)
        others.push_back({{"company", text_of(row.get_object(), "company")},
                          {"default_account", text_of(row.get_object(), "default_account")}});
  return others;
}

// Two tenants change the rows of one mode at once: "modified" makes the second of them look again.
Reply put_rows(Site& site, const std::string& mode, const json::object& seen, json::array rows) {
  return site.update("Mode of Payment", mode, {{"accounts", std::move(rows)}, {"modified", text_of(seen, "modified")}});
}

Wanted mode_of_payment(const PaymentMode& mode, const std::string& company, const std::string& account) {
  return {"Mode of Payment",
          mode.name,
          {{"mode_of_payment", mode.name},
           {"type", mode.type},
           {"enabled", 1},
           {"accounts", json::array{json::object{{"company", company}, {"default_account", account}}}}},
          {},
          true};
}

}  // namespace

// ---- step 2 ----

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
  return retry("erpnext.company_unsettled", title + ": wanted it to be there, found it come and go")
      .detail("class", "transient")
      .detail("object", title);
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
    return failed("erpnext.has_bookings", title + ": wanted no bookings, found some")
        .detail("class", "conflict")
        .detail("object", title)
        .detail("expected", "no bookings")
        .detail("found", "bookings")
        .next_action("Delete the company's transactions in ERPNext if its books may be lost, then roll back again.");
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

// ---- step 3 ----

Result<Chart> Engine::complete_chart(Context& context, Asked request, Who tenant, Where server,
                                     const Company& company) {
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  const Blueprint& plan = work->plan;
  Site& site = work.value().site;
  const auto accounts = look_at_accounts(site, company.name);
  if (!accounts.has_value()) return accounts.ending();
  if (accounts->empty())
    return failed("erpnext.no_chart", "Company " + company.name + ": wanted a chart of accounts, found no account")
        .detail("class", "missing_dependency")
        .detail("object", "Company " + company.name)
        .detail("expected", "a chart of accounts")
        .detail("found", "no account")
        .next_action("Import a chart of accounts for the company in ERPNext, then Continue.");

  Chart chart;
  std::vector<Wanted> wanted;
  const std::string parent = bank_group(*accounts, company);
  for (const PaymentMode& mode : plan.payment_modes) {
    if (uses_cash_account(mode)) {
      chart.payment_modes.push_back({mode.name, cash_account(*accounts, company)});
      continue;
    }
    const Wanted account = account_for(mode, company, parent);
    const std::string there = existing_account(*accounts, account_wish(mode));
    const bool other = !there.empty() && there != account.name;  // of the chart itself, with a number
    if (!other) wanted.push_back(account);
    chart.payment_modes.push_back({mode.name, other ? there : account.name});
  }
  if (!wanted.empty()) {
    const auto made = ensure(site, wanted, {.adopt = true});
    if (!made.has_value()) return made.ending();
    chart.made = *made;
  }

  for (std::size_t i = 0; i < plan.payment_modes.size(); ++i) {
    const PaymentMode& mode = plan.payment_modes[i];
    const std::string& account = chart.payment_modes[i].account;
    const std::string title = "Mode of Payment " + mode.name;
    const Reply now = site.read("Mode of Payment", mode.name);
    if (!now.ok() && !now.is(Remedy::absent)) return ending_of(now.fault(), site.concern(title, "to read it"));
    Notes notes = notes_of(context);
    if (now.is(Remedy::absent) || notes.has(title)) {
      const auto made = ensure(site, {mode_of_payment(mode, company.name, account)}, {.adopt = true});
      if (!made.has_value()) return made.ending();
      chart.made.insert(chart.made.end(), made->begin(), made->end());
      if (now.is(Remedy::absent)) continue;
    }
    const std::string there = account_in(now.fields(), company.name);
    if (!there.empty()) {
      chart.payment_modes[i].account = there;
      continue;
    }
    if (std::find(notes.rows.begin(), notes.rows.end(), mode.name) == notes.rows.end()) {
      notes = notes_of(context);
      notes.rows.push_back(mode.name);
      context.save(notes);
    }
    json::array rows = rows_without(now.fields(), company.name);
    rows.push_back({{"company", company.name}, {"default_account", account}});
    const Reply put = put_rows(site, mode.name, now.fields(), std::move(rows));
    if (!put.ok()) return ending_of(put.fault(), site.concern(title, "an account for " + company.name));
  }
  chart.rows = notes_of(context).rows;
  std::size_t added = 0;
  for (const Wanted& one : wanted)
    if (std::none_of(accounts->begin(), accounts->end(), [&](const Account& a) { return a.name == one.name; })) ++added;
  chart.accounts = static_cast<std::int64_t>(accounts->size() + added);
  const bool changed = !chart.made.empty() || !chart.rows.empty();
  return answer(std::move(chart), changed);
}

Verdict Engine::verify_chart(Context& context, Asked request, Who tenant, Where server, const Company& company,
                             Maybe<Chart> output) {
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  const Blueprint& plan = work->plan;
  Site& site = work.value().site;
  const auto accounts = look_at_accounts(site, company.name);
  if (!accounts.has_value()) return accounts.ending();
  std::vector<Drift> drift;
  if (accounts->empty()) drift.push_back({"accounts of " + company.name, "a chart", "none"});
  Chart chart;
  std::vector<Wanted> wanted;
  for (const PaymentMode& mode : plan.payment_modes) {
    const std::string title = "Mode of Payment " + mode.name;
    const Reply now = site.read("Mode of Payment", mode.name);
    if (!now.ok() && !now.is(Remedy::absent)) return ending_of(now.fault(), site.concern(title, "to read it"));
    const std::string account = account_in(now.fields(), company.name);
    if (account.empty()) drift.push_back({title, "an account of " + company.name, now.ok() ? "none" : "nothing"});
    chart.payment_modes.push_back({mode.name, account});
    if (!uses_cash_account(mode) && account == account_wish(mode) + " - " + company.abbr)
      wanted.push_back(account_for(mode, company, ""));
    if (now.ok() && !output) wanted.push_back(mode_of_payment(mode, company.name, account));
  }
  auto found = survey(site, wanted);
  if (!found.has_value()) return found.ending();
  drift.insert(drift.end(), found->drift.begin(), found->drift.end());
  if (output) return verdict(std::move(drift), *output);
  chart.accounts = static_cast<std::int64_t>(accounts->size());
  chart.made = found->made;
  chart.rows = notes_of(context).rows;
  return verdict(std::move(drift), chart);
}

Result<Nothing> Engine::undo_chart(Context& context, Asked request, Who tenant, Where server, const Company& company,
                                   Maybe<Chart> output) {
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  const Blueprint& plan = work->plan;
  Site& site = work.value().site;
  const Mark mark(context);
  std::vector<std::string> rows = notes_of(context).rows;
  if (output) rows.insert(rows.end(), output->rows.begin(), output->rows.end());
  std::vector<Wanted> accounts;
  for (const PaymentMode& mode : plan.payment_modes) {
    if (!uses_cash_account(mode)) accounts.push_back(account_for(mode, company, ""));
    const std::string title = "Mode of Payment " + mode.name;
    const Reply now = site.read("Mode of Payment", mode.name);
    if (now.is(Remedy::absent)) continue;
    if (!now.ok()) return ending_of(now.fault(), site.concern(title, "to read it"));
    const json::array others = rows_without(now.fields(), company.name);
    if (others.empty()) {  // ours alone, if it carries our mark
      const auto left = take_back(site, {mode_of_payment(mode, company.name, "")});
      if (!left.has_value()) return left.ending();
      const Reply still = site.read("Mode of Payment", mode.name);
      if (still.is(Remedy::absent)) continue;
      if (!still.ok()) return ending_of(still.fault(), site.concern(title, "to read it"));
    }
    const bool by_us = std::find(rows.begin(), rows.end(), mode.name) != rows.end() ||
                       (output && std::find(output->made.begin(), output->made.end(), title) != output->made.end());
    if (!by_us || account_in(now.fields(), company.name).empty()) continue;
    const Reply again = site.read("Mode of Payment", mode.name);  // its time changed if it was disabled
    if (!again.ok()) return ending_of(again.fault(), site.concern(title, "to read it"));
    const Reply put = put_rows(site, mode.name, again.fields(), others);
    if (!put.ok()) return ending_of(put.fault(), site.concern(title, "no account for " + company.name));
  }
  if (accounts.empty()) return done();
  const auto left = take_back(site, accounts);
  if (!left.has_value()) return left.ending();
  return done();
}

}  // namespace tenantry::erpnext
