#include <filesystem>
#include <future>
#include <shared_mutex>
#include <thread>

#include "sandbox/odoo_fixture.hpp"
#include "support/catch.hpp"

using namespace tenantry::sandbox;
using namespace tenantry::sandbox::testing;
using std::chrono::milliseconds;

namespace {

using Arguments = json::array;

odoo::Options of_version(int version) {
  odoo::Options options;
  options.version = version;
  return options;
}

json::value make(const OdooSandbox& sandbox, const std::string& name, const std::string& country = "KE") {
  return sandbox.ask("db", "create_database", {kMaster, name, false, "en_US", "pw", "owner@x.test", country});
}

json::value sign_in(const OdooSandbox& sandbox, const std::string& name, const std::string& login = "owner@x.test",
                    const std::string& password = "pw") {
  return sandbox.ask("common", "login", {name, login, password});
}

template <typename Condition>
bool eventually(const Condition& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition())
    if (std::chrono::steady_clock::now() > end) return false;
  return true;
}

json::array ids_named(const OdooSandbox& sandbox, const std::string& database, const json::array& modules) {
  return sandbox.on(database, "ir.module.module", "search", {{{"name", "in", modules}}}).as_array();
}

const char* const kConfig = "pos.config";

}  // namespace

TEST_CASE("creating a database is answered with true although an unknown country left it with admin and admin") {
  OdooSandbox sandbox;
  CHECK(make(sandbox, "t1", "ZZ") == true);
  CHECK(sign_in(sandbox, "t1") == false);
  CHECK(sign_in(sandbox, "t1", "admin", "admin") == 2);
  CHECK(make(sandbox, "t2") == true);
  CHECK(sign_in(sandbox, "t2") == 2);
  CHECK(sign_in(sandbox, "t2", "admin", "admin") == false);
}

TEST_CASE("the db service takes any name, the form does not") {
  OdooSandbox sandbox;
  CHECK(make(sandbox, "bad name!") == true);
  const auto form = [&](const std::string& name, const std::string& country) {
    return call(sandbox.port(), "POST", "/web/database/create", {},
                "master_pwd=master-secret&name=" + name + "&lang=en_US&password=p&login=admin&country_code=" + country);
  };
  const auto bad = form("bad+name%21", "KE");
  CHECK(bad->status == 200);
  CHECK(bad->body.find("Houston") != std::string::npos);
  CHECK(form("good", "KE")->status == 303);
  CHECK(form("good", "KE")->body.find("already exists") != std::string::npos);
  // It signs in with what it was given, and so shows what the service hides.
  CHECK(form("lost", "ZZ")->body.find("Access Denied") != std::string::npos);
  CHECK(sandbox.effects("database", "initialised") == 3);
}

TEST_CASE("a create goes on when its client gives up, and looks like a wrong password meanwhile") {
  OdooSandbox sandbox;
  sandbox.fault({{"doctype", "db.create_database"}, {"millis", 500}, {"times", 1}});
  CHECK(!sandbox.rpc("db", "create_database", {kMaster, "t1", false, "en_US", "pw", "owner@x.test", "KE"},
                     milliseconds(100)));
  CHECK(sandbox.ask("db", "db_exist", {"t1"}) == true);
  CHECK(sign_in(sandbox, "t1") == false);
  CHECK(make(sandbox, "t1") == "odoo.service.db.DatabaseExists");
  CHECK(eventually([&] { return sign_in(sandbox, "t1") == 2; }));
  CHECK(sandbox.effects("database", "created") == 1);
}

