#include "client/output.hpp"

#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ostream>

#include "base/text.hpp"
#include "client/exit_code.hpp"

namespace tenantry::client {
namespace {

namespace json = base::json;

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

bool is_set(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing changes the environment
  return value != nullptr && *value != '\0';
}

}  // namespace

Look Look::of_stdout() {
  Look look;
  std::setlocale(LC_CTYPE, "");  // NOLINT(concurrency-mt-unsafe): called before there are threads
  look.utf8 = std::string_view(nl_langinfo(CODESET)) == "UTF-8";
  const char* term = std::getenv("TERM");  // NOLINT(concurrency-mt-unsafe)
  look.terminal = ::isatty(STDOUT_FILENO) == 1 && term != nullptr && std::string_view(term) != "dumb";
  look.colour = look.terminal && !is_set("NO_COLOR");
  winsize size{};
  if (look.terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    look.width = size.ws_col;
    look.height = size.ws_row;
  }
  return look;
}

std::string printable(std::string_view text) {
  std::string out;
  const std::string clean = base::to_utf8(text);
  for (std::size_t i = 0; i < clean.size(); ++i) {
    const auto byte = static_cast<unsigned char>(clean[i]);
    if (byte == '\n' || byte == '\r' || byte == '\t') {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else if (byte == 0xC2 && i + 1 < clean.size() && static_cast<unsigned char>(clean[i + 1]) < 0xA0) {
      ++i;  // the control characters of the second half
    } else if (byte >= 0x20 && byte != 0x7F) {
      out += clean[i];
    }
  }
  return out;
}

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

std::string fit(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::size_t shown = 0;
  std::size_t end = 0;
  while (end < text.size() && (!starts_character(text[end]) || ++shown < width)) ++end;
  return std::string(text.substr(0, end)) + "~";
}

std::string pad(std::string_view text, std::size_t width) {
  const auto taken = columns(text);
  return std::string(text) + std::string(taken < width ? width - taken : 0, ' ');
}

std::string table(const std::vector<std::string>& headings, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::vector<std::string>> all{headings};
  for (const auto& row : rows) {
    auto& cells = all.emplace_back();
    for (const auto& cell : row) cells.push_back(printable(cell));
  }
  std::vector<std::size_t> widths(headings.size(), 0);
  for (const auto& row : all)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
  std::string out;
  for (const auto& row : all) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += i + 1 < row.size() ? pad(row[i], widths[i] + 2) : row[i];
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

void print_error(std::ostream& out, const base::Error& error) {
  out << "Error: " << printable(error.message) << " (" << printable(error.code) << ")\n";
  for (const auto& problem : error.problems)
    out << "  " << printable(problem.pointer) << ": " << printable(problem.message) << "\n";
  std::string next = printable(error.next_action);
  for (std::size_t i = 0; i < error.allowed_verbs.size(); ++i)
    next += (i > 0 ? ", " : next.empty() ? "Possible now: " : " Possible now: ") + printable(error.allowed_verbs[i]);
  if (!next.empty()) out << "Next: " << next << "\n";
}

int exit_code(const base::Error& error) {
  switch (error.kind) {
    case base::ErrorKind::kInvalid:
      return error.code.rfind("cli.", 0) == 0 ? kExitUsage : kExitRefused;
    case base::ErrorKind::kUnauthenticated:
    case base::ErrorKind::kDenied:
    case base::ErrorKind::kNotFound:
    case base::ErrorKind::kGone:
    case base::ErrorKind::kConflict:
    case base::ErrorKind::kBusy:
      return kExitRefused;
    case base::ErrorKind::kUnavailable:
    case base::ErrorKind::kInternal:
      return kExitError;
  }
  return kExitError;
}

std::string member_text(const json::value& object, std::string_view name) {
  const auto* members = object.if_object();
  const auto* member = members != nullptr ? members->if_contains(name) : nullptr;
  if (member == nullptr || member->is_null()) return {};
  if (member->is_string()) return std::string(member->get_string());
  if (member->is_double()) {
    char text[32];
    std::snprintf(text, sizeof text, "%.10g", member->get_double());
    return text;
  }
  return json::serialize(*member);
}

std::string duration_text(std::int64_t millis) {
  if (millis < 1000) return std::to_string(std::max<std::int64_t>(0, millis)) + " ms";
  if (millis < 60'000) {
    const auto tenths = millis / 100;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
  }
  const auto seconds = millis / 1000;
  if (seconds < 3600) return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
  return std::to_string(seconds / 3600) + " h " + std::to_string(seconds / 60 % 60) + " min";
}

}  // namespace tenantry::client
