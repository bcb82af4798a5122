// Frappe's command for making and dropping sites. There is no HTTP interface for it.
#pragma once
#include <string>

#include "blueprint.hpp"

namespace tenantry::erpnext {

enum class SiteState {
  missing,     // no such site
  remains,     // a directory or half a database: only good to be dropped
  frappe,      // works, but ERPNext is not (wholly) installed
  complete,    // both apps are installed; whether one can sign in is another question
  unreadable,  // bench itself failed: says nothing about the site
};

class BenchCommands {
 public:
  // `admin_password` replaces {admin_password} in the options and is given to the command as TENANTRY_ADMIN_PASSWORD.
  BenchCommands(Context& context, const Blueprint& plan, std::string_view admin_password)
      : context_(context), plan_(plan), admin_password_(admin_password) {}

  // "15.71.1" of ERPNext, with a failure if bench does not run.
  [[nodiscard]] Result<std::string> erpnext_version();
  [[nodiscard]] Result<SiteState> look();
  // From the golden image if there is one. A failure leaves remains behind.
  [[nodiscard]] Result<Nothing> new_site();
  // Also finishes an installation that was killed.
  [[nodiscard]] Result<Nothing> install_erpnext();
  // Without a backup. A site that does not exist counts as dropped.
  [[nodiscard]] Result<Nothing> drop_site();

 private:
  struct Ran {
    bool ok = false;
    bool stopped = false;  // cancelled or out of time
    bool started = false;
    std::string output, message;
  };
  Ran run(std::vector<std::string> arguments, Milliseconds timeout);
  Ending problem(const Ran& ran, const std::string& code, const std::string& what) const;

  Context& context_;
  const Blueprint& plan_;
  std::string admin_password_;
};

}  // namespace tenantry::erpnext
