// Modules of a database: what is missing is installed in one call, which keeps the database from everybody else for a
// minute and more, and is waited for when it was interrupted.
#include <algorithm>

#include "building.hpp"

namespace tenantry::odoo {

namespace {

using std::chrono::seconds;
// Before, a second installation simply goes on with the first.
constexpr int kFirstWithReset = 19;

struct Module {
  std::int64_t id = 0;
  std::string name, state;
};

Result<std::vector<Module>> modules_of(Database& database, const Blueprint& plan) {
  json::array names;
  for (const std::string& name : plan.modules) names.emplace_back(name);
  // While modules are installed every request to the database waits, for a minute and more.
  const Reply rows = database.search_read("ir.module.module", {json::array{"name", "in", std::move(names)}},
                                          {"name", "state"}, false, seconds(150));
  if (!rows.ok()) return ending_of(rows.fault(), database.concern("modules", "to look for them"));
  std::vector<Module> all;
  for (const std::string& name : plan.modules) {
    Module module{0, name, ""};
    for (const json::object& row : rows.rows())
      if (text_of(row, "name") == name) module = {id_of(row, "id"), name, text_of(row, "state")};
    all.push_back(module);
  }
  return done(std::move(all));
}

}  // namespace

Result<std::vector<std::string>> missing_modules(Database& database, const Blueprint& plan) {
  const auto modules = modules_of(database, plan);
  if (!modules.has_value()) return modules.ending();
  std::vector<std::string> missing;
  for (const Module& module : *modules)
    if (module.state != "installed") missing.push_back(module.name);
  return done(std::move(missing));
}

Result<bool> install_modules(Database& database, const Blueprint& plan) {
  bool any = false;
  for (int i = 0; i < 3; ++i) {
    const auto modules = modules_of(database, plan);
    if (!modules.has_value()) {
      if (modules.ending().code() == "odoo.timeout") return wait(5s, "Odoo is busy, probably installing modules");
      return modules.ending();
    }
    Notes notes = notes_of(database.context());
    const bool on_their_way = std::any_of(modules->begin(), modules->end(), [](const Module& module) {
      return module.state == "to install" || module.state == "to upgrade";
    });
    if (on_their_way) {
      // Being installed, or left so by a server that died: from 19 on Odoo then refuses until the states are reset.
      const std::int64_t patience = std::chrono::duration_cast<seconds>(plan.install_time).count();
      if (notes.installing == 0) {
        notes.installing = now_seconds();
        database.context().save(notes);
      }
      if (now_seconds() < notes.installing + patience) return wait(5s, "modules are being installed");
      database.context().warn("an interrupted installation of modules is begun again");
      if (database.major() >= kFirstWithReset) {
        const Reply reset = database.call({.model = "ir.module.module", .method = "button_reset_state"});
        if (!reset.ok()) return ending_of(reset.fault(), database.concern("modules", "to reset their states"));
        notes.installing = 0;
        database.context().save(notes);
        continue;
      }
    }
    json::array missing;
    for (const Module& module : *modules) {
      if (module.id == 0)
        return give_up({"odoo.module_missing", "missing_dependency", "module " + module.name, "it on the server",
                        "not known to Odoo", "Add the module to the server's addons, then Continue."});
      if (module.state != "installed") missing.emplace_back(module.id);
    }
    if (missing.empty()) return done(any);
    any = true;
    notes.installing = now_seconds();
    database.context().save(notes);
    database.context().progress(0.4, "installing modules");
    const Reply reply =
        database.call({.model = "ir.module.module", .method = "button_immediate_install", .ids = std::move(missing)},
                      plan.install_time);
    if (reply.ok()) continue;  // the state is the truth
    const Fault& fault = reply.fault();
    if (fault.remedy == Remedy::cancelled) return cancelled();
    if (fault.is("odoo.installing")) return wait(10s, "Odoo is at another installation of modules");
    if (fault.unknown_outcome) {
      database.context().warn("the answer was lost; Odoo may go on installing", {{"found", fault.code}});
      return wait(5s, "Odoo may still be installing modules");
    }
    return ending_of(fault, database.concern("modules", "to install them"));
  }
  return try_again({"odoo.install_failed", "transient", "modules", "all installed", "not all after several calls",
                    "Look into Odoo's log for what the installation says, then Continue."});
}

}  // namespace tenantry::odoo
