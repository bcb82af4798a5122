// What Odoo does to those who trust it, as the stand-in does it too: answers that never come, databases that are busy,
// refusals that are no errors, records that cannot be taken back.
#include <algorithm>

#include "sandbox.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"

using namespace scripted;
using tenantry::Milliseconds;
using tenantry::test::eventually;

namespace {

const json::object kExisting{{"mode", "existing_database"}, {"database", "shop"}};

json::value in_shop(Sandbox& sandbox, const std::string& model, const std::string& method, const json::array& args) {
  return sandbox.rpc("object", "execute_kw", {"shop", 2, "admin-word", model, method, args});
}

int times(const std::map<std::string, int>& created, const std::string& model) {
  const auto found = created.find(model);
  return found == created.end() ? 0 : found->second;
}

int databases_made(Sandbox& sandbox) {
  const json::value said = sandbox.get("/__sandbox/journal?limit=100000");
  const json::array& effects = said.is_array() ? said.get_array() : said.as_object().begin()->value().as_array();
  return static_cast<int>(std::count_if(effects.begin(), effects.end(), [](const json::value& effect) {
    return effect.at("doctype") == "database" && effect.at("what") == "created";
  }));
}

// The step, until it has ended.
Report last_of(FakeHost& host, const std::string& step) {
  Report report;
  const bool ended = eventually([&] {
    report = host.run(step);
    return report.outcome != TENANTRY_RETRY && report.outcome != TENANTRY_WAIT;
  });
  CHECK(ended);
  return report;
}

}  // namespace

TEST_CASE("a client that gives up on a creation finds the database that Odoo went on with") {
  Sandbox sandbox(18);
  Shop shop(sandbox, "t1", {{"templates", "off"}});
  REQUIRE(succeeded(shop.run("step_0_engine_check")));
  sandbox.post("/__sandbox/faults", {{"doctype", "db.create_database"}, {"millis", 1500}, {"times", 1}});
  shop.time_limit = Milliseconds(500);
  const Report cut = shop.run("template_database");
  INFO(words(cut));
  CHECK(cut.outcome == TENANTRY_WAIT);
  shop.time_limit.reset();
  CHECK(succeeded(last_of(shop, "template_database")));
  CHECK(succeeded(last_of(shop, "step_1_platform_setup")));
  CHECK(databases_made(sandbox) == 1);
  CHECK(sandbox.has("t1"));
}

TEST_CASE("a database that is busy with modules answers nobody, and is waited for") {
  Sandbox sandbox(18);
  sandbox.post("/__sandbox/settings", {{"install_millis", 2500}});
  Shop shop(sandbox, "t1", {{"templates", "off"}});
  REQUIRE(succeeded(shop.run("step_0_engine_check")));
  for (int i = 0; i < 2; ++i) {  // the installation is cut off, and then the look at it
    shop.time_limit = Milliseconds(1000);
    const Report cut = shop.run("template_database");
    INFO(words(cut));
    CHECK(cut.outcome == TENANTRY_WAIT);
  }
  shop.time_limit.reset();
  CHECK(succeeded(last_of(shop, "template_database")));
  CHECK(succeeded(last_of(shop, "step_1_platform_setup")));
  CHECK(shop.verify("step_1_platform_setup").outcome == TENANTRY_DONE);
}

TEST_CASE("a row that load() refuses is no error on the wire, and fails the step with Odoo's words") {
  Server server(18);
  Host host(server);
  REQUIRE(succeeded(set_up(host)));
  server.script([](const Seen& seen) -> std::optional<Instead> {
    const std::string envelope = R"({"jsonrpc":"2.0","id":1,"result":)";
    if (seen.what.ends_with(".search_read")) return Instead{Instead::Kind::text, "", "", 200, envelope + "[]}"};
    if (seen.what != "res.partner.load") return std::nullopt;
    return Instead{Instead::Kind::text, "", "", 200,
                   envelope + R"({"ids":false,"messages":[{"type":"error","message":"No such thing"}]}})"};
  });
  const Report report = host.run("step_7_customer");
  INFO(words(report));
  CHECK(report.outcome == TENANTRY_FAILED);
  CHECK(report.code == "odoo.load_refused");
  CHECK(report.message.find("No such thing") != std::string::npos);
}

TEST_CASE("two cash payment methods on one journal keep every till from being made, and the step says so") {
  Sandbox sandbox(18, {"--database", "shop:prepared"});
  const json::value journal =
      in_shop(sandbox, "account.journal", "create", {{{"name", "Main Till Cash"}, {"code", "MTC"}, {"type", "cash"}}});
  for (const char* name : {"Cash", "Cash again"})
    (void)in_shop(sandbox, "pos.payment.method", "create", {{{"name", name}, {"journal_id", journal}}});
  Shop shop(sandbox, "t1", kExisting);
  for (const std::string& step : steps_of(shop)) {
    const Report report = settle(shop, step);
    INFO(step << " " << words(report));
    if (step != "step_8_pos_profile") {
      REQUIRE(succeeded(report));
      continue;
    }
    CHECK(report.outcome == TENANTRY_FAILED);
    CHECK(report.message.find("same journal") != std::string::npos);
    break;
  }
  CHECK(times(sandbox.created("shop"), "pos.config") == 0);
}

