#include "countries.hpp"

#include <algorithm>

namespace tenantry::odoo {

namespace {

constexpr CountryMode kCash{"Cash", "Cash"};
constexpr CountryMode kCard{"Credit Card", "Bank"};
constexpr CountryMode kMobileMoney{"Mobile Money", "Phone"};
constexpr CountryMode kMpesa{"M-Pesa", "Phone"};

constexpr Country kCountries[] = {
    {"KE", "Kenya", "KES", 1, {kCash, kMpesa}},          {"UG", "Uganda", "UGX", 7, {kCash, kMobileMoney}},
    {"TZ", "Tanzania", "TZS", 1, {kCash, kMpesa}},       {"RW", "Rwanda", "RWF", 1, {kCash, kMobileMoney}},
    {"NG", "Nigeria", "NGN", 1, {kCash, kCard}},         {"GH", "Ghana", "GHS", 1, {kCash, kMobileMoney}},
    {"ZA", "South Africa", "ZAR", 3, {kCash, kCard}},    {"US", "United States", "USD", 1, {kCash, kCard}},
    {"CA", "Canada", "CAD", 1, {kCash, kCard}},          {"GB", "United Kingdom", "GBP", 4, {kCash, kCard}},
    {"DE", "Germany", "EUR", 1, {kCash, kCard}},         {"FR", "France", "EUR", 1, {kCash, kCard}},
    {"IN", "India", "INR", 4, {kCash, {"UPI", "Bank"}}},
};

bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

const Country* begin_countries() { return std::begin(kCountries); }
const Country* end_countries() { return std::end(kCountries); }

const Country* find_country(std::string_view code_or_name) {
  for (const Country& country : kCountries)
    if (same_word(country.code, code_or_name) || same_word(country.name, code_or_name)) return &country;
  return nullptr;
}

}  // namespace tenantry::odoo