TEST_CASE("a killed worker leaves half a database that hangs up until it is dropped") {
  OdooSandbox sandbox;
  const bool by_condition = GENERATE(true, false);
  if (by_condition)
    sandbox.fault({{"doctype", "db.create_database"}, {"action", "condition"}, {"condition", "worker_killed"}});
  else
    sandbox.control("POST", "settings", {{"limit_time_real_millis", 50}, {"create_millis", 5000}});
  CHECK(make(sandbox, "t1") == "no answer");
  CHECK(sandbox.ask("db", "db_exist", {"t1"}) == true);
  CHECK(sign_in(sandbox, "t1") == "no answer");
  CHECK(make(sandbox, "t1") == "odoo.service.db.DatabaseExists");
  CHECK(sandbox.ask("db", "drop", {kMaster, "t1"}) == true);
  CHECK(sandbox.ask("db", "drop", {kMaster, "t1"}) == false);
  sandbox.control("DELETE", "faults");
  sandbox.control("POST", "settings", {{"limit_time_real_millis", 0}, {"create_millis", -1}});
  CHECK(make(sandbox, "t1") == true);
  CHECK(sign_in(sandbox, "t1") == 2);
}

TEST_CASE("a copy has its own uuid and everything else of its source") {
  OdooSandbox sandbox;
  sandbox.make("template", "prepared");
  CHECK(sandbox.ask("db", "duplicate_database", {kMaster, "template", "t1"}) == true);
  const auto uuid = [&](const std::string& name) {
    return sandbox.on(name, "ir.config_parameter", "get_param", {"database.uuid"});
  };
  CHECK(uuid("t1") != uuid("template"));
  CHECK(sandbox.on("t1", "res.company", "search_read", only(json::array{}), {{"fields", {"chart_template"}}})
            .at(0)
            .at("chart_template") == "ke");
  sandbox.on("t1", "res.company", "write", {{1}, {{"name", "Tenant"}}});
  CHECK(sandbox.on("template", "res.company", "read", {{1}, {"name"}}).at(0).at("name") == "My Company");
  CHECK(sandbox.ask("db", "rename", {kMaster, "t1", "public"}) == true);
  CHECK(sign_in(sandbox, "public", "admin", "admin") == 2);
  CHECK(sandbox.ask("db", "duplicate_database", {kMaster, "template", "public"}) ==
        "psycopg2.errors.DuplicateDatabase");
  CHECK(sandbox.ask("db", "duplicate_database", {kMaster, "none", "t2"}) == "psycopg2.errors.InvalidCatalogName");
}

TEST_CASE("of two copies to the same name at once one loses in the database's own words") {
  OdooSandbox sandbox;
  sandbox.make("template");
  sandbox.fault({{"doctype", "db.duplicate_database"}, {"millis", 400}, {"times", 1}});
  auto first = std::async(std::launch::async, [&] {
    return sandbox.ask("db", "duplicate_database", {kMaster, "template", "t1"});
  });
  CHECK(eventually([&] { return sandbox.control("GET", "faults").at(0).at("hits") == 1; }));
  json::value second;
  CHECK(eventually([&] {
    second = sandbox.ask("db", "duplicate_database", {kMaster, "template", "t1"});
    return second != true;
  }));
  CHECK(second == "psycopg2.errors.UniqueViolation");
  // PostgreSQL shows it when it is whole, and not before.
  CHECK(sandbox.ask("db", "db_exist", {"t1"}) == false);
  CHECK(first.get() == true);
  CHECK(sandbox.effects("database", "duplicated") == 1);
}

TEST_CASE("without the list of databases everything but the login is denied") {
  odoo::Options options;
  options.list_db = false;
  OdooSandbox sandbox(options);
  sandbox.make("t1");
  const char* const denied = "odoo.exceptions.AccessDenied";
  CHECK(sandbox.ask("db", "list", {}) == denied);
  CHECK(make(sandbox, "t2") == denied);
  CHECK(sandbox.ask("db", "drop", {kMaster, "t1"}) == denied);
  CHECK(sandbox.ask("db", "db_exist", {"t1"}) == true);
  CHECK(sign_in(sandbox, "t1", "admin", "admin") == 2);
}

