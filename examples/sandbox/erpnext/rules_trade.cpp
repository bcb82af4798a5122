// Stock entries, invoices and what they book; the deletion of a company's transactions.
#include <array>

#include "sandbox/erpnext/rules.hpp"

namespace tenantry::sandbox::erpnext {

namespace {

std::string text_in(const std::string& doctype, const json::object& document, const char* field) {
  return as_text(field_of(*schema().find(doctype), document, field));
}

json::array rows_in(const json::object& document, const char* table) {
  const auto* rows = document.if_contains(table);
  return rows && rows->is_array() ? rows->get_array() : json::array{};
}

double number_in(const json::object& row, const char* field) {
  const auto* value = row.if_contains(field);
  return value ? as_number(*value) : 0;
}

std::string bin_of(Site& site, const std::string& item, const std::string& warehouse) {
  for (const auto& [key, row] : site.table("Bin"))
    if (text_in("Bin", *row.document, "item_code") == item && text_in("Bin", *row.document, "warehouse") == warehouse)
      return key;
  return {};
}

double stock_of(Site& site, const std::string& item, const std::string& warehouse) {
  const std::string bin = bin_of(site, item, warehouse);
  return bin.empty() ? 0 : as_number(site.get("Bin", bin, "actual_qty"));
}

struct Voucher {
  std::string doctype;
  std::string name;
  std::string company;
};

void move_stock(Transaction& transaction, const Voucher& voucher, const std::string& item, const std::string& warehouse,
                double quantity, double rate) {
  Site& site = transaction.site();
  const double before = stock_of(site, item, warehouse);
  std::string bin = bin_of(site, item, warehouse);
  if (before + quantity < 0 && site.single("Stock Settings", "allow_negative_stock") != "1")
    throw thrown(417, "NegativeStockError",
                 "1.0 units of Item " + item + " needed in Warehouse " + warehouse + " to complete this transaction.",
                 true, "Insufficient Stock");
  const double value = rate > 0 ? rate : (bin.empty() ? 0 : as_number(site.get("Bin", bin, "valuation_rate")));
  if (bin.empty()) {
    bin = random_name();
    make(transaction, "Bin", bin, {{"item_code", item}, {"warehouse", warehouse}});
  }
  const double after = before + quantity;
  change(transaction, "Bin", bin,
         {{"actual_qty", after}, {"projected_qty", after}, {"valuation_rate", value}, {"stock_value", after * value}});
  make(transaction, "Stock Ledger Entry", random_name(),
       {{"item_code", item},
        {"warehouse", warehouse},
        {"posting_date", site.today()},
        {"actual_qty", quantity},
        {"qty_after_transaction", after},
        {"valuation_rate", value},
        {"voucher_type", voucher.doctype},
        {"voucher_no", voucher.name},
        {"company", voucher.company},
        {"docstatus", 1}});
}

void book(Transaction& transaction, const Voucher& voucher, const std::string& account, double debit, double credit) {
  make(transaction, "GL Entry", random_name(),
       {{"posting_date", transaction.site().today()},
        {"account", account},
        {"debit", debit},
        {"credit", credit},
        {"cost_center", transaction.site().get("Company", voucher.company, "cost_center")},
        {"voucher_type", voucher.doctype},
        {"voucher_no", voucher.name},
        {"company", voucher.company},
        {"is_opening", "No"},
        {"docstatus", 1}});
}

void cancel_ledgers(Transaction& transaction, const std::string& voucher) {
  Site& site = transaction.site();
  for (const std::string doctype : {"GL Entry", "Stock Ledger Entry"}) {
    std::vector<json::object> found;
    for (const auto& [key, row] : site.table(doctype))
      if (site.text(doctype, key, "voucher_no") == voucher) found.push_back(*row.document);
    for (auto entry : found) {
      change(transaction, doctype, as_text(entry["name"]), {{"is_cancelled", 1}});
      if (doctype == "GL Entry") {
        std::swap(entry["debit"], entry["credit"]);
      } else {
        const double quantity = -number_in(entry, "actual_qty");
        const std::string bin = bin_of(site, as_text(entry["item_code"]), as_text(entry["warehouse"]));
        if (!bin.empty())
          change(transaction, "Bin", bin, {{"actual_qty", as_number(site.get("Bin", bin, "actual_qty")) + quantity}});
        entry["actual_qty"] = quantity;
      }
      entry["is_cancelled"] = 1;
      make(transaction, doctype, random_name(), std::move(entry));
    }
  }
}

Rules stock_entry_rules() {
  Rules rules;
  rules.validate = [](Transaction& transaction, json::object& document, const json::object*) {
    Site& site = transaction.site();
    const std::string company = text_in("Stock Entry", document, "company");
    document["purpose"] = site.get("Stock Entry Type", text_in("Stock Entry", document, "stock_entry_type"), "purpose");
    document["posting_date"] = site.today();
    document["posting_time"] = site.now().substr(11);
    double total = 0;
    json::array rows = rows_in(document, "items");
    for (auto& entry : rows) {
      auto& row = entry.as_object();
      const std::string item = as_text(row["item_code"]);
      const double quantity = number_in(row, "qty");
      double rate = number_in(row, "basic_rate");
      if (rate <= 0) rate = number_in(row, "valuation_rate");
      row["item_name"] = site.get("Item", item, "item_name");
      row["description"] = site.get("Item", item, "description");
      row["item_group"] = site.get("Item", item, "item_group");
      row["uom"] = site.get("Item", item, "stock_uom");
      row["stock_uom"] = site.get("Item", item, "stock_uom");
      row["transfer_qty"] = quantity;
      row["valuation_rate"] = rate;
      row["basic_amount"] = quantity * rate;
      row["amount"] = quantity * rate;
      row["expense_account"] = site.get("Company", company, "stock_adjustment_account");
      row["cost_center"] = site.get("Company", company, "cost_center");
      total += quantity * rate;
    }
    document["items"] = std::move(rows);
    for (const char* field : {"total_incoming_value", "value_difference", "total_amount"}) document[field] = total;
  };
  rules.on_submit = [](Transaction& transaction, const std::string& name, bool) {
    Site& site = transaction.site();
    const json::object document = *site.find("Stock Entry", name);
    const Voucher voucher{"Stock Entry", name, text_in("Stock Entry", document, "company")};
    for (const auto& entry : rows_in(document, "items")) {
      const auto& row = entry.as_object();
      const std::string item = text_in("Stock Entry Detail", row, "item_code");
      const std::string source = text_in("Stock Entry Detail", row, "s_warehouse");
      const std::string target = text_in("Stock Entry Detail", row, "t_warehouse");
      if (!source.empty())
        move_stock(transaction, voucher, item, source, -number_in(row, "qty"), number_in(row, "valuation_rate"));
      if (!target.empty())
        move_stock(transaction, voucher, item, target, number_in(row, "qty"), number_in(row, "valuation_rate"));
    }
    const double total = as_number(field_of(*schema().find("Stock Entry"), document, "total_amount"));
    book(transaction, voucher, site.text("Company", voucher.company, "default_inventory_account"), total, 0);
    book(transaction, voucher, site.text("Company", voucher.company, "stock_adjustment_account"), 0, total);
  };
  rules.on_cancel = cancel_ledgers;
  return rules;
}

// Amounts below a million, as in_words shows them.
std::string in_words(const std::string& currency, double amount) {
  static constexpr std::array<const char*, 20> kSmall{
      "Zero", "One",    "Two",    "Three",    "Four",     "Five",    "Six",     "Seven",     "Eight",    "Nine",
      "Ten",  "Eleven", "Twelve", "Thirteen", "Fourteen", "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen"};
  static constexpr std::array<const char*, 10> kTens{"",      "",      "Twenty",  "Thirty", "Forty",
                                                     "Fifty", "Sixty", "Seventy", "Eighty", "Ninety"};
  const std::function<std::string(std::size_t)> spell = [&](std::size_t number) -> std::string {
    if (number < 20) return kSmall[number];
    if (number < 100) return kTens[number / 10] + (number % 10 ? "-" + spell(number % 10) : std::string{});
    if (number < 1000)
      return spell(number / 100) + " Hundred" + (number % 100 ? " And " + spell(number % 100) : std::string{});
    return spell(number / 1000 % 1000) + " Thousand" + (number % 1000 ? ", " + spell(number % 1000) : std::string{});
  };
  return currency + " " + spell(static_cast<std::size_t>(amount)) + " only.";
}

double complete_items(Site& site, const std::string& doctype, json::object& document, const std::string& company) {
  double total = 0;
  const std::string warehouse = text_in(doctype, document, "set_warehouse");
  json::array rows = rows_in(document, "items");
  for (auto& entry : rows) {
    auto& row = entry.as_object();
    const std::string item = as_text(row["item_code"]);
    const double quantity = number_in(row, "qty");
    const double rate = number_in(row, "rate");
    const double amount = quantity * rate;
    total += amount;
    for (const char* field : {"item_name", "description", "item_group"}) row[field] = site.get("Item", item, field);
    row["uom"] = site.get("Item", item, "stock_uom");
    row["stock_uom"] = site.get("Item", item, "stock_uom");
    row["stock_qty"] = quantity;
    for (const char* field :
         {"price_list_rate", "base_price_list_rate", "base_rate", "stock_uom_rate", "net_rate", "base_net_rate"})
      row[field] = rate;
    for (const char* field : {"amount", "base_amount", "net_amount", "base_net_amount"}) row[field] = amount;
    row["income_account"] = site.get("Company", company, "default_income_account");
    row["expense_account"] = site.get("Company", company, "default_expense_account");
    row["cost_center"] = site.get("Company", company, "cost_center");
    if (!row.contains("warehouse")) row["warehouse"] = warehouse;
    const std::string bin = bin_of(site, item, as_text(row["warehouse"]));
    row["incoming_rate"] = bin.empty() ? 0.0 : as_number(site.get("Bin", bin, "valuation_rate"));
    row["actual_qty"] = stock_of(site, item, as_text(row["warehouse"]));
    row["image"] = "";
    row["margin_type"] = "";
    row["item_tax_rate"] = "{}";
  }
  document["items"] = std::move(rows);
  return total;
}

void complete_invoice(Transaction& transaction, const std::string& doctype, json::object& document) {
  Site& site = transaction.site();
  const std::string company = text_in(doctype, document, "company");
  const std::string customer = text_in(doctype, document, "customer");
  const std::string profile = text_in(doctype, document, "pos_profile");
  const std::string currency = site.text("Company", company, "default_currency");
  const std::string site_currency = site.single("Global Defaults", "default_currency");
  if (site_currency != currency) {
    const std::string pair = site_currency + " to " + currency;
    Raised raised =
        validation("Exchange Rate is mandatory. Maybe Currency Exchange record is not created for " + pair + ".");
    raised.messages.insert(raised.messages.begin(),
                           {"Unable to find exchange rate for " + pair + " for key date " + site.today() +
                                ". Please create a Currency Exchange record manually",
                            "Message", "", false, false});
    throw Raised(raised);
  }
  document["title"] = customer;
  document["customer_name"] = site.get("Customer", customer, "customer_name");
  document["posting_date"] = site.today();
  document["posting_time"] = site.now().substr(11);
  document["due_date"] = site.today();
  document["currency"] = currency;
  document["price_list_currency"] = currency;
  document["party_account_currency"] = currency;
  document["debit_to"] = site.get("Company", company, "default_receivable_account");
  document["customer_group"] = site.get("Customer", customer, "customer_group");
  document["territory"] = site.get("Customer", customer, "territory");
  document["language"] = site.get("Customer", customer, "language");
  if (doctype == "Sales Invoice")
    document["exempt_from_sales_tax"] = site.get("Customer", customer, "exempt_from_sales_tax");
  document["selling_price_list"] = profile.empty()
                                       ? site.get("Selling Settings", "Selling Settings", "selling_price_list")
                                       : site.get("POS Profile", profile, "selling_price_list");
  if (!profile.empty()) {
    document["account_for_change_amount"] = payment_account(site, "Cash", company);
    if (doctype == "Sales Invoice") {
      document["write_off_account"] = site.get("POS Profile", profile, "write_off_account");
      document["write_off_cost_center"] = site.get("POS Profile", profile, "write_off_cost_center");
    }
  }
  const double total = complete_items(site, doctype, document, company);
  double quantity = 0;
  for (const auto& row : rows_in(document, "items")) quantity += number_in(row.as_object(), "qty");
  document["total_qty"] = quantity;
  for (const char* field : {"base_total", "base_net_total", "total", "net_total", "base_grand_total", "grand_total",
                            "base_rounded_total", "rounded_total"})
    document[field] = total;
  if (doctype == "Sales Invoice") {
    document["amount_eligible_for_commission"] = total;
    document["against_income_account"] = site.get("Company", company, "default_income_account");
  }
  document["base_in_words"] = in_words(currency, total);
  document["in_words"] = in_words(currency, total);
}

double complete_payments(Site& site, json::object& document, const std::string& company) {
  double paid = 0;
  json::array rows = rows_in(document, "payments");
  for (auto& entry : rows) {
    auto& row = entry.as_object();
    const std::string mode = as_text(row["mode_of_payment"]);
    row["account"] = payment_account(site, mode, company);
    row["type"] = site.get("Mode of Payment", mode, "type");
    row["base_amount"] = number_in(row, "amount");
    paid += number_in(row, "amount");
  }
  document["payments"] = std::move(rows);
  return paid;
}

Rules invoice_rules(const std::string& doctype) {
  Rules rules;
  rules.validate = [doctype](Transaction& transaction, json::object& document, const json::object* stored) {
    const bool in_one = !stored && as_number(document["docstatus"]) == 1;
    if (in_one && doctype == "POS Invoice")
      throw crash("TypeError", "TypeError: '<' not supported between instances of 'NoneType' and 'float'", true);
    complete_invoice(transaction, doctype, document);
    // Payments are completed by before_save, which a document posted as submitted never sees.
    double paid = 0;
    if (in_one) {
      json::array rows = rows_in(document, "payments");
      for (auto& row : rows)
        row.as_object()["type"] =
            transaction.site().get("Mode of Payment", as_text(row.as_object()["mode_of_payment"]), "type");
      document["payments"] = std::move(rows);
    } else {
      paid = complete_payments(transaction.site(), document, text_in(doctype, document, "company"));
    }
    document["paid_amount"] = paid;
    document["base_paid_amount"] = paid;
    document["outstanding_amount"] = 0.0;
    document["status"] = "Draft";
  };
  rules.on_submit = [doctype](Transaction& transaction, const std::string& name, bool in_one) {
    Site& site = transaction.site();
    const json::object document = *site.find(doctype, name);
    const Voucher voucher{doctype, name, text_in(doctype, document, "company")};
    const double total = number_in(document, "grand_total");
    change(transaction, doctype, name, {{"remarks", "No Remarks"}, {"status", in_one ? "Draft" : "Paid"}});
    if (doctype == "POS Invoice") return;  // booked when the session is closed
    const std::string debtors = text_in(doctype, document, "debit_to");
    double cost = 0;
    for (const auto& entry : rows_in(document, "items")) {
      const auto& row = entry.as_object();
      cost += number_in(row, "qty") * number_in(row, "incoming_rate");
      if (as_bool(field_of(*schema().find(doctype), document, "update_stock")))
        move_stock(transaction, voucher, text_in("Sales Invoice Item", row, "item_code"),
                   text_in("Sales Invoice Item", row, "warehouse"), -number_in(row, "qty"), 0);
    }
    book(transaction, voucher, site.text("Company", voucher.company, "default_income_account"), 0, total);
    book(transaction, voucher, debtors, total, 0);
    if (!in_one)
      for (const auto& row : rows_in(document, "payments"))
        book(transaction, voucher, as_text(row.at("account")), number_in(row.as_object(), "amount"), 0);
    if (cost > 0) {
      book(transaction, voucher, site.text("Company", voucher.company, "default_inventory_account"), 0, cost);
      book(transaction, voucher, site.text("Company", voucher.company, "default_expense_account"), cost, 0);
    }
    if (!in_one) book(transaction, voucher, debtors, 0, number_in(document, "paid_amount"));
  };
  rules.on_cancel = [doctype](Transaction& transaction, const std::string& name) {
    cancel_ledgers(transaction, name);
    change(transaction, doctype, name, {{"status", "Cancelled"}});
  };
  return rules;
}

json::array ignored_doctypes() {
  json::array rows;
  for (const char* name : {"Account", "Cost Center", "Warehouse", "Budget", "Party Account", "Employee",
                           "Sales Taxes and Charges Template", "Purchase Taxes and Charges Template", "POS Profile",
                           "BOM", "Company", "Bank Account", "Item Tax Template", "Mode of Payment",
                           "Mode of Payment Account", "Item Default", "Customer", "Supplier"})
    rows.push_back(json::object{{"name", random_name()}, {"doctype_name", name}, {"__made", true}});
  return rows;
}

}  // namespace

void delete_transactions(Transaction& transaction, const std::string& record) {
  Site& site = transaction.site();
  const std::string company = site.text("Transaction Deletion Record", record, "company");
  json::array rows;
  for (const std::string doctype : {"GL Entry", "Stock Ledger Entry", "Sales Invoice", "POS Invoice", "Stock Entry",
                                    "POS Opening Entry", "POS Closing Entry"}) {
    std::vector<std::string> names;
    for (const auto& [key, row] : site.table(doctype))
      if (site.text(doctype, key, "company") == company) names.push_back(key);
    for (const auto& name : names) transaction.erase(doctype, name);
    if (names.empty()) continue;
    rows.push_back(json::object{{"name", random_name()},
                                {"doctype_name", doctype},
                                {"docfield_name", "company"},
                                {"no_of_docs", 0},
                                {"done", 1},
                                {"__made", true}});
  }
  std::vector<std::string> bins;
  for (const auto& [key, row] : site.table("Bin"))
    if (site.text("Warehouse", site.text("Bin", key, "warehouse"), "company") == company) bins.push_back(key);
  for (const auto& bin : bins) transaction.erase("Bin", bin);
  change(transaction, "Transaction Deletion Record", record,
         {{"status", "Completed"},
          {"delete_bin_data", 1},
          {"delete_leads_and_addresses", 1},
          {"reset_company_default_values", 1},
          {"clear_notifications", 1},
          {"initialize_doctypes_table", 1},
          {"delete_transactions", 1},
          {"doctypes", rows}});
  transaction.note("Transaction Deletion Record", record, "transactions deleted");
}

void add_trade_rules(RuleBook& book) {
  book["Stock Entry"] = stock_entry_rules();
  book["Sales Invoice"] = invoice_rules("Sales Invoice");
  book["POS Invoice"] = invoice_rules("POS Invoice");
  book["Transaction Deletion Record"].on_submit = [](Transaction& transaction, const std::string& name, bool) {
    change(transaction, "Transaction Deletion Record", name,
           {{"status", "Queued"}, {"doctypes_to_be_ignored", ignored_doctypes()}});
  };
}

}  // namespace tenantry::sandbox::erpnext
