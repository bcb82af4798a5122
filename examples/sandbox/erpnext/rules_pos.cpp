// Tills: POS Profile, POS Opening Entry, POS Closing Entry.
#include "sandbox/erpnext/rules.hpp"

namespace tenantry::sandbox::erpnext {

namespace {

std::string text_in(const char* doctype, const json::object& document, const char* field) {
  return as_text(field_of(*schema().find(doctype), document, field));
}

json::array rows_in(const json::object& document, const char* table) {
  const auto* rows = document.if_contains(table);
  return rows && rows->is_array() ? rows->get_array() : json::array{};
}

// A user has one default till for each company.
void check_default_users(Site& site, const json::object& document) {
  for (const auto& mine : rows_in(document, "applicable_for_users")) {
    if (!as_bool(field_of(*schema().find("POS Profile User"), mine.as_object(), "default"))) continue;
    const std::string user = text_in("POS Profile User", mine.as_object(), "user");
    for (const auto& [key, row] : site.table("POS Profile")) {
      if (key == as_text(document.at("name")) || as_bool(site.get("POS Profile", key, "disabled")) ||
          text_in("POS Profile", *row.document, "company") != text_in("POS Profile", document, "company"))
        continue;
      for (const auto& other : rows_in(*row.document, "applicable_for_users"))
        if (text_in("POS Profile User", other.as_object(), "user") == user &&
            as_bool(field_of(*schema().find("POS Profile User"), other.as_object(), "default")))
          throw validation("Already set default in pos profile " + key + " for user " + user +
                           ", kindly disabled default");
    }
  }
}

void check_same_company(Site& site, const json::object& document) {
  struct Owned {
    const char* field;
    const char* doctype;
  };
  static constexpr Owned kOwned[] = {
      {"warehouse", "Warehouse"},    {"write_off_account", "Account"}, {"write_off_cost_center", "Cost Center"},
      {"income_account", "Account"}, {"expense_account", "Account"},   {"cost_center", "Cost Center"}};
  const std::string company = text_in("POS Profile", document, "company");
  for (const auto& entry : kOwned) {
    const std::string name = text_in("POS Profile", document, entry.field);
    if (!name.empty() && site.text(entry.doctype, name, "company") != company)
      throw validation(name + " does not belong to Company " + company);
  }
}

void check_payments(Site& site, const json::object& document) {
  const json::array payments = rows_in(document, "payments");
  if (payments.empty()) throw validation("Payment methods are mandatory. Please add at least one payment method.");
  int defaults = 0;
  for (const auto& row : payments)
    defaults += as_bool(field_of(*schema().find("POS Payment Method"), row.as_object(), "default")) ? 1 : 0;
  if (defaults == 0) throw validation("Please select a default mode of payment");
  if (defaults > 1) throw validation("You can only select one mode of payment as default");
  require_payment_accounts(site, payments, text_in("POS Profile", document, "company"));
}

Rules opening_rules() {
  Rules rules;
  rules.validate = [](Transaction& transaction, json::object& document, const json::object*) {
    Site& site = transaction.site();
    const std::string company = text_in("POS Opening Entry", document, "company");
    const std::string profile = text_in("POS Opening Entry", document, "pos_profile");
    if (!profile.empty() && site.text("POS Profile", profile, "company") != company)
      throw validation("POS Profile " + profile + " does not belongs to company " + company);
    const std::string user = text_in("POS Opening Entry", document, "user");
    if (!user.empty() && !as_bool(site.get("User", user, "enabled")))
      throw validation("User " + user + " is disabled. Please select valid user/cashier");
    require_payment_accounts(site, rows_in(document, "balance_details"), company);
    const auto* docstatus = document.if_contains("docstatus");
    document["status"] = docstatus && docstatus->is_int64() && docstatus->get_int64() == 1 ? "Open" : "Draft";
    if (text_in("POS Opening Entry", document, "posting_date").empty()) document["posting_date"] = site.today();
  };
  rules.on_cancel = [](Transaction& transaction, const std::string& name) {
    change(transaction, "POS Opening Entry", name, {{"status", "Cancelled"}});
  };
  return rules;
}

Rules closing_rules() {
  Rules rules;
  rules.validate = [](Transaction& transaction, json::object& document, const json::object*) {
    Site& site = transaction.site();
    const std::string opening = text_in("POS Closing Entry", document, "pos_opening_entry");
    if (site.text("POS Opening Entry", opening, "status") != "Open")
      throw validation("Selected POS Opening Entry should be open.", true, "Invalid Opening Entry");
    if (text_in("POS Closing Entry", document, "posting_time").empty())
      document["posting_time"] = site.now().substr(11);
  };
  rules.on_submit = [](Transaction& transaction, const std::string& name, bool) {
    const std::string opening = transaction.site().text("POS Closing Entry", name, "pos_opening_entry");
    change(transaction, "POS Closing Entry", name, {{"status", "Submitted"}, {"error_message", ""}});
    change(transaction, "POS Opening Entry", opening, {{"status", "Closed"}, {"pos_closing_entry", name}});
  };
  rules.on_cancel = [](Transaction& transaction, const std::string& name) {
    const std::string opening = transaction.site().text("POS Closing Entry", name, "pos_opening_entry");
    change(transaction, "POS Closing Entry", name, {{"status", "Cancelled"}});
    change(transaction, "POS Opening Entry", opening, {{"status", "Open"}, {"pos_closing_entry", nullptr}});
  };
  return rules;
}

}  // namespace

std::string payment_account(Site& site, const std::string& mode, const std::string& company) {
  const auto* document = site.find("Mode of Payment", mode);
  if (!document) return {};
  for (const auto& row : rows_in(*document, "accounts"))
    if (text_in("Mode of Payment Account", row.as_object(), "company") == company)
      return text_in("Mode of Payment Account", row.as_object(), "default_account");
  return {};
}

void require_payment_accounts(Site& site, const json::array& rows, const std::string& company) {
  std::string missing;
  int count = 0;
  for (const auto& row : rows) {
    const std::string mode =
        as_text(row.as_object().contains("mode_of_payment") ? row.at("mode_of_payment") : json::value());
    if (mode.empty() || !payment_account(site, mode, company).empty()) continue;
    missing += (missing.empty() ? "" : ", ") + std::string("<a href=\"http://") + site.name + "/app/mode-of-payment/" +
               mode + "\">" + mode + "</a>";
    ++count;
  }
  if (count == 0) return;
  throw validation(
      "Please set default Cash or Bank account in Mode of Payment" + std::string(count >= 1 ? "s " : " ") + missing,
      true, count > 1 ? "Missing Accounts" : "Missing Account");
}

void add_pos_rules(RuleBook& book) {
  Rules& profile = book["POS Profile"];
  profile.prepare = [](Transaction& transaction, json::object& document) {
    const std::string company = text_in("POS Profile", document, "company");
    document["country"] = transaction.site().get("Company", company, "country");
  };
  profile.validate = [](Transaction& transaction, json::object& document, const json::object*) {
    check_default_users(transaction.site(), document);
    check_same_company(transaction.site(), document);
    check_payments(transaction.site(), document);
  };
  book["POS Opening Entry"] = opening_rules();
  book["POS Closing Entry"] = closing_rules();
}

}  // namespace tenantry::sandbox::erpnext
