// What a tenant shall look like, worked out from the request, the tenant, the server and the day: pure, so that every
// attempt, VERIFY, UNDO and PLAN see the same names.
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "countries.hpp"
#include "request.hpp"

namespace tenantry::erpnext {

struct FiscalYear {
  std::string name, start, end;
};

struct Blueprint {
  const Country* country = nullptr;
  std::string tenant_id;
  std::string site;  // empty: the host in the URL decides
  Mode mode = Mode::existing_site;
  bool shared = false;  // other tenants live on the same site
  bool owner_user = false;
  Bench bench;
  bool verify_tls = true;
  std::string ca_file;

  std::string company, currency, chart, today;
  std::vector<std::string> abbreviations;  // in order of preference; one only if it was asked for
  bool abbreviation_given = false;
  FiscalYear fiscal_year;
  std::vector<std::string> warehouses;
  std::vector<PaymentMode> payment_modes;
  std::vector<ItemWish> items;
  std::string customer, pos_profile;
  std::string owner_name, owner_email;

  // A name that is unique on a shared site too.
  [[nodiscard]] std::string own_name(const std::string& name, const std::string& abbr) const {
    return shared ? name + " - " + abbr : name;
  }
};

// Engine settings completed by the server's.
[[nodiscard]] Settings merged(const Settings& engine, const Settings& server);

// `failed` with a pointer to what is wrong.
[[nodiscard]] Result<Blueprint> make_blueprint(const Request& request, const Tenant& tenant, const Server& server,
                                               const Settings& engine, std::chrono::system_clock::time_point now);
// What a schema cannot say about a request.
[[nodiscard]] Problems judge(const Request& request);

// The naive local time of a country, as ERPNext writes it: "2026-11-23 14:05:00".
[[nodiscard]] std::string local_time(const Country& country, std::chrono::system_clock::time_point now);
[[nodiscard]] FiscalYear fiscal_year_of(int first_month, const std::string& today);
// "Duka Moja Ltd" -> DML first, then ones that differ by tenant.
[[nodiscard]] std::vector<std::string> abbreviations_for(const std::string& company, const std::string& tenant_id);

}  // namespace tenantry::erpnext
