// What a tenant shall look like: names, codes, years.
#include "odoo/blueprint.hpp"

#include "support/catch.hpp"

using namespace tenantry::odoo;

namespace {

const Tenant kTenant{"ACME_1", "Duka Moja Ltd", "KE", "Asha Owner", "asha@acme.example"};
const Server kServer{"erp-1", "http://127.0.0.1:8069", {}};

Blueprint plan_of(const Request& request = {}, const Settings& settings = {}) {
  const auto plan = make_blueprint(request, kTenant, kServer, settings, "run-1");
  REQUIRE(plan.has_value());
  return *plan;
}

}  // namespace

TEST_CASE("everything has a default but the tenant's name and country") {
  const Blueprint plan = plan_of();
  CHECK(plan.database == "acme-1");
  CHECK(plan.company == "Duka Moja Ltd");
  CHECK(plan.currency == "KES");
  CHECK(plan.owner_login == "asha@acme.example");
  REQUIRE(plan.warehouses.size() == 1);
  CHECK(plan.warehouses[0].code == "MS");
  REQUIRE(plan.journals.size() == 2);
  CHECK(plan.journals[0].name == "Main Till Cash");
  CHECK(plan.journals[0].code == "MTC");
  CHECK(plan.year_end_month == 12);
  CHECK(plan.year_end_day == 31);
}

TEST_CASE("a request or a setting that makes no sense is pointed at") {
  const auto pointer = [](const auto& plan) { return std::string(plan.ending().detail().at("pointer").as_string()); };
  Request request;
  request.country_template = "Atlantis";
  CHECK(pointer(make_blueprint(request, kTenant, kServer, {}, "r")) == "/request/country_template");
  Tenant nowhere = kTenant;
  nowhere.country_code = "XX";
  CHECK(pointer(make_blueprint({}, nowhere, kServer, {}, "r")) == "/tenant/country_code");
  CHECK(pointer(make_blueprint({}, kTenant, {"erp-1", "", {}}, {}, "r")) == "/server/url");
  Settings settings;
  settings.database = "bad name!";
  CHECK(pointer(make_blueprint({}, kTenant, kServer, settings, "r")) == "/server/settings/database");
}

TEST_CASE("only names that Odoo's forms and a host name accept become databases") {
  CHECK(is_database_name("shop-1"));
  CHECK(is_database_name("a.b_c-9"));
  for (const char* bad : {"", "x", "bad name!", "Upper", "-shop", ".shop", "sh/op", "shöp"})
    CHECK_FALSE(is_database_name(bad));
  CHECK(is_database_name(std::string(63, 'a')));
  CHECK_FALSE(is_database_name(std::string(64, 'a')));
}

TEST_CASE("staging names are a run's own, and a template's name says what is in it") {
  const Blueprint plan = plan_of();
  CHECK(plan.stage(1) != plan.stage(2));
  Blueprint other = plan;
  other.run_id = "run-2";
  CHECK(plan.stage(1) != other.stage(1));
  CHECK(is_database_name(plan.stage(99)));
  const std::string name = plan.template_name("18.0-20250421", 18);
  CHECK(name.starts_with("tenantry-template-18-ke-"));
  CHECK(is_database_name(name));
  CHECK(plan.template_name("18.0-20250421", 18) == name);
  CHECK(plan.template_name("18.0-20250601", 18) != name);
  Blueprint more = plan;
  more.modules.emplace_back("sale");
  CHECK(more.template_name("18.0-20250421", 18) != name);
  std::reverse(more.modules.begin(), more.modules.end());
  more.modules.erase(more.modules.begin());
  CHECK(more.template_name("18.0-20250421", 18) == name);
  more.template_pattern = "golden-{country}-{version}";
  CHECK(more.template_name("18.0-20250421", 18) == "golden-ke-18");
}

TEST_CASE("codes are short, and unlike each other") {
  const auto all = with_codes({"Main Shop", "Mini Store", "Moi Street", "Store", "Bakery of the Old Town Hall"}, "");
  CHECK(all[0].code == "MS");
  CHECK(all[1].code == "MS2");
  CHECK(all[2].code == "MS3");
  CHECK(all[3].code == "STO");
  CHECK(all[4].code == "BOTOT");
  CHECK(with_codes({"Main Shop"}, "duka")[0].code == "DUKMS");
  CHECK(with_codes({"店"}, "")[0].code == "X");
}

TEST_CASE("the fiscal year ends the day before it begins") {
  Tenant tenant = kTenant;
  const auto end_of = [&](const char* country, std::optional<FiscalYearWish> year = std::nullopt) {
    tenant.country_code = country;
    Request request;
    request.fiscal_year = std::move(year);
    const auto plan = make_blueprint(request, tenant, kServer, {}, "r");
    REQUIRE(plan.has_value());
    return std::pair(plan->year_end_month, plan->year_end_day);
  };
  CHECK(end_of("KE") == std::pair(12, 31));
  CHECK(end_of("UG") == std::pair(6, 30));
  CHECK(end_of("ZA") == std::pair(2, 28));
  CHECK(end_of("GB") == std::pair(3, 31));
  CHECK(end_of("KE", FiscalYearWish{"2026-07-01", std::nullopt}) == std::pair(6, 30));
  CHECK(end_of("KE", FiscalYearWish{"2026-07-01", "2027-05-31"}) == std::pair(5, 31));
}

TEST_CASE("the server's settings win over the engine's") {
  Settings engine, server;
  engine.database = "a-{tenant}";
  engine.language = "fr_FR";
  server.database = "b-{tenant}";
  const Settings all = merged(engine, server);
  CHECK(all.database == "b-{tenant}");
  CHECK(all.language == "fr_FR");
}

TEST_CASE("what a schema cannot say about a request is said by the engine") {
  Request request;
  request.items = {{"A", std::nullopt, 1}};
  request.warehouses = {"Shop", "shop", ""};
  request.payment_modes = {{"Cash", "Cash", std::nullopt}, {"Till", "Cash", "Cash"}};
  request.fiscal_year = FiscalYearWish{"2026-07-01", "2026-06-01"};
  request.country_template = "Atlantis";
  std::vector<std::string> paths;
  for (const auto& problem : judge(request)) paths.push_back(problem.path);
  CHECK(paths == std::vector<std::string>{"/country_template", "/fiscal_year/end", "/items", "/warehouses/1",
                                          "/payment_modes/1/account", "/warehouses/2"});
  CHECK(judge(Request{}).empty());
}
