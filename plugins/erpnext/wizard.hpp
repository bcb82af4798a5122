// Frappe's setup wizard: what it makes on an empty site, and how to tell whether it did.
#pragma once
#include "blueprint.hpp"
#include "documents.hpp"

namespace tenantry::erpnext {

struct Setup {
  bool complete = false;  // both apps say so; it does not mean that there is a company
  bool has_company = false;
};
[[nodiscard]] Result<Setup> look_at_setup(Site& site);

// Why the wanted chart of accounts cannot be used; nullopt: it can. The wizard would swallow it.
[[nodiscard]] std::optional<Ending> unknown_chart(Site& site, const Blueprint& plan);

// Calls the wizard, or waits for one that is at work. Saves `notes` first, so that a later attempt knows whose company
// it finds.
[[nodiscard]] Result<Nothing> run_wizard(Site& site, const Blueprint& plan, const std::string& owner_password,
                                         Notes& notes);

// Whose the wanted company is; nothing: there is none.
[[nodiscard]] Result<std::optional<Holder>> holder_of_company(Site& site, const Blueprint& plan);

// Marks the company our call of the wizard made. False: there is none. The wizard's word is no proof: it says ok to a
// chart it does not know, and makes no company.
[[nodiscard]] Result<bool> mark_wizard_company(Site& site, const Blueprint& plan);

}  // namespace tenantry::erpnext
