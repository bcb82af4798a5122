#include "countries.hpp"

#include <algorithm>

namespace tenantry::erpnext {

namespace {

constexpr CountryMode kCash{"Cash", "Cash"};
constexpr CountryMode kCard{"Credit Card", "Bank"};

// Documents keep the names they get from the wizard, so the site's language stays English everywhere. The standard
// charts exist in every country; a country's own chart has other accounts and is chosen by request.
constexpr Country kCountries[] = {
    {"KE", "Kenya", "KES", "Africa/Nairobi", "Standard", 180, 1, {kCash, {"M-Pesa", "Phone"}}},
    {"UG", "Uganda", "UGX", "Africa/Kampala", "Standard", 180, 7, {kCash, {"Mobile Money", "Phone"}}},
    {"TZ", "Tanzania", "TZS", "Africa/Dar_es_Salaam", "Standard", 180, 1, {kCash, {"M-Pesa", "Phone"}}},
    {"RW", "Rwanda", "RWF", "Africa/Kigali", "Standard", 120, 1, {kCash, {"Mobile Money", "Phone"}}},
    {"NG", "Nigeria", "NGN", "Africa/Lagos", "Standard", 60, 1, {kCash, kCard}},
    {"GH", "Ghana", "GHS", "Africa/Accra", "Standard", 0, 1, {kCash, {"Mobile Money", "Phone"}}},
    {"ZA", "South Africa", "ZAR", "Africa/Johannesburg", "Standard", 120, 3, {kCash, kCard}},
    {"US", "United States", "USD", "America/New_York", "Standard with Numbers", -300, 1, {kCash, kCard}},
    {"CA", "Canada", "CAD", "America/Toronto", "Standard", -300, 1, {kCash, kCard}},
    {"GB", "United Kingdom", "GBP", "Europe/London", "Standard with Numbers", 0, 4, {kCash, kCard}},
    {"DE", "Germany", "EUR", "Europe/Berlin", "Standard with Numbers", 60, 1, {kCash, kCard}},
    {"FR", "France", "EUR", "Europe/Paris", "Standard with Numbers", 60, 1, {kCash, kCard}},
    {"IN", "India", "INR", "Asia/Kolkata", "Standard", 330, 4, {kCash, {"UPI", "Bank"}}},
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

}  // namespace tenantry::erpnext
