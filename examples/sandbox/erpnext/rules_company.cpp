// A company and everything that ERPNext makes along with it.
#include <array>
#include <cctype>
#include <functional>

#include "sandbox/erpnext/rules.hpp"

namespace tenantry::sandbox::erpnext {

namespace {

struct DefaultAccount {
  const char* field;
  const char* account;
};
// The company's fields and the accounts of the standard chart that they point to.
constexpr std::array<DefaultAccount, 17> kDefaultAccounts{
    {{"default_cash_account", "Cash"},
     {"default_receivable_account", "Debtors"},
     {"default_payable_account", "Creditors"},
     {"write_off_account", "Write Off"},
     {"default_expense_account", "Cost of Goods Sold"},
     {"default_income_account", "Sales"},
     {"exchange_gain_loss_account", "Exchange Gain/Loss"},
     {"round_off_account", "Round Off"},
     {"accumulated_depreciation_account", "Accumulated Depreciation"},
     {"depreciation_expense_account", "Depreciation"},
     {"expenses_included_in_asset_valuation", "Expenses Included In Asset Valuation"},
     {"disposal_account", "Gain/Loss on Asset Disposal"},
     {"capital_work_in_progress_account", "CWIP Account"},
     {"asset_received_but_not_billed", "Asset Received But Not Billed"},
     {"default_inventory_account", "Stock In Hand"},
     {"stock_adjustment_account", "Stock Adjustment"},
     {"stock_received_but_not_billed", "Stock Received But Not Billed"}}};

std::string company_text(const json::object& document, const char* field) {
  return as_text(field_of(*schema().find("Company"), document, field));
}

std::string initials(const std::string& name) {
  std::string result;
  bool start = true;
  for (const char c : name) {
    if (start && std::isalnum(static_cast<unsigned char>(c)))
      result += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    start = c == ' ';
  }
  return result;
}

bool is_account(const json::value& branch) { return branch.is_object(); }

// A branch of the chart is a group if it says so or if it holds accounts.
bool is_group(const json::object& branch) {
  if (branch.contains("is_group")) return true;
  for (const auto& member : branch)
    if (is_account(member.value())) return true;
  return false;
}

void copy_accounts(Transaction& transaction, const std::string& from, const std::string& to) {
  Site& site = transaction.site();
  const std::string old_end = " - " + abbreviation(site, from);
  const std::string new_end = " - " + abbreviation(site, to);
  const auto renamed = [&](std::string name) {
    if (name.ends_with(old_end)) name.replace(name.size() - old_end.size(), old_end.size(), new_end);
    return name;
  };
  std::vector<json::object> copies;
  for (const auto& [key, row] : site.table("Account"))
    if (site.text("Account", key, "company") == from) copies.push_back(*row.document);
  for (auto& account : copies) {
    account["company"] = to;
    if (const auto* parent = account.if_contains("parent_account"))
      account["parent_account"] = renamed(as_text(*parent));
    const std::string name = renamed(as_text(account["name"]));
    make(transaction, "Account", name, std::move(account));
  }
  const std::string bank = site.text("Company", from, "default_bank_account");
  if (!bank.empty()) change(transaction, "Company", to, {{"default_bank_account", renamed(bank)}});
}

void make_vat(Transaction& transaction, const std::string& company, bool numbered) {
  Site& site = transaction.site();
  const std::string end = " - " + abbreviation(site, company);
  const std::string country = site.text("Company", company, "country");
  const std::string parent = account_named(site, company, "Duties and Taxes");
  const auto add = [&](const std::string& name) {
    make(transaction, "Account", name + end,
         {{"account_name", name},
          {"company", company},
          {"parent_account", parent},
          {"root_type", "Liability"},
          {"report_type", "Balance Sheet"},
          {"account_type", "Tax"},
          {"is_group", 0},
          {"account_currency", site.get("Company", company, "default_currency")}});
  };
  add("VAT");
  if (country == "United States" && !numbered) {
    add("ST 6%");
    add("Sales Tax");
  }
  make(transaction, "Sales Taxes and Charges Template", country + " Tax" + end,
       {{"title", country + " Tax"}, {"company", company}, {"is_default", 1}});
  make(transaction, "Item Tax Template", country + " Tax" + end, {{"title", country + " Tax"}, {"company", company}});
}

void make_places(Transaction& transaction, const std::string& company) {
  Site& site = transaction.site();
  const std::string abbr = abbreviation(site, company);
  const std::string end = " - " + abbr;
  const std::string root = company + end;
  make(transaction, "Cost Center", root, {{"cost_center_name", company}, {"company", company}, {"is_group", 1}});
  make(transaction, "Cost Center", "Main" + end,
       {{"cost_center_name", "Main"}, {"company", company}, {"parent_cost_center", root}});

  if (!site.exists("Warehouse Type", "Transit"))
    throw thrown(417, "LinkValidationError", "Could not find Warehouse Type: Transit", true);
  const std::string all = "All Warehouses" + end;
  make(transaction, "Warehouse", all, {{"warehouse_name", "All Warehouses"}, {"company", company}, {"is_group", 1}});
  for (const std::string warehouse : {"Stores", "Work In Progress", "Finished Goods", "Goods In Transit"}) {
    json::object fields{{"warehouse_name", warehouse}, {"company", company}, {"parent_warehouse", all}};
    if (warehouse == "Goods In Transit") fields["warehouse_type"] = "Transit";
    make(transaction, "Warehouse", warehouse + end, std::move(fields));
  }

  if (!site.exists("Department", "All Departments"))
    make(transaction, "Department", "All Departments", {{"department_name", "All Departments"}, {"is_group", 1}});
  for (const auto& department : presets().at("departments").as_array()) {
    const std::string name(department.as_string());
    make(transaction, "Department", name + end,
         {{"department_name", name}, {"company", company}, {"parent_department", "All Departments"}});
  }
}

void add_cash_row(Transaction& transaction, const std::string& company, const std::string& account) {
  const auto* cash = transaction.site().find("Mode of Payment", "Cash");
  if (!cash || account.empty()) return;
  const auto* stored = cash->if_contains("accounts");
  json::array rows = stored ? stored->as_array() : json::array{};
  for (const auto& row : rows)
    if (as_text(row.at("company")) == company) return;
  rows.push_back(json::object{{"name", random_name()}, {"company", company}, {"default_account", account}});
  change(transaction, "Mode of Payment", "Cash", {{"accounts", rows}});
}

void create_company(Transaction& transaction, const std::string& company) {
  Site& site = transaction.site();
  const auto stored = *site.find("Company", company);
  if (company_text(stored, "create_chart_of_accounts_based_on") == "Existing Company") {
    copy_accounts(transaction, company_text(stored, "existing_company"), company);
  } else {
    const std::string chart = company_text(stored, "chart_of_accounts");
    if (!knows_chart(company_text(stored, "country"), chart))
      throw crash("IndexError", "IndexError: list index out of range", true);
    const bool numbered =
        chart.find("Numbers") != std::string::npos || chart.find("mit Kontonummern") != std::string::npos;
    make_accounts(transaction, company, numbered);
    make_vat(transaction, company, numbered);
  }
  make_places(transaction, company);
  set_company_defaults(transaction, company);
  if (site.single("Global Defaults", "default_company").empty() && site.table("Company").size() == 1)
    change(transaction, "Global Defaults", "Global Defaults", {{"default_company", company}});
}

bool has_ledger(Site& site, const std::string& company) {
  for (const auto& [key, row] : site.table("GL Entry"))
    if (site.text("GL Entry", key, "company") == company) return true;
  return false;
}

// What belongs to a company goes with it, as long as nothing was ever booked.
void trash_company(Transaction& transaction, const std::string& company) {
  Site& site = transaction.site();
  if (has_ledger(site, company)) return;
  for (const auto& [key, row] : site.table("POS Profile"))
    if (site.text("POS Profile", key, "company") == company) return;
  for (const std::string doctype :
       {"Account", "Cost Center", "Warehouse", "Department", "Sales Taxes and Charges Template", "Item Tax Template",
        "Bin", "Transaction Deletion Record"}) {
    std::vector<std::string> names;
    for (const auto& [key, row] : site.table(doctype))
      if (site.text(doctype, key, "company") == company ||
          (doctype == "Bin" && site.text("Warehouse", site.text("Bin", key, "warehouse"), "company") == company))
        names.push_back(key);
    for (const auto& name : names) transaction.erase(doctype, name);
  }
  const auto without_company = [&](const std::string& doctype, const char* table) {
    std::vector<std::pair<std::string, json::array>> changed;
    for (const auto& [key, row] : site.table(doctype)) {
      const auto* rows = row.document->if_contains(table);
      if (!rows || !rows->is_array()) continue;
      json::array kept;
      for (const auto& entry : rows->get_array())
        if (!entry.as_object().contains("company") || as_text(entry.at("company")) != company) kept.push_back(entry);
      if (kept.size() != rows->get_array().size()) changed.emplace_back(key, std::move(kept));
    }
    for (auto& [key, rows] : changed) change(transaction, doctype, key, {{table, rows}});
  };
  without_company("Mode of Payment", "accounts");
  without_company("Item", "item_defaults");
  if (site.single("Global Defaults", "default_company") == company)
    change(transaction, "Global Defaults", "Global Defaults", {{"default_company", ""}});
}

}  // namespace

json::array charts_for(const std::string& country, bool with_standard) {
  json::array result;
  if (const auto* own = charts().at("own").as_object().if_contains(country)) result = own->as_array();
  if (with_standard || result.empty()) {
    result.emplace_back("Standard");
    result.emplace_back("Standard with Numbers");
  }
  return result;
}

bool knows_chart(const std::string& country, const std::string& chart) {
  for (const auto& known : charts_for(country, true))
    if (known.as_string() == chart) return true;
  return false;
}

std::string account_named(Site& site, const std::string& company, const std::string& account_name) {
  const std::string end = " - " + abbreviation(site, company);
  if (site.exists("Account", account_name + end)) return account_name + end;
  for (const auto& [key, row] : site.table("Account"))
    if (site.text("Account", key, "account_name") == account_name && site.text("Account", key, "company") == company)
      return key;
  return {};
}

void make_accounts(Transaction& transaction, const std::string& company, bool numbered) {
  Site& site = transaction.site();
  const std::string end = " - " + abbreviation(site, company);
  const json::value currency = site.get("Company", company, "default_currency");
  const auto& numbers = charts().at("numbers").as_object();
  // Numbers of groups were never recorded; any that are not taken will do.
  int next_number = 9000;
  const std::function<void(const json::object&, const std::string&, const std::string&)> walk =
      [&](const json::object& level, const std::string& parent, const std::string& root_type) {
        for (const auto& member : level) {
          if (!is_account(member.value())) continue;
          const auto& branch = member.value().get_object();
          const std::string account(member.key());
          const auto* root = branch.if_contains("root_type");
          const std::string type = root ? as_text(*root) : root_type;
          json::object fields{
              {"account_name", account},
              {"company", company},
              {"is_group", is_group(branch) ? 1 : 0},
              {"root_type", type},
              {"report_type", type == "Income" || type == "Expense" ? "Profit and Loss" : "Balance Sheet"},
              {"account_currency", currency}};
          if (!parent.empty()) fields["parent_account"] = parent;
          if (const auto* kind = branch.if_contains("account_type")) fields["account_type"] = *kind;
          std::string name = account + end;
          if (numbered) {
            const auto* known = numbers.if_contains(account);
            const std::string number = known ? as_text(*known) : std::to_string(next_number++);
            fields["account_number"] = number;
            name = number + " - " + name;
          }
          make(transaction, "Account", name, std::move(fields));
          walk(branch, name, type);
        }
      };
  walk(charts().at("standard").as_object(), "", "");
}

void set_company_defaults(Transaction& transaction, const std::string& company) {
  Site& site = transaction.site();
  json::object fields;
  for (const auto& entry : kDefaultAccounts) {
    const std::string account = account_named(site, company, entry.account);
    if (!account.empty()) fields[entry.field] = account;
  }
  const std::string included = account_named(site, company, "Expenses Included In Valuation");
  if (!included.empty()) fields["expenses_included_in_valuation"] = included;
  const std::string main = "Main - " + abbreviation(site, company);
  for (const char* field : {"cost_center", "round_off_cost_center", "depreciation_cost_center"}) fields[field] = main;
  add_cash_row(transaction, company,
               fields.contains("default_cash_account") ? as_text(fields["default_cash_account"]) : "");
  change(transaction, "Company", company, fields);
}

void add_company_rules(RuleBook& book) {
  Rules& rules = book["Company"];
  rules.prepare = [](Transaction&, json::object& document) {
    if (company_text(document, "abbr").empty()) document["abbr"] = initials(company_text(document, "company_name"));
    const bool existing = !company_text(document, "existing_company").empty();
    if (company_text(document, "create_chart_of_accounts_based_on").empty())
      document["create_chart_of_accounts_based_on"] = existing ? "Existing Company" : "Standard Template";
    if (!existing && company_text(document, "chart_of_accounts").empty()) document["chart_of_accounts"] = "Standard";
  };
  rules.validate = [](Transaction& transaction, json::object& document, const json::object*) {
    const std::string abbr = company_text(document, "abbr");
    for (const auto& [key, row] : transaction.site().table("Company"))
      if (key != as_text(document["name"]) && company_text(*row.document, "abbr") == abbr)
        throw validation("Abbreviation already used for another company");
  };
  rules.after_insert = create_company;
  rules.on_trash = trash_company;
}

}  // namespace tenantry::sandbox::erpnext
