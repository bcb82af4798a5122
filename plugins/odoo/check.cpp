// Step 0: which Odoo it is, and whether databases can be made there, or the existing one entered.
#include <charconv>

#include "engine.hpp"

namespace tenantry::odoo {

namespace {

using std::chrono::seconds;
constexpr std::int64_t kOldest = 17, kOldestTried = 18;

}  // namespace

// With a key nobody has said yet whose it is.
Result<std::int64_t> user_of(Database& database, const std::string& login) {
  if (database.user() != 0) return done(database.user());
  const Reply rows = database.search_read("res.users", {json::array{"login", "=", login}}, {"login"});
  if (!rows.ok()) return ending_of(rows.fault(), database.concern("user " + login, "to look for it"));
  if (rows.rows().empty())
    return give_up({"odoo.no_credentials", "unauthenticated", "user " + login, "the user of the API key",
                    "no such user", "Correct the server's admin_login, then Continue."});
  return done(id_of(rows.rows()[0], "id"));
}

Result<EngineCheck> check_server(Wire& wire, const Blueprint& plan, const std::string& master) {
  const std::string server = wire.address().server;
  const Concern concern = wire.concern("Odoo at " + wire.address().url, "its version");
  const Reply said = wire.web("/web/webclient/version_info", {}, "", seconds(10));
  if (!said.ok()) return ending_of(said.fault(), concern);
  const json::object* object = said.value().if_object();
  const std::string version = object ? text_of(*object, "server_version") : "";
  const std::string series = object ? text_of(*object, "server_serie") : "";
  // "saas~18.2" is of the eighteenth series, too.
  const std::size_t digits = series.find_first_of("0123456789");
  std::int64_t major = 0;
  if (digits != std::string::npos) std::from_chars(series.data() + digits, series.data() + series.size(), major);
  if (major == 0)
    return give_up({"odoo.no_such_page", "not_found", concern.object, "the version of an Odoo server",
                    plain_text(json::serialize(said.value()), 80),
                    "Correct the URL of server " + server + ", then Continue."});
  if (major < kOldest)
    return give_up({"odoo.version", "missing_dependency", concern.object, "Odoo 17 or newer", version,
                    "Update Odoo, or name another server, then Continue."});
  if (major < kOldestTried) wire.context().warn("this version of Odoo was not tried", {{"version", version}});
  wire.context().info("Odoo answers", {{"version", version}});
  if (plan.mode == Mode::existing_database) return already_done(EngineCheck{version, major});
  if (master.empty()) return no_master(server);
  const auto databases = open_databases(wire, port_of(plan, major), master);
  const Reply checked = databases->check(std::string(plan.country->code));
  if (!checked.ok()) return ending_of(checked.fault(), wire.concern("databases of server " + server, "to manage them"));
  if (checked.value() == false)
    return give_up({"odoo.unknown_country", "invalid_input", "country " + std::string(plan.country->code),
                    "one Odoo knows", "not in its list", "Start again with another country."})
        .at("/request/country_template");
  return already_done(EngineCheck{version, major});
}

Result<EngineCheck> Engine::check(Context& context, Asked request, Who tenant, Where server) {
  const auto plan = blueprint(context, request, tenant, server);
  if (!plan.has_value()) return plan.ending();
  Wire line = wire(context, server, *plan);
  auto checked = check_server(line, *plan, secret_or_empty(context, "server.master_password"));
  if (!checked.has_value() || plan->mode == Mode::new_database) return checked;
  auto work = enter(context, request, tenant, server, checked->major, 0, Purpose::use_key);
  if (!work.has_value()) return work.ending();
  const auto user = user_of(work.value().database, plan->admin_login);
  if (!user.has_value()) return user.ending();
  return checked;
}

Verdict Engine::verify_check(Context& context, Asked request, Who tenant, Where server, Maybe<EngineCheck> output) {
  const auto checked = check(context, request, tenant, server);
  if (!checked.has_value()) return checked.ending();
  return verdict({}, output.value_or(*checked));
}

}  // namespace tenantry::odoo
