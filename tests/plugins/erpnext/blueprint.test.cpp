#include "erpnext/blueprint.hpp"
#include "support/catch.hpp"
#include "world.hpp"

using namespace tenantry::erpnext;
namespace chrono = std::chrono;

namespace {

const chrono::system_clock::time_point kNow = chrono::sys_days(chrono::year(2026) / 11 / 23) + chrono::hours(22);

tenantry::Result<Blueprint> blueprint(const Request& request, const std::string& country,
                                      const std::string& site = "{tenant}.local") {
  Tenant tenant{"T-9", "Duka Moja Ltd", country, "Asha", "asha@example.org"};
  Server server{"erp", "http://127.0.0.1:1", {}};
  server.settings.site = site;
  return make_blueprint(request, tenant, server, {}, kNow);
}

}  // namespace

TEST_CASE("the tenant's country decides money, chart, fiscal year and ways to pay") {
  const auto kenya = blueprint({}, "KE");
  REQUIRE(kenya.has_value());
  CHECK(kenya->currency == "KES");
  CHECK(kenya->company == "Duka Moja Ltd");
  CHECK(kenya->abbreviations.front() == "DML");
  CHECK(kenya->fiscal_year.name == "2026");
  CHECK(kenya->payment_modes.at(1).name == "M-Pesa");
  CHECK(kenya->today == "2026-11-24");  // it is tomorrow already in Nairobi
  CHECK(kenya->site == "t-9.local");
  CHECK_FALSE(kenya->shared);
  const auto uganda = blueprint({}, "ug");
  REQUIRE(uganda.has_value());
  CHECK(uganda->fiscal_year.start == "2026-07-01");
  CHECK(uganda->fiscal_year.end == "2027-06-30");
  CHECK(uganda->fiscal_year.name == "2026-2027");
  const auto britain = blueprint({}, "GB");
  REQUIRE(britain.has_value());
  CHECK(britain->fiscal_year.start == "2026-04-01");
  for (const char* code : {"TZ", "RW", "NG", "ZA", "US", "DE", "FR", "IN"}) {
    CAPTURE(code);
    CHECK(blueprint({}, code).has_value());
  }
}

TEST_CASE("a country nobody knows is refused with a pointer to it") {
  const auto nowhere = blueprint({}, "XX");
  REQUIRE_FALSE(nowhere.has_value());
  CHECK(nowhere.ending().detail().at("pointer") == "/tenant/country_code");
  CHECK(nowhere.ending().detail().at("class") == "invalid_input");
  Request request;
  request.country_template = "Wakanda";
  const auto problems = judge(request);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].path == "/country_template");
  request.country_template = "Germany";
  CHECK(judge(request).empty());
  CHECK(blueprint(request, "XX").has_value());
}

TEST_CASE("what a schema cannot see in a request is found all the same") {
  Request request;
  request.fiscal_year = FiscalYearWish{"2026-02-30", std::nullopt};
  request.items = {{"A", std::nullopt, 1}};
  request.warehouses = {"Shop", "shop"};
  const auto problems = judge(request);
  std::vector<std::string> paths;
  for (const auto& problem : problems) paths.push_back(problem.path);
  CHECK(paths == std::vector<std::string>{"/fiscal_year/start", "/items", "/warehouses/1"});
  request = {};
  request.fiscal_year = FiscalYearWish{"2026-06-01", "2026-01-01"};
  REQUIRE(judge(request).size() == 1);
  CHECK(judge(request)[0].path == "/fiscal_year/end");
}

TEST_CASE("abbreviations are the same for the same tenant and differ between tenants") {
  const auto one = abbreviations_for("Duka Moja Ltd", "t1"), same = abbreviations_for("Duka Moja Ltd", "t1"),
             other = abbreviations_for("Duka Moja Ltd", "t2");
  CHECK(one == same);
  CHECK(one.front() == "DML");
  CHECK(one.size() == 5);
  CHECK(one[1] != other[1]);
  CHECK(abbreviations_for("", "t1").front() == "T");
  for (const auto& text : one) CHECK(text.size() <= 8);
}

TEST_CASE("a site without a place for the tenant in its name counts as shared") {
  CHECK(blueprint({}, "KE", "erp.local")->shared);
  CHECK_FALSE(blueprint({}, "KE", "erp.local")->owner_user);
  CHECK(blueprint({}, "KE", "erp.local")->own_name("Main Till", "DML") == "Main Till - DML");
  CHECK(blueprint({}, "KE")->own_name("Main Till", "DML") == "Main Till");
  CHECK(blueprint({}, "KE")->owner_user);
}

TEST_CASE("the server's settings win over the engine's") {
  Settings engine, server;
  engine.site = "a";
  engine.verify_tls = false;
  server.site = "b";
  CHECK(merged(engine, server).site == "b");
  CHECK(merged(engine, server).verify_tls == false);
}

TEST_CASE("the predecessor's word template is part of the request") {
  world::Host host;
  const auto& properties = host.manifest().at("request").as_object().at("properties").as_object();
  for (const char* name : {"include_demo_data", "pos_store_enabled", "country_template", "template", "company",
                           "currency", "chart_of_accounts", "fiscal_year", "warehouses", "payment_modes", "items"}) {
    CAPTURE(name);
    CHECK(properties.contains(name));
  }
  CHECK_FALSE(host.manifest().at("request").as_object().contains("required"));
  host.document["request"] = {{"template", "restaurant"}, {"country_template", "Atlantis"}};
  const auto report = host.validate();
  REQUIRE(report.output.has_value());
  const auto& problems = report.output->as_object().at("problems").as_array();
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].at("path") == "/country_template");
}
