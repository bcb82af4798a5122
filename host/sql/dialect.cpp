#include "sql/dialect.hpp"

namespace tenantry::sql {
namespace {

std::string one_line(std::string text) {
  for (auto& c : text)
    if (c == '\n' || c == '\t') c = ' ';
  while (!text.empty() && (text.back() == ' ' || text.back() == '.')) text.pop_back();
  return text;
}

}  // namespace

base::Error to_error(Trouble trouble, const soci::soci_error& error) {
  using base::ErrorKind;
  const std::string cause = " (" + one_line(error.get_error_message()) + ")";
  switch (trouble) {
    case Trouble::kLocked:
      return {ErrorKind::kUnavailable,
              "store.locked",
              "Another program holds a lock on the store; nothing was changed" + cause + ".",
              "Try again in a moment; end the program that holds the lock if it persists.",
              {},
              {}};
    case Trouble::kContended:
      return {ErrorKind::kUnavailable,
              "store.locked",
              "Another host was changing the same rows; nothing was changed" + cause + ".",
              "Try again in a moment.",
              {},
              {}};
    case Trouble::kDiskFull:
      return {ErrorKind::kUnavailable,
              "store.disk_full",
              "The store has no room left to write; nothing was changed" + cause + ".",
              "Free space on the store's disk, then try again.",
              {},
              {}};
    case Trouble::kLost:
      return {ErrorKind::kUnavailable,
              "store.lost",
              "The store, or the disk below it, does not answer; nothing was changed" + cause + ".",
              "Check the store's server and disk, then try again.",
              {},
              {}};
    case Trouble::kReadOnly:
      return {ErrorKind::kUnavailable,
              "store.read_only",
              "The store may not be written to; nothing was changed" + cause + ".",
              "Give the host write permission on the store, then try again.",
              {},
              {}};
    case Trouble::kCorrupt:
      return {ErrorKind::kInternal,
              "store.corrupt",
              "The store is damaged" + cause + ".",
              "Stop the host and restore the store from a backup.",
              {},
              {}};
    case Trouble::kConstraint:
    case Trouble::kFailed:
      break;
  }
  return base::internal("store.failed", "The store refused a statement" + cause + ".");
}

std::string replace_call(std::string sql, std::string_view mark, std::string_view before, std::string_view after) {
  const std::string open = std::string(mark) + "(";
  for (auto at = sql.find(open); at != std::string::npos; at = sql.find(open, at)) {
    const auto close = sql.find(')', at);
    const std::string argument = sql.substr(at + open.size(), close - at - open.size());
    std::string text(before);
    text.append(argument).append(after);
    sql.replace(at, close - at + 1, text);
    at += text.size();
  }
  return sql;
}

std::string replace_mark(std::string sql, std::string_view mark, std::string_view text) {
  for (auto at = sql.find(mark); at != std::string::npos; at = sql.find(mark, at + text.size()))
    sql.replace(at, mark.size(), text);
  return sql;
}

}  // namespace tenantry::sql
