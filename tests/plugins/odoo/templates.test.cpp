// The engine of templates: a template before its first shop, made again after an update, gone with its tenant.
#include "odoo/templates.hpp"

#include "scripted.hpp"
#include "support/catch.hpp"

using namespace scripted;

namespace {

struct TemplateHost : FakeHost {
  explicit TemplateHost(const Server& server, const std::string& run = "run-1")
      : FakeHost(tenantry::detail::plugin_table<tenantry::odoo::TemplateEngine>()) {
    tenant_id = "ke";
    run_id = run;
    document["tenant"] = {{"id", "ke"}, {"name", "Templates for Kenya"}, {"country_code", "KE"}};
    document["server"] = {{"id", "erp-1"}, {"url", server.url()}, {"settings", json::object()}};
    secrets = {{"server.master_password", "master-word"}};
  }
  Report run_steps() {
    Report report;
    for (const char* step : {"engine_check", "template_database", "old_templates"}) {
      report = settle(*this, step);
      if (!succeeded(report)) break;
    }
    return report;
  }
};

std::vector<std::string> names(Server& server) {
  std::vector<std::string> all;
  const auto bases = server.bases();
  for (const auto& [name, base] : bases) all.push_back(name);
  return all;
}

}  // namespace

TEST_CASE("a template is made before its first shop, and the shop finds it") {
  Server server(GENERATE(18, 20));
  TemplateHost host(server);
  const Report report = host.run_steps();
  INFO(words(report));
  REQUIRE(succeeded(report));
  REQUIRE(names(server).size() == 1);
  for (const char* step : {"engine_check", "template_database", "old_templates"})
    CHECK(host.verify(step).outcome == TENANTRY_DONE);
  Host shop(server);
  CHECK(set_up(shop).outcome == TENANTRY_DONE);
  CHECK(shop.document["steps"].at("template_database").at("output").at("made") == false);
}

TEST_CASE("after an update of Odoo the template has drifted, is made again, and the old one goes") {
  Server server;
  TemplateHost host(server);
  REQUIRE(succeeded(host.run_steps()));
  const std::string old = names(server).front();
  server.change([](std::map<std::string, Base>& bases) { bases.emplace("tenantry-template-18-gb-aaaaaaaa", Base()); });
  server.version = "18.0-20270101";
  CHECK(host.verify("engine_check").outcome == TENANTRY_DRIFTED);
  TemplateHost again(server, "run-2");
  REQUIRE(succeeded(again.run_steps()));
  CHECK(again.document["steps"].at("old_templates").at("output").at("databases") == json::array{old});
  REQUIRE(names(server).size() == 2);
  CHECK(names(server)[0] == "tenantry-template-18-gb-aaaaaaaa");  // another country's stays
  CHECK(names(server)[1] != old);
}

TEST_CASE("with its tenant goes the template it made, and no other") {
  Server server;
  TemplateHost first(server), second(server, "run-2");
  REQUIRE(succeeded(first.run_steps()));
  REQUIRE(succeeded(second.run_steps()));
  CHECK(second.undo("template_database").outcome == TENANTRY_DONE);
  CHECK(names(server).size() == 1);
  CHECK(first.undo("template_database").outcome == TENANTRY_DONE);
  CHECK(names(server).empty());
}
