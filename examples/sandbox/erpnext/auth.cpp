#include "sandbox/erpnext/auth.hpp"

#include <algorithm>
#include <array>
#include <random>

namespace tenantry::sandbox::erpnext {

namespace {

constexpr int kWrongLoginsBeforeLock = 11;
constexpr std::chrono::seconds kLockTime{60};

std::string random_hex(std::size_t digits) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  thread_local std::mt19937_64 random{std::random_device{}()};
  std::string result(digits, '0');
  for (auto& c : result) c = kDigits[random() % kDigits.size()];
  return result;
}

[[noreturn]] void not_authentic(const std::string& message = {}) {
  Raised raised;
  raised.status = 401;
  raised.exc_type = "AuthenticationError";
  raised.exception = "frappe.exceptions.AuthenticationError";
  raised.message = message;
  throw Raised(raised);
}

std::string user_of_token(Site& site, std::string_view token) {
  const auto colon = token.find(':');
  if (colon == std::string_view::npos) not_authentic();
  for (const auto& [user, keys] : site.keys) {
    if (keys.key != token.substr(0, colon)) continue;
    if (keys.secret != token.substr(colon + 1) || !as_bool(site.get("User", user, "enabled"))) not_authentic();
    return user;
  }
  not_authentic();
}

bool has_role(Site& site, const std::string& user, std::string_view role) {
  const auto* document = site.find("User", user);
  const auto* rows = document ? document->if_contains("roles") : nullptr;
  if (!rows || !rows->is_array()) return false;
  return std::any_of(rows->get_array().begin(), rows->get_array().end(),
                     [role](const json::value& row) { return as_text(row.at("role")) == role; });
}

struct Grant {
  std::string_view role;
  std::string_view doctype;
  std::string_view rights;
};
// As much of the permission table as tills and cashiers need. System Manager may do everything.
constexpr std::array<Grant, 16> kGrants{{{"Sales User", "Customer", "rwc"},
                                         {"Sales User", "Item", "r"},
                                         {"Sales User", "POS Profile", "r"},
                                         {"Sales User", "Price List", "r"},
                                         {"Sales User", "Item Price", "r"},
                                         {"Accounts User", "Sales Invoice", "rwcd"},
                                         {"Accounts User", "POS Invoice", "rwcd"},
                                         {"Accounts User", "POS Opening Entry", "rwcd"},
                                         {"Accounts User", "POS Closing Entry", "rwcd"},
                                         {"Accounts User", "Account", "r"},
                                         {"Accounts User", "Mode of Payment", "r"},
                                         {"Accounts User", "POS Profile", "r"},
                                         {"Accounts User", "Company", "r"},
                                         {"Stock User", "Warehouse", "r"},
                                         {"Stock User", "Item", "r"},
                                         {"Stock User", "Stock Entry", "rwcd"}}};

}  // namespace

Identity identify(Site& site, const Request& request) {
  const auto header = request.header("authorization");
  if (!header.empty()) {
    const auto space = header.find(' ');
    const auto scheme = header.substr(0, space);
    const auto value = space == std::string_view::npos ? std::string_view{} : header.substr(space + 1);
    if (scheme == "token") return {user_of_token(site, value), {}};
    if (scheme == "Basic" || scheme == "basic") {
      const auto decoded = base64_decode(value);
      if (!decoded) not_authentic();
      return {user_of_token(site, *decoded), {}};
    }
  }
  const std::string sid = request.cookie("sid");
  const auto session = site.sessions.find(sid);
  if (session == site.sessions.end()) return {};
  return {session->second.user, sid};
}

void check_csrf(Site& site, const Identity& identity, const Request& request) {
  if (identity.sid.empty() || request.method == "GET" || request.method == "HEAD") return;
  const std::string& expected = site.sessions[identity.sid].csrf;
  if (expected.empty() || request.header("x-frappe-csrf-token") == expected) return;
  Raised raised = thrown(400, "CSRFTokenError", "Invalid Request");
  raised.traceback = false;
  throw Raised(raised);
}

std::string log_in(Site& site, const std::string& user, const std::string& password) {
  auto& failures = site.failed_logins[user];
  if (failures.count >= kWrongLoginsBeforeLock) {
    if (std::chrono::steady_clock::now() - failures.last < kLockTime)
      throw thrown(500, "SecurityException", "Your account has been locked and will resume after 60 seconds");
    failures.count = 0;
  }
  const auto known = site.passwords.find(user);
  if (known == site.passwords.end() || known->second != password || !as_bool(site.get("User", user, "enabled"))) {
    ++failures.count;
    failures.last = std::chrono::steady_clock::now();
    not_authentic("Invalid login credentials");
  }
  failures.count = 0;
  std::string sid = random_hex(56);
  site.sessions[sid] = {user, {}};
  return sid;
}

std::string generate_keys(Transaction& transaction, const std::string& user) {
  Site& site = transaction.site();
  if (!site.exists("User", user)) throw not_found("User", user);
  auto& keys = site.keys[user];
  if (keys.key.empty()) keys.key = random_hex(15);
  keys.secret = random_hex(15);
  change(transaction, "User", user, {{"api_key", keys.key}, {"api_secret", "***************"}});
  return keys.secret;
}

bool is_system_manager(Site& site, const std::string& user) {
  return user == "Administrator" || has_role(site, user, "System Manager");
}

void require(Site& site, const std::string& user, const Doctype& doctype, char right, const std::string& name) {
  if (is_system_manager(site, user)) return;
  for (const auto& grant : kGrants)
    if (grant.doctype == doctype.name && grant.rights.find(right) != std::string_view::npos &&
        has_role(site, user, grant.role))
      return;
  Raised raised = permission_denied(user, doctype.name);
  if (right == 'c' && user != "Guest") raised.traceback = false;
  if (right == 'r' && !name.empty()) {
    raised.error_message.clear();
    raised.messages[0].text += "<br>User <strong>" + user + "</strong> does not have access to this document";
  }
  if (right == 'd') {
    const std::string text = "User not allowed to delete " + doctype.name + ": " + name;
    raised.error_message.clear();
    raised.exception += ": " + text;
    raised.messages = {
        {"User <strong>" + user + "</strong> does not have access to this document: " + doctype.name + " - " + name,
         "Message", "", false, false},
        red(text)};
  }
  throw Raised(raised);
}

void add_cookies(Site& site, const Identity& identity, Response& response) {
  // A token gives no session: the cookies are a guest's, and a client that keeps them gains nothing.
  const std::string user = identity.sid.empty() ? "Guest" : identity.user;
  const std::string sid = identity.sid.empty() ? "Guest" : identity.sid;
  const bool guest = user == "Guest";
  const std::string full_name = guest ? "Guest" : site.text("User", user, "full_name");
  const std::string tail = "; Path=/; SameSite=Lax";
  response.headers.emplace_back("Set-Cookie", "sid=" + sid + "; Max-Age=612000; HttpOnly" + tail);
  response.headers.emplace_back("Set-Cookie", std::string("system_user=") + (guest ? "no" : "yes") + tail);
  response.headers.emplace_back("Set-Cookie", "full_name=" + full_name + tail);
  response.headers.emplace_back("Set-Cookie", "user_id=" + user + tail);
  response.headers.emplace_back("Set-Cookie", "user_image=" + tail);
}

}  // namespace tenantry::sandbox::erpnext
