// Copies of the engine files that unfinished runs began on, so that a host that is started again can carry those runs
// to their end although the files were replaced meanwhile. One file per manifest: the newest build of it.
#pragma once
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace tenantry::catalog {

// From one thread at a time.
class Shelf {
 public:
  // The manifests, by digest, of runs that are not finished.
  using Needed = std::function<base::Result<std::set<std::string>>()>;

  // The folder is made when it is first needed, readable by nobody else.
  Shelf(std::filesystem::path folder, Needed needed) : folder_(std::move(folder)), needed_(std::move(needed)) {}

  // Copies the file, if its SHA-256 is still `file_digest` and there is no such copy yet; durable on return. A copy
  // that cannot be made is only missed when the host is started again, so that is a warning in the log.
  void keep(const std::filesystem::path& file, const std::string& file_digest, const std::string& manifest) const;

  // Does an unfinished run stay on this manifest? If that cannot be found out: perhaps.
  [[nodiscard]] bool needs(const std::string& manifest) const;

  // Removes the copies that no unfinished run needs, and gives the others but for these manifests.
  [[nodiscard]] std::vector<std::filesystem::path> tidy(const std::set<std::string>& loaded) const;

 private:
  const std::filesystem::path folder_;
  const Needed needed_;
};

}  // namespace tenantry::catalog
