// Accounts, warehouses, items, prices, modes of payment, fiscal years and other masters.
#include "sandbox/erpnext/rules.hpp"

namespace tenantry::sandbox::erpnext {

namespace {

const Doctype& doctype_of(const char* name) { return *schema().find(name); }

std::string text_in(const char* doctype, const json::object& document, const char* field) {
  return as_text(field_of(doctype_of(doctype), document, field));
}

void default_company(Transaction& transaction, json::object& document) {
  const auto* company = document.if_contains("company");
  if (company && !as_text(*company).empty()) return;
  const std::string fallback = transaction.site().single("Global Defaults", "default_company");
  if (!fallback.empty()) document["company"] = fallback;
}

Rules account_rules() {
  Rules rules;
  rules.prepare = default_company;
  rules.name = [](Transaction& transaction, const json::object& document) {
    const std::string number = text_in("Account", document, "account_number");
    return (number.empty() ? "" : number + " - ") + text_in("Account", document, "account_name") + " - " +
           abbreviation(transaction.site(), text_in("Account", document, "company"));
  };
  rules.validate = [](Transaction& transaction, json::object& document, const json::object*) {
    Site& site = transaction.site();
    const std::string parent = text_in("Account", document, "parent_account");
    const std::string company = text_in("Account", document, "company");
    if (!parent.empty()) {
      if (!as_bool(site.get("Account", parent, "is_group")))
        throw validation("Account " + as_text(document["name"]) + ": Parent account " + parent +
                         " can not be a ledger");
      if (site.text("Account", parent, "company") != company)
        throw validation("Account " + as_text(document["name"]) + ": Parent account " + parent +
                         " does not belong to company: " + company);
      document["root_type"] = site.get("Account", parent, "root_type");
      document["report_type"] = site.get("Account", parent, "report_type");
    } else if (!document.contains("root_type")) {
      throw validation("Root Type is mandatory", true);
    }
    if (text_in("Account", document, "account_currency").empty())
      document["account_currency"] = site.get("Company", company, "default_currency");
  };
  return rules;
}

Rules warehouse_rules() {
  Rules rules;
  rules.prepare = default_company;
  rules.name = [](Transaction& transaction, const json::object& document) {
    const std::string company = text_in("Warehouse", document, "company");
    const std::string warehouse = text_in("Warehouse", document, "warehouse_name");
    return company.empty() ? warehouse : warehouse + " - " + abbreviation(transaction.site(), company);
  };
  rules.on_trash = [](Transaction& transaction, const std::string& name) {
    for (const auto& [key, row] : transaction.site().table("Bin"))
      if (text_in("Bin", *row.document, "warehouse") == name &&
          as_number(field_of(doctype_of("Bin"), *row.document, "actual_qty")) != 0)
        throw validation("Warehouse " + name + " can not be deleted as quantity exists for Item " +
                         text_in("Bin", *row.document, "item_code"));
  };
  return rules;
}

void make_item_price(Transaction& transaction, const std::string& item, const json::value& rate) {
  Site& site = transaction.site();
  std::string list = site.single("Selling Settings", "selling_price_list");
  if (list.empty() && site.exists("Price List", "Standard Selling")) list = "Standard Selling";
  if (list.empty()) return;
  const std::string name = random_name();
  make(transaction, "Item Price", name,
       {{"item_code", item},
        {"uom", site.get("Item", item, "stock_uom")},
        {"item_name", site.get("Item", item, "item_name")},
        {"item_description", site.get("Item", item, "description")},
        {"price_list", list},
        {"selling", 1},
        {"currency", site.get("Price List", list, "currency")},
        {"price_list_rate", rate},
        {"valid_from", site.today()}});
}

// An item without defaults gets those of the default company, once Stock Settings name a warehouse.
void default_item_row(Site& site, json::object& document) {
  const auto* rows = document.if_contains("item_defaults");
  if (rows && rows->is_array() && !rows->get_array().empty()) return;
  const std::string warehouse = site.single("Stock Settings", "default_warehouse");
  const std::string company = site.single("Global Defaults", "default_company");
  if (warehouse.empty() || company.empty() || site.text("Warehouse", warehouse, "company") != company) return;
  document["item_defaults"] = json::array{
      json::object{{"name", random_name()}, {"company", company}, {"default_warehouse", warehouse}, {"__made", true}}};
}

Rules item_rules() {
  Rules rules;
  rules.name = [](Transaction&, const json::object& document) {
    const std::string code = text_in("Item", document, "item_code");
    if (code.empty()) throw validation("Item Code is required", false);
    return code;
  };
  rules.on_trash = [](Transaction& transaction, const std::string& name) {
    std::vector<std::string> prices;
    for (const auto& [key, row] : transaction.site().table("Item Price"))
      if (text_in("Item Price", *row.document, "item_code") == name) prices.push_back(key);
    for (const auto& price : prices) transaction.erase("Item Price", price);
  };
  rules.validate = [](Transaction& transaction, json::object& document, const json::object* stored) {
    const auto fill = [&document](const char* field, const char* from) {
      if (text_in("Item", document, field).empty()) document[field] = text_in("Item", document, from);
    };
    if (text_in("Item", document, "item_code").empty()) document["item_code"] = as_text(document.at("name"));
    fill("item_name", "item_code");
    fill("description", "item_name");
    if (stored) return;
    default_item_row(transaction.site(), document);
    document["uoms"] = json::array{json::object{
        {"name", random_name()}, {"uom", document["stock_uom"]}, {"conversion_factor", 1.0}, {"__made", true}}};
  };
  rules.after_insert = [](Transaction& transaction, const std::string& name) {
    const auto rate = transaction.site().get("Item", name, "standard_rate");
    if (as_number(rate) > 0) make_item_price(transaction, name, rate);
  };
  return rules;
}

Rules item_price_rules() {
  Rules rules;
  rules.validate = [](Transaction& transaction, json::object& document, const json::object*) {
    Site& site = transaction.site();
    const std::string item = text_in("Item Price", document, "item_code");
    const std::string list = text_in("Item Price", document, "price_list");
    for (const auto& [key, row] : site.table("Item Price")) {
      if (key == as_text(document["name"]) || text_in("Item Price", *row.document, "item_code") != item ||
          text_in("Item Price", *row.document, "price_list") != list)
        continue;
      const std::string text =
          "Item Price appears multiple times based on Price List, Supplier/Customer, Currency, Item, Batch, UOM, Qty, "
          "and Dates.";
      Raised raised = thrown(417, "ItemPriceDuplicateItem", text, true);
      raised.exception = "erpnext.stock.doctype.item_price.item_price.ItemPriceDuplicateItem: " + text;
      throw Raised(raised);
    }
    document["uom"] = site.get("Item", item, "stock_uom");
    document["item_name"] = site.get("Item", item, "item_name");
    document["item_description"] = site.get("Item", item, "description");
    document["currency"] = site.get("Price List", list, "currency");
    document["buying"] = site.get("Price List", list, "buying");
    document["selling"] = site.get("Price List", list, "selling");
    if (text_in("Item Price", document, "valid_from").empty()) document["valid_from"] = site.today();
  };
  return rules;
}

Rules mode_of_payment_rules() {
  Rules rules;
  rules.validate = [](Transaction& transaction, json::object& document, const json::object*) {
    const auto* rows = document.if_contains("accounts");
    if (!rows) return;
    std::set<std::string> companies;
    for (const auto& entry : rows->as_array())
      if (!companies.insert(text_in("Mode of Payment Account", entry.as_object(), "company")).second)
        throw validation("Same Company is entered more than once");
    for (const auto& entry : rows->as_array()) {
      const std::string company = text_in("Mode of Payment Account", entry.as_object(), "company");
      const std::string account = text_in("Mode of Payment Account", entry.as_object(), "default_account");
      if (!account.empty() && transaction.site().text("Account", account, "company") != company)
        throw validation("Account " + account + " does not match with Company " + company +
                         " in Mode of Account: " + as_text(document["name"]));
    }
  };
  return rules;
}

Rules fiscal_year_rules() {
  Rules rules;
  rules.validate = [](Transaction& transaction, json::object& document, const json::object*) {
    const std::string begin = text_in("Fiscal Year", document, "year_start_date");
    const std::string end = text_in("Fiscal Year", document, "year_end_date");
    if (!begin.empty() && !end.empty() && begin > end)
      throw validation("Fiscal Year Start Date should be one year earlier than Fiscal Year End Date");
    for (const auto& [key, row] : transaction.site().table("Fiscal Year")) {
      if (key == as_text(document["name"])) continue;
      if (text_in("Fiscal Year", *row.document, "year_start_date") > end ||
          text_in("Fiscal Year", *row.document, "year_end_date") < begin)
        continue;
      throw thrown(409, "NameError",
                   "Year start date or end date is overlapping with " + key + ". To avoid please set company", true);
    }
  };
  return rules;
}

}  // namespace

std::string abbreviation(Site& site, const std::string& company) { return site.text("Company", company, "abbr"); }

const Rules& rules_for(const std::string& doctype) {
  static const RuleBook kBook = [] {
    RuleBook book;
    add_master_rules(book);
    add_party_rules(book);
    add_company_rules(book);
    add_pos_rules(book);
    add_trade_rules(book);
    return book;
  }();
  static const Rules kNone;
  const auto found = kBook.find(doctype);
  return found == kBook.end() ? kNone : found->second;
}

void add_master_rules(RuleBook& book) {
  book["Account"] = account_rules();
  book["Warehouse"] = warehouse_rules();
  book["Item"] = item_rules();
  book["Item Price"] = item_price_rules();
  book["Mode of Payment"] = mode_of_payment_rules();
  book["Fiscal Year"] = fiscal_year_rules();
  book["ToDo"].prepare = [](Transaction& transaction, json::object& document) {
    document["date"] = transaction.site().today();
  };
  const auto named = [](const char* doctype, const char* field) {
    return [doctype, field](Transaction& transaction, const json::object& document) {
      return text_in(doctype, document, field) + " - " +
             abbreviation(transaction.site(), text_in(doctype, document, "company"));
    };
  };
  book["Cost Center"].prepare = default_company;
  book["Cost Center"].name = named("Cost Center", "cost_center_name");
  book["Department"].name = named("Department", "department_name");
  book["Bank Account"].name = [](Transaction&, const json::object& document) {
    return text_in("Bank Account", document, "account_name") + " - " + text_in("Bank Account", document, "bank");
  };
  book["Sales Taxes and Charges Template"].name = named("Sales Taxes and Charges Template", "title");
  book["Item Tax Template"].name = named("Item Tax Template", "title");
}

}  // namespace tenantry::sandbox::erpnext
