// What differs between the databases behind SOCI. Statements are written once, in SQL that all of them understand,
// plus a few marks that render() fills in:
//   to_bytes(:name)      a parameter of arbitrary bytes, as a column stores it
//   from_bytes(column)   the way back; both go with the type Bytes of session.hpp
//   each(:name)          a parameter that is a JSON array of texts, as a table of `key`, from 0, and `value`
//   {for_update} {skip_locked}   at the end of a select: its rows stay as they are until the transaction ends; rows
//                                that another transaction holds in that way are waited for, or left out
//   {clustered} {identity} {bytes} {key}   in migrations: a table kept in the order of its primary key; a number that
//                                          grows with every row and is its primary key; the type of arbitrary bytes;
//                                          a text that is compared and sorted by its bytes
#pragma once
#include <soci/soci.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "store/store.hpp"

namespace tenantry::sql {

enum class Access { kRead, kWrite };

// What lies behind an exception of the database.
enum class Trouble {
  kConstraint,  // this statement is at fault; others may go on
  kLocked,      // somebody else has it locked
  kContended,   // two transactions stood in each other's way and this one had to go; again, it will pass
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

  // What a database in this very process need not care about.

  // Bytes as a text that a statement can carry, and the way back.
  [[nodiscard]] virtual std::string pack(std::string_view bytes) const { return std::string(bytes); }
  [[nodiscard]] virtual std::string unpack(std::string&& text) const { return std::move(text); }
  // Would the rest of a text behind a NUL be lost without a word?
  [[nodiscard]] virtual bool cuts_at_nul() const { return false; }
  // Can the answer to a commit be lost on its way? Then each commit leaves its number in commit_marks.
  [[nodiscard]] virtual bool is_remote() const { return false; }
  // Keeps others from migrating at the same time, until the connection ends; nullptr: nobody else can.
  [[nodiscard]] virtual const char* lock_migrations() const { return nullptr; }
  // Tells other hosts, once the transaction is committed; nullptr: there are none.
  [[nodiscard]] virtual const char* tell(store::Told what) const { return static_cast<void>(what), nullptr; }
  // One row: the database's time, in milliseconds; nullptr: that of this host.
  [[nodiscard]] virtual const char* read_clock() const { return nullptr; }
  // One row: OpenWriters::oldest, of the present snapshot; nullptr: ids are committed in their order.
  [[nodiscard]] virtual const char* oldest_writer() const { return nullptr; }
  // One row: OpenWriters::next. Uses up a number.
  [[nodiscard]] virtual const char* next_writer() const { return nullptr; }
};

// What a caller of the store is told. Never SOCI's full text: that holds the values of the parameters.
[[nodiscard]] base::Error to_error(Trouble trouble, const soci::soci_error& error);

// Replaces every `mark(argument)` by before + argument + after. The argument holds no parentheses.
[[nodiscard]] std::string replace_call(std::string sql, std::string_view mark, std::string_view before,
                                       std::string_view after);
[[nodiscard]] std::string replace_mark(std::string sql, std::string_view mark, std::string_view text);

}  // namespace tenantry::sql
