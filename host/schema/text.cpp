#include "schema/text.hpp"

#include <cstdint>

namespace tenantry::schema {

char32_t next_code_point(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  std::size_t size = 1;
  char32_t point = lead;
  if (lead >= 0xF0 && lead <= 0xF4) {
    size = 4;
    point = lead & 0x07U;
  } else if (lead >= 0xE0 && lead < 0xF0) {
    size = 3;
    point = lead & 0x0FU;
  } else if (lead >= 0xC2 && lead < 0xE0) {
    size = 2;
    point = lead & 0x1FU;
  } else if (lead >= 0x80) {
    point = 0xFFFD;
  }
  if (size > text.size()) size = 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) {
      size = 0;
      break;
    }
    point = (point << 6U) | (byte(i) & 0x3FU);
  }
  if (size == 0) {
    text.remove_prefix(1);
    return 0xFFFD;
  }
  text.remove_prefix(size);
  return point;
}

std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  while (!text.empty()) {
    static_cast<void>(next_code_point(text));
    ++count;
  }
  return count;
}

}  // namespace tenantry::schema
