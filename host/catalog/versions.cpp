#include "catalog/versions.hpp"

#include <algorithm>

namespace tenantry::catalog {
namespace {

// Compares two runs of digits of any length.
int compare_numbers(std::string_view a, std::string_view b) {
  a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
  b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string_view take_part(std::string_view& text) {
  const auto end = std::min(text.find('.'), text.size());
  const auto part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

// Dotted parts; numbers are older than words, and less is older.
int compare_dotted(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    const auto left = take_part(a);
    const auto right = take_part(b);
    if (is_number(left) != is_number(right)) return is_number(left) ? -1 : 1;
    if (const int order = is_number(left) ? compare_numbers(left, right) : left.compare(right)) return order;
  }
  return static_cast<int>(!a.empty()) - static_cast<int>(!b.empty());
}

}  // namespace

int compare_versions(std::string_view a, std::string_view b) {
  a = a.substr(0, a.find('+'));
  b = b.substr(0, b.find('+'));
  const auto dash_a = std::min(a.find('-'), a.size());
  const auto dash_b = std::min(b.find('-'), b.size());
  if (const int order = compare_dotted(a.substr(0, dash_a), b.substr(0, dash_b))) return order;
  const auto pre_a = a.substr(dash_a);
  const auto pre_b = b.substr(dash_b);
  if (pre_a.empty() || pre_b.empty()) return static_cast<int>(pre_a.empty()) - static_cast<int>(pre_b.empty());
  return compare_dotted(pre_a.substr(1), pre_b.substr(1));
}

bool is_released(std::string_view version) {
  return version.substr(0, version.find('+')).find('-') == std::string_view::npos;
}

}  // namespace tenantry::catalog
