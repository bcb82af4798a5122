// What a tenant shall look like, worked out from the request, the tenant and the server: pure, so that every attempt,
// VERIFY, UNDO and PLAN see the same names.
#pragma once
#include <string>
#include <vector>

#include "countries.hpp"
#include "request.hpp"

namespace tenantry::odoo {

struct Coded {
  std::string name, code;  // a code has at most five characters, unlike any other of its list
};

struct Blueprint {
  const Country* country = nullptr;
  std::string tenant_id, run_id;
  std::string database;  // the tenant's, under the name the world knows
  Mode mode = Mode::new_database;
  Templates templates = Templates::make;
  std::string template_pattern;  // empty: a name that says what is in it
  std::string template_login, admin_login;
  std::string host;  // pattern of the Host header; empty: the host in the URL
  Management management = Management::automatic;
  std::string language;
  std::vector<std::string> modules;
  Milliseconds create_time{0}, install_time{0};
  std::int64_t key_days = 90;
  bool verify_tls = true;
  std::string ca_file;

  std::string company;
  bool currency_given = false;
  std::string currency;
  std::string chart;  // empty: what Odoo loads for the country
  int year_end_month = 12, year_end_day = 31;
  std::vector<Coded> warehouses;
  std::vector<PaymentMode> payment_modes;
  std::vector<Coded> journals;  // one for each payment mode
  std::vector<ItemWish> items;
  std::string customer, till;
  std::string owner_name, owner_email;
  std::string owner_login;  // signs in to a database made for the tenant

  // Says in a database whose it is, and whether this run made it or took it over.
  [[nodiscard]] std::string mark(bool made) const {
    return "tenantry:" + tenant_id + ":" + run_id + (made ? ":made" : ":taken");
  }
  // A name nobody else uses, for a database on its way to its own: by run, and by how often one was begun.
  [[nodiscard]] std::string stage(std::int64_t number) const;
  // `server_version` is all that Odoo says of itself, e.g. "18.0-20250421". Another version, another country or other
  // modules make another name: a template with this name is as it should be.
  [[nodiscard]] std::string template_name(const std::string& server_version, int major) const;
};

// Engine settings completed by the server's.
[[nodiscard]] Settings merged(const Settings& engine, const Settings& server);

// `failed` with a pointer to what is wrong.
[[nodiscard]] Result<Blueprint> make_blueprint(const Request& request, const Tenant& tenant, const Server& server,
                                               const Settings& engine, std::string_view run_id);
// The part of it that a template needs.
[[nodiscard]] Result<Blueprint> make_template_blueprint(const std::string& country, const Tenant& tenant,
                                                        const Server& server, const Settings& engine,
                                                        std::string_view run_id);
// What a schema cannot say about a request.
[[nodiscard]] Problems judge(const Request& request);

// Odoo creates databases under any name it is given; this says which ones work everywhere.
[[nodiscard]] bool is_database_name(std::string_view name);
// Codes of at most five characters, all different: from `abbr` if there is one, else from the names' initials.
[[nodiscard]] std::vector<Coded> with_codes(const std::vector<std::string>& names, const std::string& abbr);
// Eight letters and digits that differ when the text does.
[[nodiscard]] std::string fingerprint(std::string_view text, std::size_t length = 8);

}  // namespace tenantry::odoo
