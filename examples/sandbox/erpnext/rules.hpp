// What is special about single doctypes. A rule that is not set does nothing.
#pragma once
#include <functional>
#include <map>
#include <string>

#include "sandbox/erpnext/documents.hpp"

namespace tenantry::sandbox::erpnext {

struct Rules {
  // Fills in what the client left out, before links are checked.
  std::function<void(Transaction&, json::object&)> prepare;
  // The name of a document with "custom" naming.
  std::function<std::string(Transaction&, const json::object&)> name;
  // `stored` is nullptr while the document is new.
  std::function<void(Transaction&, json::object& document, const json::object* stored)> validate;
  std::function<void(Transaction&, const std::string& name)> after_insert;
  std::function<void(Transaction&, const std::string& name)> after_update;
  // `in_one`: the document was posted with docstatus 1, so that nothing of before_save has run.
  std::function<void(Transaction&, const std::string& name, bool in_one)> on_submit;
  std::function<void(Transaction&, const std::string& name)> on_cancel;
  // Before links are checked; may throw, may delete what hangs on the document.
  std::function<void(Transaction&, const std::string& name)> on_trash;
};

[[nodiscard]] const Rules& rules_for(const std::string& doctype);

using RuleBook = std::map<std::string, Rules>;
void add_master_rules(RuleBook& book);
void add_party_rules(RuleBook& book);
void add_company_rules(RuleBook& book);
void add_pos_rules(RuleBook& book);
void add_trade_rules(RuleBook& book);

// What several rules need.
[[nodiscard]] std::string abbreviation(Site& site, const std::string& company);
// The account of a mode of payment for a company, or "".
[[nodiscard]] std::string payment_account(Site& site, const std::string& mode, const std::string& company);
// Throws "Please set default Cash or Bank account ..." unless each has one.
void require_payment_accounts(Site& site, const json::array& rows, const std::string& company);
// Accounts of a chart, below data/charts.json's "standard"; `numbered` prefixes account numbers.
void make_accounts(Transaction& transaction, const std::string& company, bool numbered);
[[nodiscard]] bool knows_chart(const std::string& country, const std::string& chart);
[[nodiscard]] json::array charts_for(const std::string& country, bool with_standard);
// The account that a company's own name of it became, e.g. "1110 - Cash - AUI".
[[nodiscard]] std::string account_named(Site& site, const std::string& company, const std::string& account_name);
// Cash in the mode of payment "Cash" and the company's default accounts, from what accounts there are.
void set_company_defaults(Transaction& transaction, const std::string& company);
// What start_deletion_tasks of a Transaction Deletion Record does.
void delete_transactions(Transaction& transaction, const std::string& record);
void make_user(Transaction& transaction, const std::string& email, const std::string& first, const std::string& last,
               const std::string& password);

}  // namespace tenantry::sandbox::erpnext
