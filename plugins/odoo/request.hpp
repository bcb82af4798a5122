// What the engine is given: the parameters of a run, the tenant, the server it was placed on, and the operator's
// settings. Members that mean the same as in other engines have the same names. Everything has a default but the
// tenant's id, name and country.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include <tenantry/engine.hpp>

namespace tenantry::odoo {

struct CompanyWish {
  std::optional<std::string> name;  // default: the tenant's name
  std::optional<std::string> abbr;  // begins the codes of warehouses and journals; default: their own initials

  static void constrain(Schema<CompanyWish>& s) {
    s.member(&CompanyWish::name).title("Name of the company").min_length(2).max_length(100);
    s.member(&CompanyWish::abbr).title("Abbreviation").pattern("^[A-Za-z0-9]{1,8}$").max_length(8);
  }
};

struct FiscalYearWish {
  std::optional<std::string> start;  // default: as usual in the country
  std::optional<std::string> end;    // default: twelve months

  static void constrain(Schema<FiscalYearWish>& s) {
    s.member(&FiscalYearWish::start).title("First day").pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}$").max_length(10);
    s.member(&FiscalYearWish::end).title("Last day").pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}$").max_length(10);
  }
};

struct PaymentMode {
  std::string name;
  std::string type = "Bank";
  std::optional<std::string> account;  // name of its journal; default: the mode's name

  static void constrain(Schema<PaymentMode>& s) {
    s.member(&PaymentMode::name).title("Name").min_length(1).max_length(100);
    s.member(&PaymentMode::type).title("Type").one_of({"Cash", "Bank", "Phone", "General"});
    s.member(&PaymentMode::account).title("Name of its journal").min_length(1).max_length(100);
  }
};

struct ItemWish {
  std::string code;
  std::optional<std::string> name;
  double price = 0;

  static void constrain(Schema<ItemWish>& s) {
    s.member(&ItemWish::code).title("Item code").min_length(1).max_length(100);
    s.member(&ItemWish::name).title("Name").max_length(140);
    s.member(&ItemWish::price).title("Selling price").minimum(0);
  }
};

struct RequestBody {
  bool include_demo_data = false;
  bool pos_store_enabled = true;
  std::optional<std::string> country_template;
  std::optional<CompanyWish> company;
  std::optional<std::string> currency;
  std::optional<std::string> chart_of_accounts;
  std::optional<FiscalYearWish> fiscal_year;
  std::vector<std::string> warehouses;
  std::vector<PaymentMode> payment_modes;
  std::vector<ItemWish> items;
  std::optional<std::string> customer;
  std::optional<std::string> pos_profile;
};

struct Request : RequestBody {
  std::optional<std::string> template_;  // "template" on the wire, which C++ does not allow as a name

  static void constrain(Schema<Request>& s) {
    s.title("Provision a tenant on Odoo");
    s.member(&Request::include_demo_data)
        .title("Include demo data")
        .description("Makes a few items with prices and stock, and sells one of them once.");
    s.member(&Request::pos_store_enabled)
        .title("Open the point of sale")
        .description("Opens a first session of the till.");
    s.member(&Request::country_template)
        .title("Country")
        .description("Code or name of the country whose presets are used; the tenant's country by default.")
        .max_length(60);
    s.member(&Request::template_)
        .title("Kind of business")
        .description("retail, restaurant or services; decides the demo items. Anything else counts as retail.")
        .max_length(60);
    s.member(&Request::company).title("Company");
    s.member(&Request::currency).title("Currency").pattern("^[A-Z]{3}$").max_length(3);
    s.member(&Request::chart_of_accounts)
        .title("Chart of accounts")
        .description("Odoo's code of it, e.g. ke or generic_coa; the country's by default.")
        .pattern("^[a-z0-9_]+$")
        .max_length(40);
    s.member(&Request::fiscal_year).title("Fiscal year");
    s.member(&Request::warehouses)
        .title("Warehouses")
        .description("The first is the shop's; Main Shop by default.")
        .max_items(50);
    s.member(&Request::payment_modes)
        .title("Modes of payment")
        .description("The first is the default; those usual in the country by default.")
        .max_items(20);
    s.member(&Request::items).title("Demo items").max_items(200);
    s.member(&Request::customer).title("Name of the walk-in customer").min_length(1).max_length(100);
    s.member(&Request::pos_profile).title("Name of the till").min_length(1).max_length(100);
  }
};

struct Tenant {
  std::string id;
  std::optional<std::string> name;
  std::optional<std::string> country_code;
  std::optional<std::string> admin_name;
  std::optional<std::string> admin_email;
};

enum class Mode { new_database, existing_database };
enum class Templates { make, use, off };
enum class Management { automatic, service, forms };
BOOST_DESCRIBE_ENUM(Mode, new_database, existing_database)
BOOST_DESCRIBE_ENUM(Templates, make, use, off)
BOOST_DESCRIBE_ENUM(Management, automatic, service, forms)