TEST_CASE("installing modules blocks every other call of the database, and health goes on") {
  OdooSandbox sandbox;
  sandbox.make("t1");
  const json::array modules = ids_named(sandbox, "t1", {"stock", "point_of_sale"});
  sandbox.control("POST", "settings", {{"install_millis", 600}});
  auto install = std::async(std::launch::async, [&] {
    return sandbox.on("t1", "ir.module.module", "button_immediate_install", only(modules));
  });
  const auto database = sandbox.application.databases().find("t1");
  CHECK(eventually([&] {
    const std::shared_lock gate(database->gate, std::try_to_lock);
    return !gate.owns_lock();
  }));
  // Answered only when the install is through, so that it sees it.
  CHECK(sandbox.on("t1", "ir.module.module", "search_count", {{{"name", "=", "stock"}, {"state", "=", "installed"}}}) ==
        1);
  CHECK(install.get().at("type") == "ir.actions.act_url");
  CHECK(call(sandbox.port(), "GET", "/web/health")->body == R"({"status":"pass"})");
  CHECK(sandbox.effects("ir.module.module", "installed") > 20);
  // Again it changes nothing.
  sandbox.control("DELETE", "journal");
  CHECK(sandbox.on("t1", "ir.module.module", "button_immediate_install", only(modules)).at("type") ==
        "ir.actions.act_url");
  CHECK(sandbox.effects("ir.module.module", "installed") == 0);
}

TEST_CASE("a running cron makes an install fail with a broken transaction and changes nothing") {
  OdooSandbox sandbox;
  sandbox.make("t1");
  sandbox.fault({{"doctype", "ir.module.module.button_immediate_install"},
                 {"action", "condition"},
                 {"condition", "cron_running"},
                 {"times", 1}});
  const json::array stock = ids_named(sandbox, "t1", {"stock"});
  CHECK(sandbox.on("t1", "ir.module.module", "button_immediate_install", only(stock)) ==
        "psycopg2.errors.InFailedSqlTransaction");
  CHECK(sandbox.on("t1", "stock.warehouse", "search", only(json::array{})) == "odoo.exceptions.UserError");
  CHECK(sandbox.on("t1", "ir.module.module", "button_immediate_install", only(stock)).is_object());
  CHECK(sandbox.on("t1", "stock.warehouse", "search_count", only(json::array{})) == 1);
}

TEST_CASE("load is an upsert by external identifier, and a bad row is an answer that changes nothing") {
  OdooSandbox sandbox;
  sandbox.make("t1");
  const json::array columns{"id", "name", "ref"};
  const auto load = [&](const json::array& fields, const json::array& rows) {
    return sandbox.on("t1", "res.partner", "load", {fields, rows});
  };
  const json::value first = load(columns, {{"__prov__.walkin", "Walk-In", "WALK-IN"}});
  const json::value again = load(columns, {{"__prov__.walkin", "Walk-In renamed", "WALK-IN"}});
  CHECK(first.at("ids") == again.at("ids"));
  CHECK(sandbox.effects("res.partner", "created") == 1);
  CHECK(sandbox.effects("res.partner", "updated") == 1);
  const json::value refused =
      load({"id", "name", "country_id"}, {{"__prov__.good", "Good", "Kenya"}, {"__prov__.bad", "Bad", "Nowhereland"}});
  CHECK(refused.at("ids") == false);
  CHECK(refused.at("messages").as_array().size() == 1);
  CHECK(sandbox.on("t1", "res.partner", "search_count", {{{"name", "=", "Good"}}}) == 0);
  CHECK(sandbox.effects("res.partner", "created") == 1);
  // By an external identifier or a database id instead of a name.
  CHECK(load({"id", "name", "country_id/id"}, {{"__prov__.k", "K", "base.ke"}}).at("ids").is_array());
  CHECK(load({"id", "name", "country_id/.id"}, {{"__prov__.k", "K", "114"}}).at("ids").is_array());
  CHECK(sandbox.on("t1", "res.partner", "search_count", {{{"country_id.code", "=", "KE"}, {"name", "=", "K"}}}) == 1);
}

TEST_CASE("what was made twice is in the state, and what was made once is not") {
  OdooSandbox sandbox;
  sandbox.make("t1");
  const auto duplicates = [&] {
    return sandbox.control("GET", "state").at("sites").at("t1").at("duplicates").as_array();
  };
  const json::object partner{{"name", "Walk-In"}, {"ref", "WALK-IN"}};
  sandbox.on("t1", "res.partner", "create", {partner});
  sandbox.on("t1", "res.partner", "create", {{{"name", "Without a reference"}}});
  sandbox.on("t1", "res.partner", "create", {{{"name", "Without a reference"}}});
  CHECK(duplicates().empty());
  sandbox.on("t1", "res.partner", "create", {partner});
  REQUIRE(duplicates().size() == 1);
  CHECK(duplicates()[0].at("doctype") == "res.partner");
}

