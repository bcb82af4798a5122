// How the command line writes: tables, errors, and text from elsewhere that must not steer the terminal.
#pragma once
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace tenantry::client {

enum class Format { kTable, kJson };

// What the terminal can show.
struct Look {
  bool terminal = false;  // lines may be redrawn
  bool colour = false;
  bool utf8 = false;
  std::size_t width = 80;
  std::size_t height = 24;

  // Of standard output, as it is now: TERM, NO_COLOR, the locale and the window's size.
  [[nodiscard]] static Look of_stdout();
};

// Line breaks become spaces and other control characters disappear.
[[nodiscard]] std::string printable(std::string_view text);

// How many columns the text takes, counting one for each character.
[[nodiscard]] std::size_t columns(std::string_view text);
// At most that many columns; what is cut off is marked.
[[nodiscard]] std::string fit(std::string_view text, std::size_t width);
[[nodiscard]] std::string pad(std::string_view text, std::size_t width);

// The columns aligned, the headings in the first line; every cell is made printable.
[[nodiscard]] std::string table(const std::vector<std::string>& headings,
                                const std::vector<std::vector<std::string>>& rows);

// What went wrong and what to do next: a line each, with a line for each problem between them.
void print_error(std::ostream& out, const base::Error& error);

// The exit code that an error stands for.
[[nodiscard]] int exit_code(const base::Error& error);

// A member as text: "" if it is absent or null, numbers without trailing zeros.
[[nodiscard]] std::string member_text(const base::json::value& object, std::string_view name);

// 84 ms, 3.2 s, 5 min 4 s
[[nodiscard]] std::string duration_text(std::int64_t millis);

}  // namespace tenantry::client
