#include "schema/format.hpp"

#include <algorithm>

#include "base/clock.hpp"

namespace tenantry::schema {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

// True if every piece between separators passes; an empty text is one empty piece.
template <class Test>
bool each_piece(std::string_view text, char separator, Test test) {
  while (true) {
    const auto end = text.find(separator);
    if (!test(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

bool is_hostname(std::string_view text) {
  return text.size() <= 253 && each_piece(text, '.', [](std::string_view label) {
           return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
                  std::all_of(label.begin(), label.end(),
                              [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
         });
}

bool is_email(std::string_view text) {
  const auto at = text.rfind('@');
  if (text.size() > 254 || at == std::string_view::npos || at > 64) return false;
  return is_hostname(text.substr(at + 1)) && each_piece(text.substr(0, at), '.', [](std::string_view atom) {
           return !atom.empty() && std::all_of(atom.begin(), atom.end(), [](char c) {
             return is_letter(c) || is_digit(c) || is_one_of(c, "!#$%&'*+-/=?^_`{|}~");
           });
         });
}

bool is_uri(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || !is_letter(text.front())) return false;
  const auto scheme = text.substr(0, colon);
  if (!std::all_of(scheme.begin(), scheme.end(),
                   [](char c) { return is_letter(c) || is_digit(c) || is_one_of(c, "+-."); }))
    return false;
  const auto rest = text.substr(colon + 1);
  if (rest.empty()) return false;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const char c = rest[i];
    if (c == '%') {
      if (i + 2 >= rest.size() || !is_hex(rest[i + 1]) || !is_hex(rest[i + 2])) return false;
    } else if (!is_letter(c) && !is_digit(c) && !is_one_of(c, "-._~:/?#[]@!$&'()*+,;=")) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::optional<Format> format(std::string_view word) {
  for (std::size_t i = 0; i < kFormats.size(); ++i)
    if (kFormats[i] == word) return static_cast<Format>(i);
  return std::nullopt;
}

bool has_format(std::string_view text, Format format) {
  switch (format) {
    case Format::kHostname:
      return is_hostname(text);
    case Format::kEmail:
      return is_email(text);
    case Format::kUri:
      return is_uri(text);
    case Format::kDateTime:
      return text.size() <= 64 && base::parse_time(text).has_value();
  }
  return false;
}

}  // namespace tenantry::schema
