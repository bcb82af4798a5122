// All sites of the pretended bench, by name.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "sandbox/erpnext/site.hpp"

namespace tenantry::sandbox::erpnext {

struct SiteOptions {
  std::string admin_password = "admin";
  std::string api_key;  // of Administrator, in every new site; empty: none until generate_keys
  std::string api_secret;
};

// Thread-safe; what is inside a Site is guarded by the site's own mutex.
class Sites {
 public:
  Sites(SiteOptions options, Journal& journal) : options_(std::move(options)), journal_(journal) {}

  // nullptr: no such site.
  [[nodiscard]] std::shared_ptr<Site> find(const std::string& name) const;
  // Existing or new and fresh.
  [[nodiscard]] std::shared_ptr<Site> find_or_make(const std::string& name);
  // nullptr: the name is taken.
  std::shared_ptr<Site> add(const std::string& name, Stage stage, const std::string& admin_password = {});
  bool drop(const std::string& name);
  [[nodiscard]] std::vector<std::string> names() const;

  // Writes all sites to a file, or reads those that a file holds. False if the file cannot be written or read.
  bool save(const std::string& file) const;
  bool load(const std::string& file);

  // kind: fresh, wizard-done (presets, no company), with-company, frappe (no ERPNext), half-made, directory.
  // False if there is no such kind or the name is taken.
  bool make(const std::string& name, const std::string& kind);

 private:
  SiteOptions options_;
  Journal& journal_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Site>> sites_;
};

}  // namespace tenantry::sandbox::erpnext
