#include "sandbox/erpnext/sites.hpp"

#include <fstream>
#include <sstream>

#include "sandbox/erpnext/wizard.hpp"

namespace tenantry::sandbox::erpnext {

std::shared_ptr<Site> Sites::find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = sites_.find(name);
  return found == sites_.end() ? nullptr : found->second;
}

std::shared_ptr<Site> Sites::add(const std::string& name, Stage stage, const std::string& admin_password) {
  auto site = std::make_shared<Site>(name, stage, admin_password.empty() ? options_.admin_password : admin_password);
  if (!options_.api_key.empty()) site->keys["Administrator"] = {options_.api_key, options_.api_secret};
  const std::lock_guard lock(mutex_);
  return sites_.emplace(name, site).second ? site : nullptr;
}

std::shared_ptr<Site> Sites::find_or_make(const std::string& name) {
  if (auto site = find(name)) return site;
  make(name, "fresh");
  return find(name);
}

bool Sites::drop(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return sites_.erase(name) > 0;
}

std::vector<std::string> Sites::names() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> result;
  for (const auto& [name, site] : sites_) result.push_back(name);
  return result;
}

bool Sites::save(const std::string& file) const {
  json::object all;
  for (const auto& name : names()) {
    const auto site = find(name);
    if (!site) continue;
    const std::lock_guard lock(site->mutex);
    all[name] = site->to_json();
  }
  std::ofstream stream(file, std::ios::trunc);
  stream << json::serialize(all);
  return static_cast<bool>(stream.flush());
}

bool Sites::load(const std::string& file) {
  std::ifstream stream(file);
  std::stringstream text;
  text << stream.rdbuf();
  boost::system::error_code bad;
  const json::value all = json::parse(text.str(), bad);
  if (!stream || bad || !all.is_object()) return false;
  for (const auto& entry : all.get_object()) {
    drop(entry.key());
    const auto site = add(entry.key(), Stage::kReady);
    const std::lock_guard lock(site->mutex);
    site->restore(entry.value().as_object());
  }
  return true;
}

bool Sites::make(const std::string& name, const std::string& kind) {
  const Stage stage = kind == "directory"   ? Stage::kDirectory
                      : kind == "half-made" ? Stage::kHalfTables
                      : kind == "frappe"    ? Stage::kFrappe
                                            : Stage::kReady;
  if (stage == Stage::kReady && kind != "fresh" && kind != "wizard-done" && kind != "with-company") return false;
  const auto site = add(name, stage);
  if (!site) return false;
  const std::lock_guard lock(site->mutex);
  Transaction transaction(*site, "Administrator", "");
  transaction.note("", name, "site created");
  if (stage >= Stage::kFrappe) install_apps(transaction, stage == Stage::kReady);
  if (kind == "wizard-done" || kind == "with-company")
    run_wizard(transaction, {{"country", "Kenya"},
                             {"currency", "KES"},
                             {"timezone", "Africa/Nairobi"},
                             {"full_name", "Tenant Owner"},
                             {"email", "owner@example.com"},
                             {"password", "Owner-Pass-2026!"},
                             {"company_name", kind == "with-company" ? "Example Ltd" : ""},
                             {"company_abbr", "EL"},
                             {"chart_of_accounts", "Standard"},
                             {"fy_start_date", "2026-01-01"},
                             {"fy_end_date", "2026-12-31"}});
  transaction.commit(journal_);
  return true;
}

}  // namespace tenantry::sandbox::erpnext