TEST_CASE("a till needs a cash method of its own and a journal of its own for that") {
  OdooSandbox sandbox;
  sandbox.make("t1", "prepared");
  const auto create = [&](const std::string& model, const json::object& values) {
    return sandbox.on("t1", model, "create", {values});
  };
  const json::value journal = create("account.journal", {{"name", "Till"}, {"code", "TIL"}, {"type", "cash"}});
  const json::value cash = create("pos.payment.method", {{"name", "Cash"}, {"journal_id", journal}});
  const json::value second = create("pos.payment.method", {{"name", "Cash 2"}, {"journal_id", journal}});
  const auto till = [&](const std::string& name, const json::array& methods) {
    return create(kConfig, {{"name", name}, {"payment_method_ids", {{6, 0, methods}}}});
  };
  // Even a till that uses only one of the two methods of a journal cannot be made.
  CHECK(till("One", {cash}) == "odoo.exceptions.ValidationError");
  CHECK(sandbox.on("t1", "pos.payment.method", "unlink", {{second}}) == true);
  const json::value one = till("One", {cash});
  CHECK(one.is_int64());
  CHECK(till("Two", {cash}) == "odoo.exceptions.ValidationError");
  CHECK(sandbox.effects(kConfig, "created") == 1);

  const json::value empty = till("Empty", {});
  CHECK(sandbox.on("t1", kConfig, "open_ui", {{empty}}) == "odoo.exceptions.ValidationError");
  CHECK(sandbox.on("t1", kConfig, "open_ui", {{one}}).is_object());
  CHECK(sandbox.on("t1", kConfig, "open_ui", {{one}}).is_object());
  CHECK(sandbox.effects("pos.session", "created") == 1);
  CHECK(create("pos.session", {{"config_id", one}}) == "odoo.exceptions.ValidationError");
  CHECK(sandbox.on("t1", kConfig, "write", {{one}, {{"payment_method_ids", {{5}}}}}) == "odoo.exceptions.UserError");
  CHECK(sandbox.on("t1", kConfig, "unlink", {{one}}) == "odoo.exceptions.ValidationError");
  for (const double amount : {1000.0, 5.0}) sandbox.on("t1", "pos.session", "set_opening_control", {{1}, amount, ""});
  CHECK(sandbox.on("t1", "pos.session", "read", {{1}, {"cash_register_balance_start"}})
            .at(0)
            .at("cash_register_balance_start") == 1000.0);
  CHECK(sandbox.effects("pos.session", "opened") == 1);
}

TEST_CASE("the same order sent twice is sold once") {
  OdooSandbox sandbox;
  sandbox.make("t1", "prepared");
  const auto create = [&](const std::string& model, const json::object& values) {
    return sandbox.on("t1", model, "create", {values});
  };
  const json::value product = create("product.template", {{"name", "Tea"}, {"is_storable", true}});
  const json::value journal = create("account.journal", {{"name", "Till"}, {"code", "TIL"}, {"type", "cash"}});
  const json::value method = create("pos.payment.method", {{"name", "Cash"}, {"journal_id", journal}});
  const json::value till = create(kConfig, {{"name", "Till"}, {"payment_method_ids", {{6, 0, {method}}}}});
  sandbox.on("t1", kConfig, "open_ui", {{till}});
  const json::value order{
      {"uuid", "u-1"},
      {"session_id", 1},
      {"state", "paid"},
      {"amount_total", 10.0},
      {"lines", {{0, 0, {{"uuid", "l-1"}, {"product_id", product}, {"qty", 3}, {"price_unit", 1.0}}}}},
      {"payment_ids", {{0, 0, {{"amount", 10.0}, {"payment_method_id", method}}}}}};
  const json::value first = sandbox.on("t1", "pos.order", "sync_from_ui", only(json::array{order}));
  const json::value again = sandbox.on("t1", "pos.order", "sync_from_ui", only(json::array{order}));
  CHECK(first.at("pos.order").at(0).at("id") == again.at("pos.order").at(0).at("id"));
  CHECK(sandbox.effects("pos.order", "created") == 1);
  CHECK(sandbox.on("t1", "product.template", "read", {{product}, {"qty_available"}}).at(0).at("qty_available") == -3.0);
}