TEST_CASE("a till has the ways to pay it was given, one journal for each, and cash among them") {
  Sandbox sandbox(18);
  Shop shop(sandbox);
  run_everything(shop);
  const auto rows = [&](const std::string& model, const json::array& fields) {
    return sandbox.rows("t1", "owner@t1.example", "Owner-Pass-2026!", model, {}, fields);
  };
  const json::array tills = rows("pos.config", {"payment_method_ids"});
  REQUIRE(tills.size() == 1);
  CHECK(tills[0].at("payment_method_ids").as_array().size() == 2);
  const json::array methods = rows("pos.payment.method", {"journal_id", "type"});
  REQUIRE(methods.size() == 2);
  CHECK(methods[0].at("journal_id") != methods[1].at("journal_id"));
  CHECK(std::any_of(methods.begin(), methods.end(), [](const json::value& one) { return one.at("type") == "cash"; }));
}

TEST_CASE("a session is open when its cash has been counted, and not before") {
  Sandbox sandbox(18);
  Shop shop(sandbox);
  for (const std::string& step : steps_of(shop)) {
    if (step == "step_9_pos_session") break;
    REQUIRE(succeeded(settle(shop, step)));
  }
  // open_ui makes it, and there it stays until somebody counts.
  sandbox.post("/__sandbox/faults",
               {{"id", "f"}, {"doctype", "pos.session.set_opening_control"}, {"action", "drop_before"}});
  CHECK(settle(shop, "step_9_pos_session", 3).outcome == TENANTRY_RETRY);
  CHECK(shop.verify("step_9_pos_session").outcome == TENANTRY_DRIFTED);
  sandbox.remove("/__sandbox/faults/f");
  CHECK(settle(shop, "step_9_pos_session").outcome == TENANTRY_DONE);
  CHECK(shop.verify("step_9_pos_session").outcome == TENANTRY_DONE);
  CHECK(times(sandbox.created("t1"), "pos.session") == 1);
}

TEST_CASE("a warehouse that somebody else's till holds on to stays, and the roll-back goes on") {
  Sandbox sandbox(18, {"--database", "shop:prepared"});
  Shop shop(sandbox, "t1", kExisting);
  const auto outcomes = run_everything(shop);
  const auto warehouses = [&] {
    json::array domain;
    domain.emplace_back(json::array{"name", "=", "Main Shop"});
    return sandbox.rows("shop", "admin", "admin-word", "stock.warehouse", domain, {"pos_type_id"});
  };
  REQUIRE(warehouses().size() == 1);
  (void)in_shop(sandbox, "pos.config", "create",
                {{{"name", "Their till"},
                  {"warehouse_id", warehouses()[0].at("id")},
                  {"picking_type_id", warehouses()[0].at("pos_type_id").at(0)},
                  {"payment_method_ids", json::array()}}});
  CHECK(roll_back(shop, outcomes));
  CHECK(warehouses().size() == 1);
  CHECK(sandbox.rows("shop", "admin", "admin-word", "pos.config", {}, {"name"}).size() == 1);
}

TEST_CASE("an installation that died with its server is found and finished, whatever Odoo says meanwhile") {
  const int major = GENERATE(18, 19);
  CAPTURE(major);
  Sandbox sandbox(major);
  Shop shop(sandbox, "t1", {{"templates", "off"}});
  REQUIRE(succeeded(shop.run("step_0_engine_check")));
  sandbox.post("/__sandbox/faults", {{"doctype", "ir.module.module.button_immediate_install"},
                                     {"action", "condition"},
                                     {"condition", "install_interrupted"},
                                     {"times", 1}});
  CHECK(shop.run("template_database").outcome == TENANTRY_WAIT);
  CHECK(shop.run("template_database").outcome == TENANTRY_WAIT);  // it might still be at it
  json::object notes = json::parse(shop.checkpoints.at("template_database")).as_object();
  notes["installing"] = notes.at("installing").as_int64() - 901;  // as if a quarter of an hour had gone by
  shop.checkpoints["template_database"] = json::serialize(notes);
  CHECK(succeeded(last_of(shop, "template_database")));
  CHECK(succeeded(last_of(shop, "step_1_platform_setup")));
  CHECK(shop.verify("step_1_platform_setup").outcome == TENANTRY_DONE);
}
