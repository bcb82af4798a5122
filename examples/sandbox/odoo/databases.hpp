// All databases of one server, by name.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "sandbox/odoo/database.hpp"

namespace tenantry::sandbox::odoo {

// Thread-safe; the databases themselves are guarded by their own mutexes.
class Databases {
 public:
  explicit Databases(const Schema& schema) : schema_(schema) {}

  [[nodiscard]] std::shared_ptr<Database> find(const std::string& name) const;
  // Takes the name. nullptr: it is taken.
  std::shared_ptr<Database> add(const std::string& name, Stage stage);
  // False: there is none.
  bool drop(const std::string& name);
  enum class Renamed { kYes, kNoSource, kTaken };
  Renamed rename(const std::string& from, const std::string& to);
  // Those that PostgreSQL shows.
  [[nodiscard]] std::vector<std::string> names() const;

  // A state file. False: it cannot be read or written.
  [[nodiscard]] bool save(const std::string& file) const;
  [[nodiscard]] bool load(const std::string& file);

 private:
  const Schema& schema_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Database>> databases_;
};

}  // namespace tenantry::sandbox::odoo
