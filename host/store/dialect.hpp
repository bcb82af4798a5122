// What differs between the databases behind SOCI. Statements are written once, in SQL that all of them understand,
// plus a few marks that render() fills in:
//   to_bytes(:name)      a parameter of arbitrary bytes, as a column stores it
//   from_bytes(column)   the way back
//   {clustered} {identity} {bytes}   in migrations: a table kept in the order of its primary key; a number that grows
//                                    with every row and is its primary key; the type of arbitrary bytes
#pragma once
#include <soci/soci.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace tenantry::store {

enum class Access { kRead, kWrite };

// What lies behind an exception of the database.
enum class Trouble {
  kConstraint,  // this statement is at fault; others may go on
  kLocked,      // somebody else has it locked
  kDiskFull,
  kLost,  // the database, or the disk below it, does not answer
  kReadOnly,
  kCorrupt,
  kFailed,
};

// Thread-safe.
class Dialect {
 public:
  Dialect() = default;
  Dialect(const Dialect&) = delete;
  Dialect& operator=(const Dialect&) = delete;
  virtual ~Dialect() = default;

  // A new connection. Throws soci::soci_error.
  [[nodiscard]] virtual std::unique_ptr<soci::session> connect(Access access) const = 0;
  [[nodiscard]] virtual std::string render(std::string_view sql) const = 0;
  // Opens a transaction in which every statement sees the same snapshot.
  [[nodiscard]] virtual const char* begin_read() const = 0;
  // Opens a transaction that may write without waiting for a lock later on.
  [[nodiscard]] virtual const char* begin_write() const = 0;
  // One row (tables in all, tables named schema_version): is there anything in this database, and is it ours?
  [[nodiscard]] virtual const char* count_tables() const = 0;
  [[nodiscard]] virtual Trouble diagnose(const soci::soci_error& error) const = 0;
};

// What a caller of the store is told. Never SOCI's full text: that holds the values of the parameters.
[[nodiscard]] base::Error to_error(Trouble trouble, const soci::soci_error& error);

// Replaces every `mark(argument)` by before + argument + after. The argument holds no parentheses.
[[nodiscard]] std::string replace_call(std::string sql, std::string_view mark, std::string_view before,
                                       std::string_view after);
[[nodiscard]] std::string replace_mark(std::string sql, std::string_view mark, std::string_view text);

}  // namespace tenantry::store
