// Step 3: the company has a chart of accounts, and every mode of payment an account in it.
#include <algorithm>

#include "engine.hpp"

namespace tenantry::erpnext {

namespace {

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

Result<Chart> Engine::complete_chart(Context& context, Asked request, Who tenant, Where server,
                                     const Company& company) {
  auto work = enter(context, request, tenant, server);
  if (!work.has_value()) return work.ending();
  const Blueprint& plan = work->plan;
  Site& site = work.value().site;
  const auto accounts = look_at_accounts(site, company.name);
  if (!accounts.has_value()) return accounts.ending();
  if (accounts->empty())
    return give_up({"erpnext.no_chart", "missing_dependency", "Company " + company.name, "a chart of accounts",
                    "no account", "Import a chart of accounts for the company in ERPNext, then Continue."});

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
    Reply now = site.read("Mode of Payment", mode.name);
    if (!now.ok() && !now.is(Remedy::absent)) return ending_of(now.fault(), site.concern(title, "to read it"));
    Notes notes = notes_of(context);
    if (now.is(Remedy::absent) || notes.has(title)) {
      const auto made = ensure(site, {mode_of_payment(mode, company.name, account)}, {.adopt = true});
      if (!made.has_value()) return made.ending();
      chart.made.insert(chart.made.end(), made->begin(), made->end());
      if (now.is(Remedy::absent) && !made->empty()) continue;
      if (now.is(Remedy::absent)) now = site.read("Mode of Payment", mode.name);  // another tenant was faster
      if (!now.ok()) return ending_of(now.fault(), site.concern(title, "to read it"));
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
