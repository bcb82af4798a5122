#include <algorithm>
#include <set>

#include "sandbox/odoo/rules.hpp"

namespace tenantry::sandbox::odoo {

namespace {

using Names = std::vector<std::string>;

// What a module cannot be without, and what installs itself along with it.
const std::map<std::string, Names>& companions() {
  static const Names kMail{"mail",
                           "mail_bot",
                           "resource",
                           "resource_mail",
                           "http_routing",
                           "auth_signup",
                           "auth_totp_mail",
                           "auth_totp_portal",
                           "base_install_request",
                           "google_gmail",
                           "microsoft_outlook",
                           "iap_mail",
                           "phone_validation",
                           "privacy_lookup",
                           "partner_autocomplete",
                           "sms",
                           "snailmail",
                           "digest",
                           "portal",
                           "onboarding"};
  static const std::map<std::string, Names> kCompanions{
      {"mail", kMail},
      {"product", {"mail", "uom"}},
      {"account",
       {"product", "analytic", "payment", "account_payment", "account_edi_ubl_cii", "snailmail_account", "spreadsheet",
        "spreadsheet_account", "spreadsheet_dashboard", "spreadsheet_dashboard_account"}},
      {"stock", {"product", "barcodes", "barcodes_gs1_nomenclature", "stock_sms"}},
      {"stock_account", {"stock", "account", "spreadsheet_dashboard_stock_account"}},
      {"point_of_sale", {"stock_account", "pos_online_payment", "pos_epson_printer"}},
      {"contacts", {"mail"}}};
  return kCompanions;
}

void pull(const std::string& name, std::set<std::string>& wanted) {
  if (!wanted.insert(name).second) return;
  if (name.starts_with("l10n_")) pull("account", wanted);
  const auto found = companions().find(name);
  if (found == companions().end()) return;
  for (const auto& companion : found->second) pull(companion, wanted);
}

void set_up_product(Env& env) {
  const std::pair<const char*, Id> kUnits[]{{"Units", 1}, {"Dozens", 2}, {"kg", 3}, {"Hours", 4}, {"L", 5}};
  for (const auto& [name, id] : kUnits)
    env.transaction.put("uom.uom", env.transaction.next_id("uom.uom"), {{"name", name}, {"active", true}});
  name_record(env, "uom.uom", 1, "uom.product_uom_unit");
  env.transaction.put("product.category", env.transaction.next_id("product.category"), {{"name", "All"}});
  name_record(env, "product.category", 1, "product.product_category_all");
  create(env, "product.pricelist",
         {{"name", "Default"}, {"currency_id", env.database().get("res.company", 1, "currency_id")}});
}

}  // namespace

bool install(Env& env, const std::vector<std::string>& names) {
  auto& database = env.database();
  std::set<std::string> wanted;
  for (const auto& name : names) pull(name, wanted);
  const auto there = [&](const std::string& name) { return wanted.contains(name) || database.installed(name); };
  if (there("stock") && there("account")) pull("stock_account", wanted);
  const Id country = int_of(database.get("res.company", 1, "country_id"));
  const auto& chart = env.schema().chart_of(text_of(database.get("res.country", country, "code")));
  if (there("account") && !chart.module.empty() && !truthy(database.get("res.company", 1, "chart_template")))
    pull(chart.module, wanted);
  std::erase_if(wanted, [&](const std::string& name) { return database.installed(name); });
  if (wanted.empty()) return false;

  for (const auto& module : env.schema().modules) {
    if (!wanted.contains(module.name)) continue;
    store(env, "ir.module.module", module.id,
          {{"state", "installed"}, {"latest_version", std::to_string(env.version()) + ".0.1.0"}});
    env.transaction.note("ir.module.module", module.id, "installed");
  }
  const Transaction::Quietly quietly(env.transaction);
  const bool sudo = std::exchange(env.sudo, true);
  if (wanted.contains("product")) set_up_product(env);
  if (wanted.contains("stock")) set_up_stock(env);
  if (wanted.contains("account")) {
    const auto localised = std::find_if(env.schema().charts.begin(), env.schema().charts.end(), [&](const Chart& each) {
      return !each.module.empty() && wanted.contains(each.module);
    });
    load_chart(env,
               localised == env.schema().charts.end() ? chart.code
               : wanted.contains(chart.module)        ? chart.code
                                                      : localised->code,
               1);
  } else if (wanted.contains("stock_account") && env.version() < 19) {
    for (const auto& [company, record] : Table(database.table("res.company")))
      if (truthy(member(*record, "chart_template")))
        create(env, "account.journal",
               {{"name", "Inventory Valuation"},
                {"code", "STJ"},
                {"type", "general"},
                {"sequence", 11},
                {"company_id", company}});
  }
  if (wanted.contains("point_of_sale")) set_up_pos(env);
  env.sudo = sudo;
  return true;
}

}  // namespace tenantry::sandbox::odoo
