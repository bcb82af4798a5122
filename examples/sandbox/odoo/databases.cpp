#include "sandbox/odoo/databases.hpp"

#include <fstream>
#include <sstream>

namespace tenantry::sandbox::odoo {

std::shared_ptr<Database> Databases::find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = databases_.find(name);
  return found == databases_.end() ? nullptr : found->second;
}

std::shared_ptr<Database> Databases::add(const std::string& name, Stage stage) {
  auto database = std::make_shared<Database>(name, stage, schema_);
  const std::lock_guard lock(mutex_);
  return databases_.emplace(name, database).second ? database : nullptr;
}

bool Databases::drop(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return databases_.erase(name) > 0;
}

Databases::Renamed Databases::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  const auto found = databases_.find(from);
  if (found == databases_.end()) return Renamed::kNoSource;
  if (databases_.contains(to)) return Renamed::kTaken;
  const auto database = found->second;
  databases_.erase(found);
  databases_.emplace(to, database);
  const std::lock_guard inner(database->mutex);
  database->name = to;
  return Renamed::kYes;
}

std::vector<std::string> Databases::names() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> result;
  for (const auto& [name, database] : databases_)
    if (database->stage != Stage::kCopying) result.push_back(name);
  return result;
}

bool Databases::save(const std::string& file) const {
  json::object all;
  for (const auto& name : names()) {
    const auto database = find(name);
    if (!database) continue;
    const std::lock_guard lock(database->mutex);
    all[name] = database->to_json();
  }
  std::ofstream stream(file, std::ios::trunc);
  stream << json::serialize(all);
  return static_cast<bool>(stream.flush());
}

bool Databases::load(const std::string& file) {
  std::ifstream stream(file);
  std::stringstream text;
  text << stream.rdbuf();
  boost::system::error_code bad;
  const json::value all = json::parse(text.str(), bad);
  if (!stream || bad || !all.is_object()) return false;
  for (const auto& entry : all.get_object()) {
    drop(entry.key());
    const auto database = add(entry.key(), Stage::kReady);
    const std::lock_guard lock(database->mutex);
    database->restore(entry.value().as_object());
  }
  return true;
}

}  // namespace tenantry::sandbox::odoo
