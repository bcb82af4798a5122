// How a database comes into being: made with its modules or copied from a template, under a name nobody knows;
// given to its tenant; and only then named. Every function may be called again after a crash at any point.
#pragma once
#include "blueprint.hpp"
#include "databases.hpp"
#include "records.hpp"

namespace tenantry::odoo {

struct Key {
  std::string login, password;
};

// What making a database needs. Refers to what outlives it.
struct Site {
  const Blueprint& plan;
  Wire wire;
  Databases& databases;
  int major;
  Key maker;  // signs in to a template, and to a copy that is nobody's yet

  [[nodiscard]] Database database(const std::string& name) const { return {wire, name, major}; }
  [[nodiscard]] Context& context() const { return wire.context(); }
};

// Holds together what a site refers to.
struct Maker {
  Maker(Blueprint given, Wire to, std::int64_t major, Context& context);
  Maker(const Maker&) = delete;
  Maker& operator=(const Maker&) = delete;

  Blueprint plan;
  Wire wire;
  std::unique_ptr<Databases> databases;
  std::optional<Site> site;
};
[[nodiscard]] Port port_of(const Blueprint& plan, std::int64_t major);

// Of the Unix clock, as notes have it.
[[nodiscard]] std::int64_t now_seconds();
[[nodiscard]] std::string secret_or_empty(Context& context, std::string_view name);
// Nothing can be made without it.
[[nodiscard]] Ending no_master(const std::string& server);

// Makes a database with all modules, signed in to with `site.maker`. Answers wait while Odoo is still at it, and drops
// what turns out to be half made. Only for names that nobody else uses.
[[nodiscard]] Result<Nothing> make_afresh(Site& site, const std::string& name);
// Copies a finished database to the run's next staging name and answers with that.
[[nodiscard]] Result<std::string> copy_to_stage(Site& site, const std::string& source);
// Gives a staging database to its tenant: the mark, and the only sign-in there is.
[[nodiscard]] Result<Nothing> personalise(Site& site, const std::string& name, const Key& owner);

[[nodiscard]] Result<bool> is_there(Site& site, const std::string& name);
[[nodiscard]] Result<Nothing> drop(Site& site, const std::string& name);

// Installs what is not installed yet, in one call. True: something was.
[[nodiscard]] Result<bool> install_modules(Database& database, const Blueprint& plan);
[[nodiscard]] Result<std::vector<std::string>> missing_modules(Database& database, const Blueprint& plan);

// Whose a database is, by the mark in it.
enum class Holder { nobody, made_by_run, taken_by_run, this_tenant, another_tenant };
[[nodiscard]] Result<Holder> holder_of(Database& database, const Blueprint& plan);
// An empty mark removes it.
[[nodiscard]] Result<Nothing> put_mark(Database& database, const std::string& mark);
// What would be lost with it: posted journal entries and sales, other than the one made to try the till.
[[nodiscard]] Result<std::int64_t> bookings(Database& database);
// Begins the uuid of that one.
inline constexpr std::string_view kTrialSale = "7e4a47ed-";

}  // namespace tenantry::odoo
