#include "sandbox/erpnext/wizard.hpp"

#include "sandbox/erpnext/rules.hpp"

namespace tenantry::sandbox::erpnext {

namespace {

std::string text_of(const json::object& arguments, const char* name, const std::string& fallback = {}) {
  const auto* value = arguments.if_contains(name);
  const std::string text = value ? as_text(*value) : std::string{};
  return text.empty() ? fallback : text;
}

void check_link(Site& site, const std::string& doctype, const std::string& name) {
  if (site.exists(doctype, name)) return;
  Raised raised = thrown(417, "LinkValidationError", "Could not find " + doctype + ": " + name);
  raised.setup_failure = "Failed to update global settings";
  throw Raised(raised);
}

void set_complete(Transaction& transaction) {
  json::array rows;
  for (const auto& entry : transaction.site()
                               .find("Installed Applications", "Installed Applications")
                               ->at("installed_applications")
                               .as_array()) {
    json::object row = entry.as_object();
    row["is_setup_complete"] = 1;
    rows.push_back(std::move(row));
  }
  change(transaction, "Installed Applications", "Installed Applications", {{"installed_applications", rows}});
}

void make_owner(Transaction& transaction, const json::object& arguments) {
  const std::string email = text_of(arguments, "email");
  if (email.empty() || transaction.site().exists("User", email)) return;
  const std::string full = text_of(arguments, "full_name", email);
  const auto space = full.find(' ');
  make_user(transaction, email, full.substr(0, space), space == std::string::npos ? "" : full.substr(space + 1),
            text_of(arguments, "password"));
}

void make_tree(Transaction& transaction, const std::string& doctype, const std::string& field, const std::string& root,
               const std::vector<std::string>& leaves) {
  if (!transaction.site().exists(doctype, root))
    make(transaction, doctype, root, {{field + "_name", root}, {"is_group", 1}});
  for (const auto& leaf : leaves)
    if (!transaction.site().exists(doctype, leaf))
      make(transaction, doctype, leaf, {{field + "_name", leaf}, {"parent_" + field, root}});
}

void make_named(Transaction& transaction, const std::string& doctype, const std::string& field,
                const json::value& names) {
  for (const auto& name : names.as_array())
    if (!transaction.site().exists(doctype, name.as_string()))
      make(transaction, doctype, as_text(name), {{field, name}});
}

// As install_fixtures.make_records does: whatever goes wrong with the company is swallowed, and all is called well.
void try_company(Transaction& transaction, const json::object& arguments) {
  const std::string company = text_of(arguments, "company_name");
  const std::string country = text_of(arguments, "country");
  const std::string chart = text_of(arguments, "chart_of_accounts", "Standard");
  if (company.empty() || !knows_chart(country, chart)) return;
  (void)insert(transaction, *schema().find("Company"),
               {{"company_name", company},
                {"abbr", text_of(arguments, "company_abbr")},
                {"default_currency", text_of(arguments, "currency")},
                {"country", country},
                {"create_chart_of_accounts_based_on", "Standard Template"},
                {"chart_of_accounts", chart},
                {"enable_perpetual_inventory", 1}});
  Site& site = transaction.site();
  const std::string end = " - " + abbreviation(site, company);
  make(transaction, "Account", "Bank Account" + end,
       {{"account_name", "Bank Account"},
        {"company", company},
        {"parent_account", account_named(site, company, "Bank Accounts")},
        {"root_type", "Asset"},
        {"report_type", "Balance Sheet"},
        {"account_type", "Bank"},
        {"account_currency", text_of(arguments, "currency")}});
  change(transaction, "Company", company, {{"default_bank_account", "Bank Account" + end}});
  change(transaction, "Global Defaults", "Global Defaults",
         {{"default_company", company}, {"country", country}, {"default_currency", text_of(arguments, "currency")}});
  change(transaction, "Stock Settings", "Stock Settings", {{"default_warehouse", "Stores" + end}});
}

}  // namespace

bool is_setup_complete(Site& site) {
  const auto* document = site.find("Installed Applications", "Installed Applications");
  if (!document) return false;
  for (const auto& row : document->at("installed_applications").as_array())
    if (!as_bool(row.at("is_setup_complete"))) return false;
  return true;
}

void install_apps(Transaction& transaction, bool with_erpnext) {
  json::array rows;
  const auto add = [&rows](const char* app, const char* version) {
    rows.push_back(json::object{{"name", random_name()},
                                {"app_name", app},
                                {"app_version", version},
                                {"git_branch", "UNVERSIONED"},
                                {"has_setup_wizard", 1},
                                {"is_setup_complete", 0}});
  };
  add("frappe", "15.72.4");
  if (with_erpnext) add("erpnext", "15.71.1");
  change(transaction, "Installed Applications", "Installed Applications", {{"installed_applications", rows}});
}

void make_presets(Transaction& transaction, const std::string& country, const std::string& currency) {
  Site& site = transaction.site();
  make_named(transaction, "UOM", "uom_name", presets().at("uoms"));
  make_tree(transaction, "Item Group", "item_group", "All Item Groups",
            {"Products", "Raw Material", "Services", "Sub Assemblies", "Consumable"});
  make_tree(transaction, "Customer Group", "customer_group", "All Customer Groups",
            {"Individual", "Commercial", "Non Profit", "Government"});
  make_tree(transaction, "Supplier Group", "supplier_group", "All Supplier Groups",
            {"Services", "Local", "Raw Material"});
  make_tree(transaction, "Territory", "territory", "All Territories", {country, "Rest Of The World"});
  make_named(transaction, "Gender", "gender", presets().at("genders"));
  make_named(transaction, "Salutation", "salutation", presets().at("salutations"));
  make_named(transaction, "Party Type", "party_type", presets().at("party_types"));
  make_named(transaction, "Stock Entry Type", "purpose", presets().at("stock_entry_types"));
  if (!site.exists("Warehouse Type", "Transit")) make(transaction, "Warehouse Type", "Transit", {});
  struct Mode {
    const char* name;
    const char* type;
  };
  static constexpr Mode kModes[] = {
      {"Cheque", "Bank"}, {"Cash", "Cash"}, {"Credit Card", "Bank"}, {"Wire Transfer", "Bank"}, {"Bank Draft", "Bank"}};
  for (const auto& mode : kModes)
    if (!site.exists("Mode of Payment", mode.name))
      make(transaction, "Mode of Payment", mode.name, {{"mode_of_payment", mode.name}, {"type", mode.type}});
  for (const std::string list : {"Standard Buying", "Standard Selling"})
    if (!site.exists("Price List", list))
      make(transaction, "Price List", list,
           {{"price_list_name", list},
            {"currency", currency},
            {"buying", list == "Standard Buying" ? 1 : 0},
            {"selling", list == "Standard Selling" ? 1 : 0}});
  change(transaction, "Selling Settings", "Selling Settings",
         {{"selling_price_list", "Standard Selling"}, {"so_required", "No"}, {"dn_required", "No"}});
  change(transaction, "Buying Settings", "Buying Settings", {{"buying_price_list", "Standard Buying"}});
  change(transaction, "Stock Settings", "Stock Settings", {{"stock_uom", "Nos"}});
  change(transaction, "Currency", currency, {{"enabled", 1}});
}

void run_wizard(Transaction& transaction, const json::object& arguments) {
  Site& site = transaction.site();
  if (is_setup_complete(site)) return;
  const std::string country = text_of(arguments, "country");
  const std::string currency = text_of(arguments, "currency");
  check_link(site, "Country", country);
  check_link(site, "Currency", currency);
  change(transaction, "System Settings", "System Settings",
         {{"country", country},
          {"currency", currency},
          {"language", "en"},
          {"time_zone", text_of(arguments, "timezone", "Asia/Kolkata")}});
  make_owner(transaction, arguments);
  // A company that is already there makes the wizard skip presets and company, and still say "ok".
  if (site.table("Company").empty()) {
    make_presets(transaction, country, currency);
    const std::string begin = text_of(arguments, "fy_start_date");
    const std::string end = text_of(arguments, "fy_end_date");
    if (!begin.empty() && begin <= end) {
      const std::string year =
          begin.substr(0, 4) == end.substr(0, 4) ? begin.substr(0, 4) : begin.substr(0, 4) + "-" + end.substr(0, 4);
      if (!site.exists("Fiscal Year", year))
        make(transaction, "Fiscal Year", year, {{"year", year}, {"year_start_date", begin}, {"year_end_date", end}});
    }
    try_company(transaction, arguments);
  }
  set_complete(transaction);
  transaction.note("", "setup wizard", "wizard completed");
}

}  // namespace tenantry::sandbox::erpnext