TEST_CASE("a customer who has bought something is archived, and never deleted") {
  OdooSandbox sandbox;
  sandbox.make("t1", "prepared");
  const auto create = [&](const std::string& model, const json::object& values) {
    return sandbox.on("t1", model, "create", {values});
  };
  const json::value buyer = create("res.partner", {{"name", "Buyer"}});
  const json::value other = create("res.partner", {{"name", "Other"}});
  const json::value journal = create("account.journal", {{"name", "Till"}, {"code", "TIL"}, {"type", "cash"}});
  const json::value method = create("pos.payment.method", {{"name", "Cash"}, {"journal_id", journal}});
  const json::value till = create(kConfig, {{"name", "Till"}, {"payment_method_ids", {{6, 0, {method}}}}});
  sandbox.on("t1", kConfig, "open_ui", {{till}});
  const json::value order{{"uuid", "u-1"},
                          {"session_id", 1},
                          {"state", "paid"},
                          {"partner_id", buyer},
                          {"amount_total", 0.0},
                          {"lines", json::array{}},
                          {"payment_ids", json::array{}}};
  REQUIRE(sandbox.on("t1", "pos.order", "sync_from_ui", only(json::array{order})).is_object());
  CHECK(sandbox.on("t1", "res.partner", "unlink", {{buyer}}) == "odoo.exceptions.UserError");
  CHECK(sandbox.on("t1", "res.partner", "write", {{buyer}, {{"active", false}}}) == true);
  CHECK(sandbox.on("t1", "res.partner", "unlink", {{other}}) == true);
}

TEST_CASE("errors of /jsonrpc come with status 200, and their code depends on the version") {
  const int version = GENERATE(18, 19);
  OdooSandbox sandbox(of_version(version));
  sandbox.make("t1");
  const auto envelope =
      sandbox.rpc("object", "execute_kw", {"t1", 2, "admin", "no.such.model", "search", {json::array{}}});
  CHECK(envelope->at("error").at("code") == (version == 18 ? 200 : 0));
  CHECK(envelope->at("error").at("data").at("name") == "odoo.exceptions.UserError");
}

TEST_CASE("named calls with a key answer with codes of HTTP") {
  OdooSandbox sandbox(of_version(19));
  sandbox.make("t1");
  sandbox.make("t2");
  const std::string key = sandbox.make_key("t1");
  REQUIRE(!key.empty());
  CHECK(sandbox.json2("t1", "res.partner/create", {{"vals_list", {{{"name", "A"}}}}}, key)->body == "[6]");
  CHECK(sandbox.json2("t1", "res.partner/search_count", {{"domain", {{"name", "=", "A"}}}}, key)->body == "1");
  CHECK(sandbox.json2("t1", "res.partner/search", json::object{}, key)->status == 422);
  CHECK(sandbox.json2("t1", "res.partner/write", {{"ids", {999}}, {"vals", json::object{}}}, key)->status == 404);
  CHECK(sandbox.json2("t1", "res.users/unlink", {{"ids", {2}}}, key)->status == 422);
  CHECK(sandbox.json2("t1", "res.partner/_private", json::object{}, key)->status == 403);
  CHECK(sandbox.json2("t1", "res.partner/search", {{"domain", json::array{}}}, "wrong")->status == 401);
  CHECK(sandbox.json2("t2", "res.partner/search", {{"domain", json::array{}}}, key)->status == 401);
  CHECK(sandbox.json2("t3", "res.partner/search", {{"domain", json::array{}}}, key)->status == 404);
}

