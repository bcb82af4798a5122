// What is usual in a country and Odoo does not know by itself: when its fiscal year ends, and its ways to pay. Money,
// clock, taxes and chart of accounts come with the country's code.
#pragma once
#include <array>
#include <string_view>

namespace tenantry::odoo {

struct CountryMode {
  std::string_view name;
  std::string_view type;
};

struct Country {
  std::string_view code;  // ISO 3166
  std::string_view name;
  std::string_view currency;
  int fiscal_year_month;  // in which the fiscal year begins, on the first
  std::array<CountryMode, 2> modes;
};

// Every country the engine knows.
[[nodiscard]] const Country* begin_countries();
[[nodiscard]] const Country* end_countries();
// By code or by name, in any case. nullptr: not known.
[[nodiscard]] const Country* find_country(std::string_view code_or_name);

}  // namespace tenantry::odoo
