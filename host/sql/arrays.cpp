#include "sql/arrays.hpp"

namespace tenantry::sql {
namespace {

template <class Of>
std::string list(std::span<const Column> columns, Of of) {
  std::string out;
  for (const auto& column : columns) out += (out.empty() ? "" : ", ") + of(column);
  return out;
}

}  // namespace

std::string names(std::span<const Column> columns) {
  return list(columns, [](const Column& column) { return std::string(column.name); });
}

std::string assignments(std::span<const Column> columns) {
  return list(columns, [](const Column& column) { return std::string(column.name) + " = x." + column.name; });
}

std::string rows_of(std::span<const Column> columns) {
  const auto arrays = list(
      columns, [](const Column& column) { return std::string("cast(:") + column.name + " as " + column.type + "[])"; });
  return "unnest(" + arrays + ") with ordinality as x (" + names(columns) + ", position)";
}

void Array::append(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) throw std::invalid_argument("a text with a NUL");
  out_ += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out_ += '\\';
    out_ += c;
  }
  out_ += '"';
}

}  // namespace tenantry::sql