TEST_CASE("version 18 has no named calls, and version 20 no db service") {
  OdooSandbox old(of_version(18));
  old.make("t1");
  CHECK(old.json2("t1", "res.partner/search", {{"domain", json::array{}}}, "k")->status == 404);
  OdooSandbox next(of_version(20));
  CHECK(next.ask("db", "list", {}) == "builtins.KeyError");
  CHECK(next.ask("common", "version", {}).at("server_serie") == "20.0");
  CHECK(call(next.port(), "POST", "/web/database/create", {},
             "master_pwd=master-secret&name=t1&lang=en_US&password=admin&login=admin&country_code=KE")
            ->status == 303);
  CHECK(next.on("t1", "res.users", "search_count", only(json::array{})) == 1);
}

TEST_CASE("keys are made over HTTP only, and on version 18 stand for the password") {
  OdooSandbox sandbox;
  sandbox.make("t1");
  CHECK(sandbox.on("t1", "res.users.apikeys.description", "make_key", {{1}}) == "odoo.exceptions.UserError");
  const std::string key = sandbox.make_key("t1");
  CHECK(sandbox.ask("common", "authenticate", {"t1", "admin", key, json::object{}}) == 2);
  CHECK(sandbox.make_key("t1", "admin", "wrong").empty());
}

TEST_CASE("removing a key asks for the password once more, and then the key opens nothing") {
  OdooSandbox sandbox(of_version(GENERATE(18, 19)));
  sandbox.make("t1");
  const std::string key = sandbox.make_key("t1");
  const auto keys = [&] { return sandbox.on("t1", "res.users.apikeys", "search", only(json::array{})).as_array(); };
  const auto opens = [&] { return sandbox.ask("common", "authenticate", {"t1", "admin", key, json::object{}}) == 2; };
  REQUIRE(keys().size() == 1);
  CHECK(opens());
  const std::string cookie = sandbox.session("t1");
  const auto remove = [&] { return sandbox.kw(cookie, "res.users.apikeys", "remove", only(keys())); };
  CHECK(remove().at("res_model") == "res.users.identitycheck");
  CHECK(sandbox.confirm(cookie, remove(), "wrong").is_null());
  CHECK(opens());
  CHECK(sandbox.confirm(cookie, remove(), "admin").at("type") == "ir.actions.act_window_close");
  CHECK(keys().empty());
  CHECK_FALSE(opens());
}

TEST_CASE("a warehouse cannot go into the archive while a till takes its goods from it, not even an archived one") {
  OdooSandbox sandbox;
  sandbox.make("t1", "prepared");
  const auto create = [&](const std::string& model, const json::object& values) {
    return sandbox.on("t1", model, "create", {values});
  };
  const json::value shop = create("stock.warehouse", {{"name", "Shop"}, {"code", "SHOP"}});
  const auto type_of = [&](const json::value& warehouse) {
    return sandbox.on("t1", "stock.warehouse", "read", {{warehouse}, {"pos_type_id"}}).at(0).at("pos_type_id").at(0);
  };
  const json::value till = create(kConfig, {{"name", "Till"},
                                            {"warehouse_id", shop},
                                            {"picking_type_id", type_of(shop)},
                                            {"payment_method_ids", json::array{}}});
  REQUIRE(till.is_int64());
  const auto archive = [&](const std::string& model, const json::value& id) {
    return sandbox.on("t1", model, "write", {{id}, {{"active", false}}});
  };
  CHECK(archive(kConfig, till) == true);
  CHECK(archive("stock.warehouse", shop) == "odoo.exceptions.ValidationError");
  CHECK(sandbox.on("t1", "stock.warehouse", "unlink", {{shop}}) == "odoo.exceptions.ValidationError");
  CHECK(sandbox.on("t1", kConfig, "write", {{till}, {{"picking_type_id", type_of(1)}, {"warehouse_id", 1}}}) == true);
  CHECK(archive("stock.warehouse", shop) == true);
}

