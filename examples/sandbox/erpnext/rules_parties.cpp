// Customers, suppliers, users.
#include <cctype>

#include "sandbox/erpnext/rules.hpp"

namespace tenantry::sandbox::erpnext {

namespace {

std::string text_in(const char* doctype, const json::object& document, const char* field) {
  return as_text(field_of(*schema().find(doctype), document, field));
}

// A customer of the same name is no conflict for ERPNext: the new one silently gets a number.
std::string customer_name(Transaction& transaction, const json::object& document) {
  Site& site = transaction.site();
  const std::string wanted = text_in("Customer", document, "customer_name");
  if (wanted.empty() || !site.exists("Customer", wanted)) return wanted;
  for (int number = 1;; ++number) {
    const std::string name = wanted + " - " + std::to_string(number);
    if (site.exists("Customer", name)) continue;
    transaction.messages().push_back({"Changed customer name to '" + name + "' as '" + wanted + "' already exists.",
                                      "Note", "yellow", false, false});
    return name;
  }
}

bool is_email(const std::string& text) {
  const auto at = text.find('@');
  return at != std::string::npos && at > 0 && text.find('.', at) != std::string::npos;
}

// Frappe asks zxcvbn; here a password is weak if it is short or of one kind of character.
bool is_weak(const std::string& password) {
  bool letter = false;
  bool other = false;
  for (const char c : password) (std::isalpha(static_cast<unsigned char>(c)) ? letter : other) = true;
  return password.size() < 8 || !letter || !other;
}

void complete_user(Transaction& transaction, json::object& document) {
  Site& site = transaction.site();
  const std::string email = text_in("User", document, "email");
  const std::string first = text_in("User", document, "first_name");
  const std::string last = text_in("User", document, "last_name");
  document["full_name"] = last.empty() ? first : first + " " + last;
  std::string username;
  for (const char c : first) username += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (text_in("User", document, "username").empty()) document["username"] = username;
  const std::string language = site.single("System Settings", "language");
  if (!language.empty()) document["language"] = language;
  if (text_in("User", document, "time_zone").empty()) {
    const std::string zone = site.single("System Settings", "time_zone");
    document["time_zone"] = zone.empty() ? "Asia/Kolkata" : zone;
  }
  document["user_type"] = "System User";
  if (!document.contains("social_logins"))
    document["social_logins"] = json::array{json::object{
        {"name", random_name()}, {"provider", "frappe"}, {"userid", random_name() + random_name()}, {"__made", true}}};
}

Rules user_rules() {
  Rules rules;
  rules.prepare = complete_user;
  rules.validate = [](Transaction& transaction, json::object& document, const json::object* stored) {
    const std::string email = text_in("User", document, "email");
    if (!stored && !is_email(email))
      throw thrown(417, "InvalidEmailAddressError", email + " is not a valid Email Address");
    const std::string password = text_in("User", document, "new_password");
    if (!password.empty()) {
      if (is_weak(password))
        throw validation(" Avoid sequences like abc or 6543 as they are easy to guess", false, "Invalid Password");
      transaction.site().passwords[as_text(document["name"])] = password;
    }
    document["new_password"] = "";
  };
  rules.on_trash = [](Transaction&, const std::string& name) {
    if (name == "Administrator" || name == "Guest") throw validation("User " + name + " cannot be deleted", false);
  };
  return rules;
}

}  // namespace

void make_user(Transaction& transaction, const std::string& email, const std::string& first, const std::string& last,
               const std::string& password) {
  json::object document{{"email", email}, {"first_name", first}};
  if (!last.empty()) document["last_name"] = last;
  complete_user(transaction, document);
  document["last_ip"] = "127.0.0.1";
  document["last_active"] = transaction.time();
  json::array roles;
  for (const auto& role : presets().at("roles").as_array()) {
    const std::string name(role.as_string());
    if (name == "Administrator" || name == "All" || name == "Guest" || name == "Desk User" || name == "Customer" ||
        name == "Supplier")
      continue;
    roles.push_back(json::object{{"name", random_name()}, {"role", name}});
  }
  document["roles"] = std::move(roles);
  transaction.site().passwords[email] = password;
  make(transaction, "User", email, std::move(document));
}

void add_party_rules(RuleBook& book) {
  book["User"] = user_rules();
  Rules& customer = book["Customer"];
  customer.name = customer_name;
  customer.prepare = [](Transaction& transaction, json::object& document) {
    const std::string language = transaction.site().single("System Settings", "language");
    if (!language.empty()) document["language"] = language;
    // A custom field that the regional set-up of the United States adds.
    for (const auto& [key, row] : transaction.site().table("Company"))
      if (as_text(field_of(*schema().find("Company"), *row.document, "country")) == "United States")
        document["exempt_from_sales_tax"] = 0;
  };
  book["Supplier"].name = [](Transaction&, const json::object& document) {
    return text_in("Supplier", document, "supplier_name");
  };
}

}  // namespace tenantry::sandbox::erpnext
