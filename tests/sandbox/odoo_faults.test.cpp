#include "sandbox/odoo_fixture.hpp"
#include "support/catch.hpp"

using namespace tenantry::sandbox;
using namespace tenantry::sandbox::testing;
using std::chrono::milliseconds;

namespace {

odoo::Options of_version(int version) {
  odoo::Options options;
  options.version = version;
  return options;
}

std::int64_t partners(const OdooSandbox& sandbox) {
  return sandbox.on("t1", "res.partner", "search_count", {{{"ref", "=", "R"}}}).as_int64();
}

json::value create(const OdooSandbox& sandbox) {
  return sandbox.on("t1", "res.partner", "create", {{{"name", "P"}, {"ref", "R"}}});
}

}  // namespace

TEST_CASE("an error asked for has Odoo's form, by the way that the call came") {
  OdooSandbox sandbox(of_version(19));
  sandbox.make("t1");
  const std::string key = sandbox.make_key("t1");
  sandbox.fault({{"doctype", "res.partner.*"},
                 {"action", "error"},
                 {"exc_type", "psycopg2.errors.SerializationFailure"},
                 {"times", 2}});
  const auto envelope =
      sandbox.rpc("object", "execute_kw", {"t1", 2, "admin", "res.partner", "create", {{{"name", "P"}, {"ref", "R"}}}});
  CHECK(envelope->at("error").at("data").at("name") == "psycopg2.errors.SerializationFailure");
  CHECK(envelope->at("error").at("data").at("message") == "could not serialize access due to concurrent update\n");
  const auto named = sandbox.json2("t1", "res.partner/create", {{"vals_list", {{{"name", "P"}, {"ref", "R"}}}}}, key);
  CHECK(named->status == 500);
  CHECK(json::parse(named->body).at("name") == "psycopg2.errors.SerializationFailure");
  CHECK(partners(sandbox) == 0);
  CHECK(create(sandbox).is_int64());
}

TEST_CASE("a connection closed before the work leaves nothing, one closed after it leaves everything") {
  OdooSandbox sandbox;
  sandbox.make("t1");
  sandbox.fault({{"doctype", "res.partner.create"}, {"action", "drop_before"}, {"times", 1}});
  CHECK(create(sandbox) == "no answer");
  CHECK(partners(sandbox) == 0);
  sandbox.fault({{"doctype", "res.partner.create"}, {"action", "drop_after"}, {"times", 1}});
  CHECK(create(sandbox) == "no answer");
  CHECK(partners(sandbox) == 1);
  CHECK(sandbox.effects("res.partner", "created") == 1);
}

TEST_CASE("a fault hits only the database and the method that it names") {
  OdooSandbox sandbox;
  sandbox.make("t1");
  sandbox.make("t2");
  sandbox.fault(
      {{"site", "t2"}, {"doctype", "*.create"}, {"action", "error"}, {"exc_type", "psycopg2.InterfaceError"}});
  CHECK(create(sandbox).is_int64());
  CHECK(partners(sandbox) == 1);
  CHECK(sandbox.on("t2", "res.partner", "create", {{{"name", "P"}}}) == "psycopg2.InterfaceError");
  CHECK(sandbox.on("t2", "res.partner", "search_count", only(json::array{})) == 2);
}

TEST_CASE("a create that fails inside is answered with true and leaves admin and admin") {
  OdooSandbox sandbox;
  sandbox.fault({{"doctype", "db.create_database"}, {"action", "condition"}, {"condition", "create_fails"}});
  CHECK(sandbox.ask("db", "create_database", {kMaster, "t1", false, "en_US", "pw", "owner@x.test", "KE"}) == true);
  CHECK(sandbox.ask("common", "login", {"t1", "owner@x.test", "pw"}) == false);
  CHECK(sandbox.ask("common", "login", {"t1", "admin", "admin"}) == 2);
}

TEST_CASE("with PostgreSQL down every call fails and health says so when asked") {
  OdooSandbox sandbox;
  sandbox.make("t1");
  sandbox.fault({{"action", "condition"}, {"condition", "database_down"}});
  CHECK(create(sandbox) == "psycopg2.OperationalError");
  CHECK(sandbox.ask("db", "list", {}) == "psycopg2.OperationalError");
  CHECK(call(sandbox.port(), "GET", "/web/health")->status == 200);
  CHECK(call(sandbox.port(), "GET", "/web/health?db_server_status=1")->status == 500);
}

TEST_CASE("a proxy's page and its refusals are HTML and do nothing") {
  OdooSandbox sandbox;
  sandbox.make("t1");
  const auto status = [&](const json::object& rule) {
    sandbox.control("DELETE", "faults");
    sandbox.fault(rule);
    return call(sandbox.port(), "POST", "/jsonrpc", {{"Content-Type", "application/json"}}, "{}")->status;
  };
  CHECK(status({{"action", "html"}}) == 502);
  CHECK(status({{"action", "html"}, {"status", 504}}) == 504);
  CHECK(status({{"action", "maintenance"}}) == 503);
  CHECK(status({{"action", "too_many"}, {"retry_after", 3}}) == 429);
}

TEST_CASE("a hanging call is done although no answer comes") {
  OdooSandbox sandbox;
  sandbox.make("t1");
  sandbox.fault({{"doctype", "res.partner.create"}, {"action", "hang"}, {"times", 1}});
  const auto answer =
      sandbox.rpc("object", "execute_kw", {"t1", 2, "admin", "res.partner", "create", {{{"name", "P"}, {"ref", "R"}}}},
                  milliseconds(200));
  CHECK(!answer.has_value());
  CHECK(partners(sandbox) == 1);
}

TEST_CASE("a worker that is killed while it installs takes everything back") {
  OdooSandbox sandbox;
  sandbox.make("t1");
  const json::value stock = sandbox.on("t1", "ir.module.module", "search", {{{"name", "=", "stock"}}});
  sandbox.control("POST", "settings", {{"install_millis", 5000}, {"limit_time_real_millis", 50}});
  CHECK(sandbox.on("t1", "ir.module.module", "button_immediate_install", only(stock)) == "no answer");
  CHECK(sandbox.on("t1", "ir.module.module", "read", {stock, {"state"}}).at(0).at("state") == "uninstalled");
  CHECK(sandbox.effects("ir.module.module", "installed") == 0);
}