TEST_CASE("a warehouse with goods in it cannot go into the archive before they are counted out") {
  OdooSandbox sandbox;
  sandbox.make("t1", "prepared");
  const json::value shop = sandbox.on("t1", "stock.warehouse", "create", {{{"name", "Shop"}, {"code", "SHOP"}}});
  const json::value item =
      sandbox.on("t1", "product.template", "create", {{{"name", "Tea"}, {"is_storable", true}, {"type", "consu"}}});
  const json::value variant = sandbox.on("t1", "product.template", "read", {{item}, {"product_variant_id"}})
                                  .at(0)
                                  .at("product_variant_id")
                                  .at(0);
  const json::value location =
      sandbox.on("t1", "stock.warehouse", "read", {{shop}, {"lot_stock_id"}}).at(0).at("lot_stock_id").at(0);
  const json::value quant = sandbox.on(
      "t1", "stock.quant", "create", {{{"product_id", variant}, {"location_id", location}, {"inventory_quantity", 50}}},
      {{"context", {{"inventory_mode", true}}}});
  const auto count = [&] { return sandbox.on("t1", "stock.quant", "action_apply_inventory", {{quant}}); };
  const auto archive = [&] { return sandbox.on("t1", "stock.warehouse", "write", {{shop}, {{"active", false}}}); };
  CHECK(count().is_null());
  CHECK(archive() == "odoo.exceptions.UserError");
  CHECK(sandbox.on("t1", "stock.quant", "write", {{quant}, {{"inventory_quantity", 0}}},
                   {{"context", {{"inventory_mode", true}}}}) == true);
  CHECK(archive() == "odoo.exceptions.UserError");  // a wish, until it is applied
  CHECK(count().is_null());
  CHECK(archive() == true);
}

TEST_CASE("nothing that a till could sell is deleted while a session is open") {
  OdooSandbox sandbox;
  sandbox.make("t1", "prepared");
  const auto create = [&](const std::string& model, const json::object& values) {
    return sandbox.on("t1", model, "create", {values});
  };
  const json::value tea = create("product.template", {{"name", "Tea"}, {"available_in_pos", true}});
  const json::value rent = create("product.template", {{"name", "Rent"}, {"available_in_pos", false}});
  const json::value journal = create("account.journal", {{"name", "Till"}, {"code", "TIL"}, {"type", "cash"}});
  const json::value method = create("pos.payment.method", {{"name", "Cash"}, {"journal_id", journal}});
  const json::value till = create(kConfig, {{"name", "Till"}, {"payment_method_ids", {{6, 0, {method}}}}});
  sandbox.on("t1", kConfig, "open_ui", {{till}});
  CHECK(sandbox.on("t1", "product.template", "unlink", {{tea}}) == "odoo.exceptions.UserError");
  CHECK(sandbox.on("t1", "product.template", "unlink", {{rent}}) == true);
  CHECK(sandbox.on("t1", "product.template", "write", {{tea}, {{"active", false}}}) == true);
}

TEST_CASE("an installation that died with its server stands in the way of the next, from 19 on until it is reset") {
  const int version = GENERATE(18, 19);
  OdooSandbox sandbox(of_version(version));
  sandbox.make("t1");
  sandbox.fault({{"doctype", "ir.module.module.button_immediate_install"},
                 {"action", "condition"},
                 {"condition", "install_interrupted"},
                 {"times", 1}});
  const json::array stock = ids_named(sandbox, "t1", {"stock"});
  const auto install = [&] { return sandbox.on("t1", "ir.module.module", "button_immediate_install", only(stock)); };
  CHECK(install() == "no answer");
  CHECK(sandbox.on("t1", "ir.module.module", "read", {stock, {"state"}}).at(0).at("state") == "to install");
  if (version >= 19) {
    CHECK(install() == "odoo.exceptions.UserError");
    CHECK(sandbox.on("t1", "ir.module.module", "button_reset_state", {}) == true);
  } else {
    CHECK(sandbox.on("t1", "ir.module.module", "button_reset_state", {}) == "builtins.AttributeError");
  }
  CHECK(install().is_object());
  CHECK(sandbox.on("t1", "stock.warehouse", "search_count", only(json::array{})) == 1);
}

