// What is usual in a country: the names ERPNext knows it by, its money, clock, fiscal year and ways to pay.
#pragma once
#include <array>
#include <optional>
#include <string_view>

namespace tenantry::erpnext {

struct CountryMode {
  std::string_view name;
  std::string_view type;
};

struct Country {
  std::string_view code;  // ISO 3166
  std::string_view name;  // as in ERPNext's list of countries
  std::string_view currency;
  std::string_view time_zone;
  std::string_view chart;
  int utc_minutes;        // standard time, east of Greenwich: never ahead of the site's own clock
  int fiscal_year_month;  // in which the fiscal year begins, on the first
  std::array<CountryMode, 2> modes;
};

// Every country the engine knows.
[[nodiscard]] const Country* begin_countries();
[[nodiscard]] const Country* end_countries();
// By code or by name, in any case. nullptr: not known.
[[nodiscard]] const Country* find_country(std::string_view code_or_name);

}  // namespace tenantry::erpnext
