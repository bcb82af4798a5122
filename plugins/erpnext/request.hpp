// What the engine is given: the parameters of a run, the tenant, the server it was placed on, and the operator's
// settings. Everything has a default but the tenant's id, name and country.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include <tenantry/engine.hpp>

namespace tenantry::erpnext {

struct CompanyWish {
  std::optional<std::string> name;  // default: the tenant's name
  std::optional<std::string> abbr;  // default: the initials, or the next free one

  static void constrain(Schema<CompanyWish>& s) {
    s.member(&CompanyWish::name).title("Name of the company").min_length(2).max_length(100);
    s.member(&CompanyWish::abbr).title("Abbreviation").pattern("^[A-Za-z0-9]{1,8}$").max_length(8);
  }
};

struct FiscalYearWish {
  std::optional<std::string> start;  // default: the year of the country that holds today
  std::optional<std::string> end;    // default: twelve months

  static void constrain(Schema<FiscalYearWish>& s) {
    s.member(&FiscalYearWish::start).title("First day").pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}$").max_length(10);
    s.member(&FiscalYearWish::end).title("Last day").pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}$").max_length(10);
  }
};

struct PaymentMode {
  std::string name;
  std::string type = "Bank";
  std::optional<std::string> account;  // default: the company's cash account, or an own account of the mode's name

  static void constrain(Schema<PaymentMode>& s) {
    s.member(&PaymentMode::name).title("Name").min_length(1).max_length(100);
    s.member(&PaymentMode::type).title("Type").one_of({"Cash", "Bank", "Phone", "General"});
    s.member(&PaymentMode::account).title("Name of its account").min_length(1).max_length(100);
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
    s.title("Provision a tenant on ERPNext");
    s.member(&Request::include_demo_data).title("Include demo data").description("Makes a few items with prices.");
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
    s.member(&Request::chart_of_accounts).title("Chart of accounts").max_length(140);
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
    s.member(&Request::pos_profile).title("Name of the POS profile").min_length(1).max_length(100);
  }
};

struct Tenant {
  std::string id;
  std::optional<std::string> name;
  std::optional<std::string> country_code;
  std::optional<std::string> admin_name;
  std::optional<std::string> admin_email;
};

enum class Mode { existing_site, new_site };
enum class OwnerUser { own_site, always, never };
BOOST_DESCRIBE_ENUM(Mode, existing_site, new_site)
BOOST_DESCRIBE_ENUM(OwnerUser, own_site, always, never)

// How sites are made on a server. {site}, {tenant} and {admin_password} are replaced in every argument.
struct Bench {
  std::vector<std::string> command{"bench"};
  std::optional<std::string> directory;
  std::vector<std::string> new_site_options;
  std::optional<std::string> golden_image;
  std::int64_t new_site_seconds = 600;
  std::int64_t drop_site_seconds = 120;
};

// The operator's settings of the engine, and the same again of one server: what the server says wins.
struct Settings {
  std::optional<std::string> site;
  std::optional<Mode> mode;
  std::optional<bool> shared;
  std::optional<OwnerUser> owner_user;
  std::optional<bool> verify_tls;
  std::optional<std::string> ca_file;
  std::optional<Bench> bench;

  static void constrain(Schema<Settings>& s) {
    s.member(&Settings::site)
        .title("Site")
        .description("Name of the Frappe site; {tenant} is the tenant's id. Default: the host in the URL.")
        .max_length(253);
    s.member(&Settings::mode).title("Does the site exist, or is it made for each tenant?");
    s.member(&Settings::shared)
        .title("Several tenants live on one site")
        .description("Default: true unless the site's name holds {tenant} or sites are made.");
    s.member(&Settings::owner_user).title("Where the tenant's administrator becomes a user of ERPNext");
    s.member(&Settings::verify_tls).title("Check the server's certificate; true by default");
    s.member(&Settings::ca_file).title("Certificates to trust instead of the system's");
    s.member(&Settings::bench).title("How sites are made");
  }
};

struct Server {
  std::string id = "erpnext";
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
BOOST_DESCRIBE_STRUCT(Bench, (),
                      (command, directory, new_site_options, golden_image, new_site_seconds, drop_site_seconds))
BOOST_DESCRIBE_STRUCT(Settings, (), (site, mode, shared, owner_user, verify_tls, ca_file, bench))
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

}  // namespace tenantry::erpnext
