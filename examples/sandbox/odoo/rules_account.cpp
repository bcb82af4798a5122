#include <algorithm>
#include <array>

#include "sandbox/odoo/rules.hpp"

namespace tenantry::sandbox::odoo {

namespace {

std::string digits(std::int64_t number, int width) {
  std::string text = std::to_string(number);
  if (const auto lacking = width - static_cast<int>(text.size()); lacking > 0)
    text.insert(0, static_cast<std::size_t>(lacking), '0');
  return text;
}

bool belongs(const json::object& account, Id company) {
  for (const Id id : ids_of(member(account, "company_ids")))
    if (id == company) return true;
  return false;
}

// The first free code of six digits with this prefix.
std::string free_code(Env& env, Id company, const std::string& prefix) {
  for (std::int64_t n = 0;; ++n) {
    const std::string code = prefix + digits(n, 6 - static_cast<int>(prefix.size()));
    const auto& accounts = env.database().table("account.account");
    if (std::none_of(accounts.begin(), accounts.end(), [&](const auto& row) {
          return text_of(member(*row.second, "code")) == code && belongs(*row.second, company);
        }))
      return code;
  }
}

Id put_account(Env& env, Id company, const std::string& code, const std::string& name, const std::string& type) {
  const Id id = env.transaction.next_id("account.account");
  env.transaction.put("account.account", id,
                      {{"name", name},
                       {"code", code},
                       {"account_type", type},
                       {"active", true},
                       {"company_ids", json::array{company}},
                       {"reconcile", type == "asset_receivable" || type == "liability_payable"}});
  env.transaction.note("account.account", id, "created");
  return id;
}

void complete_journal(Env& env, json::object& values) {
  auto& database = env.database();
  if (!truthy(member(values, "company_id"))) values["company_id"] = env.company();
  const Id company = int_of(values.at("company_id"));
  const std::string type = text_of(member(values, "type"));
  const bool liquid = type == "cash" || type == "bank";
  std::string code = text_of(member(values, "code"));
  if (code.empty() && liquid) {
    const std::string prefix = type == "cash" ? "CSH" : "BNK";
    for (int n = 1; code.empty(); ++n) {
      const auto& rows = database.table("account.journal");
      const std::string candidate = prefix + std::to_string(n);
      if (std::none_of(rows.begin(), rows.end(), [&](const auto& row) {
            return text_of(member(*row.second, "code")) == candidate &&
                   int_of(member(*row.second, "company_id")) == company;
          }))
        code = candidate;
    }
  }
  // The column has room for five.
  values["code"] = code.substr(0, 5);
  if (!liquid) return;
  const Transaction::Quietly quietly(env.transaction);
  if (!truthy(member(values, "default_account_id"))) {
    const std::string prefix = text_of(database.get("res.company", company, type + "_account_code_prefix"));
    values["default_account_id"] = put_account(env, company, free_code(env, company, prefix.empty() ? "1014" : prefix),
                                               text_of(member(values, "name")), "asset_cash");
  }
  for (const char* field : {"profit_account_id", "loss_account_id"})
    if (!truthy(member(values, field)))
      values[field] = database.get(
          "res.company", company,
          std::string("default_cash_difference_") + (field[0] == 'p' ? "income" : "expense") + "_account_id");
}

constexpr std::array<std::pair<const char*, const char*>, 20> kAccounts{{{"Account Receivable", "asset_receivable"},
                                                                         {"Account Payable", "liability_payable"},
                                                                         {"Current Assets", "asset_current"},
                                                                         {"Bank Suspense Account", "asset_current"},
                                                                         {"Outstanding Receipts", "asset_current"},
                                                                         {"Outstanding Payments", "asset_current"},
                                                                         {"Liquidity Transfer", "asset_current"},
                                                                         {"Stock Valuation", "asset_current"},
                                                                         {"Fixed Asset", "asset_fixed"},
                                                                         {"Prepayments", "asset_prepayments"},
                                                                         {"Tax Received", "liability_current"},
                                                                         {"Tax Paid", "asset_current"},
                                                                         {"Tax Payable", "liability_current"},
                                                                         {"Capital", "equity"},
                                                                         {"Undistributed Profits", "equity_unaffected"},
                                                                         {"Product Sales", "income"},
                                                                         {"Foreign Exchange Gain", "income_other"},
                                                                         {"Cost of Goods Sold", "expense_direct_cost"},
                                                                         {"Expenses", "expense"},
                                                                         {"Salary Expenses", "expense"}}};

std::int64_t accounts_of(const std::string& chart, int version) {
  if (chart == "ke") return version < 19 ? 123 : 133;
  return chart == "generic_coa" ? 51 : 100;
}

void make_accounts(Env& env, const std::string& chart, Id company) {
  const bool kenya = chart == "ke";
  const std::int64_t total = accounts_of(chart, env.version());
  const std::int64_t difference = kenya ? 108 : 45;  // where the account of the till's differences stands
  const std::string liquid = kenya ? "1250" : "1014";
  for (std::int64_t n = 1; n <= total; ++n) {
    if (n == difference) {
      const Id id = put_account(env, company, kenya ? "514600" : "999001", "Cash Register Gains/Losses", "expense");
      store(env, "res.company", company,
            {{"default_cash_difference_income_account_id", id}, {"default_cash_difference_expense_account_id", id}});
    } else if (n == total - 1) {
      put_account(env, company, liquid + "00", "Bank", "asset_cash");
    } else if (n == total) {
      put_account(env, company, (kenya ? "1250" : "1015") + std::string(kenya ? "01" : "00"), "Cash", "asset_cash");
    } else if (n <= static_cast<std::int64_t>(kAccounts.size())) {
      const auto& [name, type] = kAccounts[static_cast<std::size_t>(n - 1)];
      put_account(env, company, digits(100000 + n * 1000, 6), name, type);
    } else {
      put_account(env, company, digits(600000 + n * 100, 6), "Other Expenses " + std::to_string(n), "expense");
    }
  }
  store(env, "res.company", company,
        {{"bank_account_code_prefix", liquid}, {"cash_account_code_prefix", kenya ? "1250" : "1015"}});
}

Id account_with(Env& env, Id company, const std::string& code) {
  for (const auto& [id, record] : env.database().table("account.account"))
    if (text_of(member(*record, "code")) == code && belongs(*record, company)) return id;
  return 0;
}

void make_journals(Env& env, const std::string& chart, Id company) {
  const bool kenya = chart == "ke";
  struct Row {
    const char* name;
    const char* code;
    const char* type;
    int sequence;
  };
  static constexpr std::array<Row, 8> kJournals{{{"Customer Invoices", "INV", "sale", 5},
                                                 {"Vendor Bills", "BILL", "purchase", 6},
                                                 {"Miscellaneous Operations", "MISC", "general", 9},
                                                 {"Exchange Difference", "EXCH", "general", 10},
                                                 {"Cash Basis Taxes", "CABA", "general", 10},
                                                 {"Bank", "BNK1", "bank", 7},
                                                 {"Cash", "CSH1", "cash", 10},
                                                 {"Inventory Valuation", "STJ", "general", 11}}};
  for (const auto& row : kJournals) {
    const std::string code = row.code;
    if (code == "STJ" && (env.version() >= 19 || !env.database().installed("stock_account"))) continue;
    json::object values{{"name", row.name},
                        {"code", row.code},
                        {"type", row.type},
                        {"sequence", row.sequence},
                        {"company_id", company}};
    if (code == "BNK1") values["default_account_id"] = account_with(env, company, kenya ? "125000" : "101400");
    if (code == "CSH1") values["default_account_id"] = account_with(env, company, kenya ? "125001" : "101500");
    const Id id = create(env, "account.journal", values);
    if (code == "EXCH") store(env, "res.company", company, {{"currency_exchange_journal_id", id}});
  }
}

void make_taxes(Env& env, const std::string& chart, Id company) {
  struct Row {
    const char* name;
    double amount;
  };
  static const std::vector<Row> kKenya{{"16%", 16},         {"8%", 8},       {"0%", 0},       {"0% EXEMPT", 0},
                                       {"2% WH", -2},       {"3% WH", -3},   {"5% WH", -5},   {"10% WH", -10},
                                       {"12.5% WH", -12.5}, {"15% WH", -15}, {"20% WH", -20}, {"25% WH", -25},
                                       {"30% WH", -30}};
  static const std::vector<Row> kOther{{"15%", 15}};
  const auto& rows = chart == "ke" ? kKenya : kOther;
  const auto& fiscal = env.database().get("res.company", company, "account_fiscal_country_id");
  for (const char* use : {"sale", "purchase"}) {
    Id first = 0;
    for (const auto& row : rows) {
      json::object values{{"name", row.name},    {"amount", row.amount},  {"amount_type", "percent"},
                          {"type_tax_use", use}, {"company_id", company}, {"tax_exigibility", "on_invoice"}};
      if (truthy(fiscal)) values["country_id"] = fiscal;
      const Id id = create(env, "account.tax", values);
      if (first == 0) first = id;
    }
    store(env, "res.company", company, {{std::string("account_") + use + "_tax_id", first}});
  }
}

}  // namespace

void add_account_rules(std::map<std::string, Rules>& rules) {
  Rules& journals = rules["account.journal"];
  journals.before_create = complete_journal;
  Rules& accounts = rules["account.account"];
  accounts.before_create = [](Env& env, json::object& values) {
    if (!truthy(member(values, "company_ids")))
      values["company_ids"] = json::array{json::array{6, 0, json::array{env.company()}}};
  };
  accounts.name = [](Env& env, Id id) -> std::optional<std::string> {
    const auto& database = env.database();
    return text_of(database.get("account.account", id, "code")) + " " +
           text_of(database.get("account.account", id, "name"));
  };
  accounts.after_create = [](Env& env, Id id) {
    const auto& mine = env.database().get("account.account", id, "code");
    const auto& company = env.database().get("account.account", id, "company_ids");
    for (const auto& [other, record] : env.database().table("account.account"))
      if (other != id && truthy(mine) && member(*record, "code") == mine && member(*record, "company_ids") == company)
        throw validation("Account codes must be unique. You can't create accounts with these duplicate codes: " +
                         text_of(mine));
  };
  rules["account.tax"].before_create = [](Env& env, json::object& values) {
    if (!truthy(member(values, "company_id"))) values["company_id"] = env.company();
  };
}

void load_chart(Env& env, const std::string& code, Id company) {
  const auto* chart = env.schema().chart(code);
  if (!chart) throw python("KeyError", code);
  if (!exists(env, "res.company", company)) throw missing("res.company", company, env.user);
  if (text_of(env.database().get("res.company", company, "chart_template")) == code) return;
  const Transaction::Quietly quietly(env.transaction);
  const bool sudo = std::exchange(env.sudo, true);
  if (record_of(env, "res.groups", "account.group_account_manager") == 0)
    add_groups(env, {{"Invoicing / Billing", "account.group_account_invoice"},
                     {"Invoicing / Administrator", "account.group_account_manager"}});
  for (const char* model : {"account.tax", "account.journal"}) {
    const Table before = env.database().table(model);
    for (const auto& [id, record] : before)
      if (int_of(member(*record, "company_id")) == company) env.transaction.erase(model, id);
  }
  const Table accounts = env.database().table("account.account");
  for (const auto& [id, record] : accounts)
    if (belongs(*record, company)) env.transaction.erase("account.account", id);
  if (!chart->module.empty())
    for (const auto& module : env.schema().modules)
      if (module.name == chart->module) store(env, "ir.module.module", module.id, {{"state", "installed"}});
  store(env, "res.company", company, {{"chart_template", code}});
  const auto& country = env.database().get("res.company", company, "country_id");
  if (truthy(country) && !truthy(env.database().get("res.company", company, "account_fiscal_country_id")))
    store(env, "res.company", company, {{"account_fiscal_country_id", country}});
  make_accounts(env, code, company);
  make_journals(env, code, company);
  make_taxes(env, code, company);
  env.sudo = sudo;
}

}  // namespace tenantry::sandbox::odoo