TEST_CASE("a new password ends what the old one began") {
  OdooSandbox sandbox;
  sandbox.make("t1");
  CHECK(sandbox.on("t1", "res.users", "write", {{2}, {{"login", "new@x.test"}, {"password", "new"}}}) == true);
  CHECK(sandbox.on("t1", "res.users", "search", only(json::array{})) == "odoo.exceptions.AccessDenied");
  CHECK(sign_in(sandbox, "t1", "new@x.test", "new") == 2);
}

TEST_CASE("a server that never had a master password takes the first that a form names") {
  OdooSandbox sandbox;
  sandbox.control("POST", "settings", {{"master_password", "admin"}});
  CHECK(call(sandbox.port(), "POST", "/web/database/drop", {}, "master_pwd=mine&name=none")->status == 303);
  CHECK(sandbox.ask("db", "drop", {"admin", "none"}) == "odoo.exceptions.AccessDenied");
  CHECK(sandbox.ask("db", "drop", {"mine", "none"}) == false);
}

TEST_CASE("a refused record leaves a gap in the numbers and nothing else") {
  OdooSandbox sandbox;
  sandbox.make("t1");
  CHECK(sandbox.on("t1", "res.users", "create", {{{"name", "x"}, {"login", "admin"}}}) ==
        "odoo.exceptions.ValidationError");
  CHECK(sandbox.on("t1", "res.users", "create", {{{"name", "x"}, {"login", "x"}}}) == 7);
  CHECK(sandbox.effects("res.users", "created") == 1);
  CHECK(sandbox.on("t1", "res.partner", "search_count", {{{"name", "=", "x"}}}) == 1);
}

TEST_CASE("settings of a group hold for every user, and new settings begin with what holds") {
  OdooSandbox sandbox;
  sandbox.make("t1", "prepared");
  const auto has = [&] { return sandbox.on("t1", "res.users", "has_group", {{2}, "base.group_multi_currency"}); };
  const auto apply = [&](const json::object& values) {
    const json::value settings = sandbox.on("t1", "res.config.settings", "create", only(values));
    return sandbox.on("t1", "res.config.settings", "execute", only(json::array{settings}));
  };
  CHECK(has() == false);
  CHECK(apply({{"group_multi_currency", true}}).is_object());
  CHECK(has() == true);
  CHECK(apply({}).is_object());
  CHECK(has() == true);
  CHECK(apply({{"group_multi_currency", false}}).is_object());
  CHECK(has() == false);
  const json::value owner = sandbox.on(
      "t1", "res.users", "load",
      {{"id", "login", "name", "groups_id/id"},
       only(json::array{"__prov__.owner", "owner", "Owner", "base.group_system,point_of_sale.group_pos_manager"})});
  CHECK(owner.at("ids").is_array());
}

TEST_CASE("a saved state is the same after loading, passwords included") {
  const auto file = (std::filesystem::temp_directory_path() / ("odoo-state-" + std::to_string(::getpid()))).string();
  OdooSandbox before;
  before.make("t1", "prepared");
  CHECK(before.application.databases().save(file));
  OdooSandbox after;
  CHECK(after.application.databases().load(file));
  std::filesystem::remove(file);
  const auto counts = [](const OdooSandbox& sandbox) {
    return sandbox.control("GET", "state").at("sites").at("t1").at("counts");
  };
  CHECK(counts(before) == counts(after));
  CHECK(after.on("t1", "pos.config", "search_count", only(json::array{})) == 0);
  CHECK(after.on("t1", "res.partner", "create", {{{"name", "next"}}}) == 7);
}

TEST_CASE("eight clients share a database without losing or doubling anything") {
  OdooSandbox sandbox;
  sandbox.make("t1");
  {
    std::vector<std::jthread> clients;
    for (int client = 0; client < 8; ++client)
      clients.emplace_back([&sandbox, client] {
        for (int i = 0; i < 10; ++i) {
          const std::string name = "p" + std::to_string((client % 4) * 10 + i);
          (void)sandbox.on("t1", "res.partner", "load",
                           {json::array{"id", "name"}, json::array{json::array{"__prov__." + name, name}}});
        }
      });
  }
  CHECK(sandbox.effects("res.partner", "created") == 40);
  CHECK(sandbox.effects("res.partner", "updated") == 40);
}
