// The setup wizard: what it makes, and what it says although it made something else.
#pragma once
#include "sandbox/erpnext/documents.hpp"

namespace tenantry::sandbox::erpnext {

// Both apps say so.
[[nodiscard]] bool is_setup_complete(Site& site);
// Installed Applications of a site whose apps were just installed.
void install_apps(Transaction& transaction, bool with_erpnext);
// What install_fixtures makes, company and users apart.
void make_presets(Transaction& transaction, const std::string& country, const std::string& currency);
// Throws what the wizard throws, with its failure message. Does nothing if set-up is complete.
void run_wizard(Transaction& transaction, const json::object& arguments);

}  // namespace tenantry::sandbox::erpnext
