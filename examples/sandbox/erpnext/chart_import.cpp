// The chart of accounts importer: a CSV file replaces all accounts of a company.
#include <algorithm>

#include "sandbox/erpnext/methods.hpp"
#include "sandbox/erpnext/rules.hpp"

namespace tenantry::sandbox::erpnext {

namespace {

std::vector<std::vector<std::string>> read_csv(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const auto end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    std::vector<std::string> cells(1);
    bool quoted = false;
    for (const char c : line) {
      if (c == '"')
        quoted = !quoted;
      else if (c == ',' && !quoted)
        cells.emplace_back();
      else
        cells.back() += c;
    }
    rows.push_back(std::move(cells));
  }
  return rows;
}

// After an import only what can be told from the account types is set.
void defaults_after_import(Transaction& transaction, const std::string& company) {
  Site& site = transaction.site();
  json::object fields;
  for (const char* field : {"unrealized_profit_loss_account",
                            "default_discount_account",
                            "unrealized_exchange_gain_loss_account",
                            "round_off_for_opening",
                            "default_deferred_revenue_account",
                            "default_deferred_expense_account",
                            "default_advance_received_account",
                            "default_advance_paid_account",
                            "default_operating_cost_account",
                            "default_cash_account",
                            "default_bank_account",
                            "default_expense_account",
                            "default_inventory_account",
                            "stock_adjustment_account",
                            "stock_received_but_not_billed",
                            "round_off_account",
                            "accumulated_depreciation_account",
                            "depreciation_expense_account",
                            "expenses_included_in_asset_valuation",
                            "capital_work_in_progress_account",
                            "asset_received_but_not_billed",
                            "expenses_included_in_valuation"})
    fields[field] = "";
  for (const char* field : {"write_off_account", "exchange_gain_loss_account", "disposal_account"})
    fields[field] = nullptr;
  const auto of_type = [&](const char* field, const char* column, const char* value) {
    fields[field] = "";
    for (const auto& [key, row] : site.table("Account"))
      if (site.text("Account", key, "company") == company && site.text("Account", key, column) == value)
        fields[field] = key;
  };
  of_type("default_receivable_account", "account_type", "Receivable");
  of_type("default_payable_account", "account_type", "Payable");
  of_type("default_income_account", "account_type", "Income Account");
  change(transaction, "Company", company, fields);
}

}  // namespace

json::object import_chart(Call& call) {
  Site& site = call.site();
  const std::string url = argument(call.arguments, "file_name");
  const std::string company = argument(call.arguments, "company");
  const auto file = site.files.find(url);
  if (file == site.files.end()) throw not_found("File", "{'file_url': '" + url + "'}");
  if (!site.exists("Company", company)) throw not_found("Company", company);
  std::vector<std::string> old;
  for (const auto& [key, row] : site.table("Account"))
    if (site.text("Account", key, "company") == company) old.push_back(key);
  for (const auto& name : old) call.transaction.erase("Account", name);
  const std::string end = " - " + abbreviation(site, company);
  auto rows = read_csv(file->second);
  if (!rows.empty()) rows.erase(rows.begin());
  for (auto& cells : rows) {
    cells.resize(8);
    const std::string name = (cells[2].empty() ? "" : cells[2] + " - ") + cells[0] + end;
    json::object fields{
        {"account_name", cells[0]},
        {"company", company},
        {"is_group", cells[4] == "1" ? 1 : 0},
        {"account_type", cells[5]},
        {"root_type", cells[6]},
        {"report_type", cells[6] == "Income" || cells[6] == "Expense" ? "Profit and Loss" : "Balance Sheet"},
        {"account_currency", cells[7]}};
    if (cells[1] != cells[0]) fields["parent_account"] = (cells[3].empty() ? "" : cells[3] + " - ") + cells[1] + end;
    make(call.transaction, "Account", name, std::move(fields));
  }
  defaults_after_import(call.transaction, company);
  call.transaction.note("Company", company, "chart imported");
  call.transaction.messages().push_back(
      {"Set default inventory account for perpetual inventory", "Message", "orange", false, true});
  return {};
}

}  // namespace tenantry::sandbox::erpnext