// The operator's settings of the engine, and the same again of one server: what the server says wins.
struct Settings {
  std::optional<std::string> database;
  std::optional<Mode> mode;
  std::optional<Templates> templates;
  std::optional<std::string> template_database;
  std::optional<std::string> template_login;
  std::optional<std::string> admin_login;
  std::optional<std::string> host;
  std::optional<Management> management;
  std::optional<std::string> language;
  std::optional<std::vector<std::string>> modules;
  std::optional<std::int64_t> create_seconds;
  std::optional<std::int64_t> install_seconds;
  std::optional<std::int64_t> key_days;
  std::optional<bool> verify_tls;
  std::optional<std::string> ca_file;

  static void constrain(Schema<Settings>& s) {
    s.member(&Settings::database)
        .title("Database")
        .description("Name of a tenant's database; {tenant} is the tenant's id. Default: {tenant}.")
        .max_length(100);
    s.member(&Settings::mode).title("Is a database made for each tenant, or does it exist?");
    s.member(&Settings::templates)
        .title("Where new databases come from")
        .description(
            "make: a copy of a template, which is made when it is missing; use: a copy of one that is there; "
            "off: each is made afresh. Default: make.");
    s.member(&Settings::template_database)
        .title("Name of the template")
        .description("{country} and {version} are replaced. Default: a name that says what is in it.")
        .max_length(63);
    s.member(&Settings::template_login).title("Who signs in to the template").min_length(1).max_length(100);
    s.member(&Settings::admin_login).title("Who signs in to an existing database; admin by default").max_length(100);
    s.member(&Settings::host)
        .title("Host header")
        .description("For servers with a dbfilter; {database} is the database's name. Default: the host in the URL.")
        .max_length(253);
    s.member(&Settings::management)
        .title("How databases are managed")
        .description("service: the db service; forms: the pages under /web/database. Default: by Odoo's version.");
    s.member(&Settings::language).title("Language").pattern("^[a-z]{2}_[A-Z]{2}$").max_length(5);
    s.member(&Settings::modules).title("Modules of every database").max_items(50).items_pattern("^[a-z0-9_]{1,60}$");
    s.member(&Settings::create_seconds).title("How long making a database may take").range(10, 7200);
    s.member(&Settings::install_seconds).title("How long installing modules may take").range(10, 7200);
    s.member(&Settings::key_days).title("Days an API key lives").one_of({1, 7, 30, 90, 180, 365});
    s.member(&Settings::verify_tls).title("Check the server's certificate; true by default");
    s.member(&Settings::ca_file).title("Certificates to trust instead of the system's");
  }
};

struct Server {
  std::string id = "odoo";
  std::string url;
  Settings settings;
};

BOOST_DESCRIBE_STRUCT(CompanyWish, (), (name, abbr))
BOOST_DESCRIBE_STRUCT(FiscalYearWish, (), (start, end))
BOOST_DESCRIBE_STRUCT(PaymentMode, (), (name, type, account))
BOOST_DESCRIBE_STRUCT(ItemWish, (), (code, name, price))
BOOST_DESCRIBE_STRUCT(RequestBody, (),
                      (include_demo_data, pos_store_enabled, country_template, company, currency, chart_of_accounts,
                       fiscal_year, warehouses, payment_modes, items, customer, pos_profile))
BOOST_DESCRIBE_STRUCT(Tenant, (), (id, name, country_code, admin_name, admin_email))
BOOST_DESCRIBE_STRUCT(Settings, (),
                      (database, mode, templates, template_database, template_login, admin_login, host, management,
                       language, modules, create_seconds, install_seconds, key_days, verify_tls, ca_file))
BOOST_DESCRIBE_STRUCT(Server, (), (id, url, settings))

// What BOOST_DESCRIBE_STRUCT(Request, (RequestBody), (template_)) would write, but for the one name.
struct TemplateMember {
  static constexpr auto pointer() noexcept { return &Request::template_; }
  static constexpr auto name() noexcept { return "template"; }
};
BOOST_DESCRIBE_MAYBE_UNUSED BOOST_DESCRIBE_BASES_(Request, RequestBody) inline auto boost_public_member_descriptor_fn(
    Request**) {
  return boost::describe::detail::member_descriptor_fn_impl<boost::describe::mod_public>(0, TemplateMember());
}
BOOST_DESCRIBE_MAYBE_UNUSED BOOST_DESCRIBE_PROTECTED_MEMBERS_(Request) BOOST_DESCRIBE_MAYBE_UNUSED
    BOOST_DESCRIBE_PRIVATE_MEMBERS_(Request)

}  // namespace tenantry::odoo
