#include "countries.hpp"

#include <algorithm>

namespace tenantry::erpnext {

namespace {

constexpr CountryMode kCash{"Cash", "Cash"};
constexpr CountryMode kCard{"Credit Card", "Bank"};

// Documents keep the names they get from the wizard, so the site's language stays English everywhere. The standard
// charts exist in every country; a country's own chart has other accounts and is chosen by request.
constexpr Country kCountries[] = {
    {"KE", "Kenya", "KES", "Africa/Nairobi", 180, "Standard", 1, {kCash, {"M-Pesa", "Phone"}}},
    {"UG", "Uganda", "UGX", "Africa/Kampala", 180, "Standard", 7, {kCash, {"Mobile Money", "Phone"}}},
    {"TZ", "Tanzania", "TZS", "Africa/Dar_es_Salaam", 180, "Standard", 1, {kCash, {"M-Pesa", "Phone"}}},
    {"RW", "Rwanda", "RWF", "Africa/Kigali", 120, "Standard", 1, {kCash, {"Mobile Money", "Phone"}}},
    {"NG", "Nigeria", "NGN", "Africa/Lagos", 60, "Standard", 1, {kCash, kCard}},
    {"GH", "Ghana", "GHS", "Africa/Accra", 0, "Standard", 1, {kCash, {"Mobile Money", "Phone"}}},
    {"ZA", "South Africa", "ZAR", "Africa/Johannesburg", 120, "Standard", 3, {kCash, kCard}},
    {"US", "United States", "USD", "America/New_York", -300, "Standard with Numbers", 1, {kCash, kCard}},
    {"CA", "Canada", "CAD", "America/Toronto", -300, "Standard", 1, {kCash, kCard}},
    {"GB", "United Kingdom", "GBP", "Europe/London", 0, "Standard with Numbers", 4, {kCash, kCard}},
    {"DE", "Germany", "EUR", "Europe/Berlin", 60, "Standard with Numbers", 1, {kCash, kCard}},
    {"FR", "France", "EUR", "Europe/Paris", 60, "Standard with Numbers", 1, {kCash, kCard}},
    {"IN", "India", "INR", "Asia/Kolkata", 330, "Standard", 4, {kCash, {"UPI", "Bank"}}},
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
