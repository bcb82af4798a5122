// Text as a sequence of code points.
#pragma once
#include <cstddef>
#include <string_view>

namespace tenantry::schema {

// Takes the next code point off the front of a non-empty text. A byte that is not UTF-8 counts as U+FFFD.
[[nodiscard]] char32_t next_code_point(std::string_view& text);

[[nodiscard]] std::size_t count_code_points(std::string_view text);

}  // namespace tenantry::schema
