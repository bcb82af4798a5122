// Many rows for one statement of PostgreSQL: they travel as one array for each column, and unnest makes rows of them.
// For this room's .cpp files only.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "base/clock.hpp"
#include "model/run.hpp"
#include "sql/dialect.hpp"
#include "sql/session.hpp"

namespace tenantry::sql {

struct Column {
  const char* name;
  const char* type;
};

// "a, b"
[[nodiscard]] std::string names(std::span<const Column> columns);
// "a = x.a, b = x.b"
[[nodiscard]] std::string assignments(std::span<const Column> columns);
// "unnest(cast(:a as text[]), ...) with ordinality as x (a, ..., position)": a row for each row that was added.
[[nodiscard]] std::string rows_of(std::span<const Column> columns);

// An array as PostgreSQL reads it.
class Array {
 public:
  template <class Value>
  void add(const Value& value, const Dialect& dialect) {
    out_ += out_.size() > 1 ? "," : "";
    if constexpr (std::is_same_v<Value, BytesView>)
      value.bytes != nullptr ? append(std::string_view(dialect.pack(*value.bytes))) : append_null();
    else if constexpr (std::is_integral_v<Value>)
      out_ += std::to_string(static_cast<std::int64_t>(value));
    else
      append(value);
  }
  [[nodiscard]] std::string text() const { return out_ + "}"; }

 private:
  void append(base::Time time) { out_ += std::to_string(base::to_millis(time)); }
  void append(base::Millis duration) { out_ += std::to_string(duration.count()); }
  void append(std::optional<std::int64_t> number) { out_ += number ? std::to_string(*number) : "null"; }
  void append(const model::SharedText& text) { text ? append(std::string_view(*text)) : append_null(); }
  void append_null() { out_ += "null"; }
  void append(std::string_view text);

  std::string out_ = "{";
};

template <std::size_t columns>
class Rows {
 public:
  explicit Rows(const Dialect& dialect) : dialect_(dialect) {}

  template <class... Value>
  void add(const std::tuple<Value...>& row) {
    static_assert(sizeof...(Value) == columns);
    std::apply([&](const auto&... value) { (columns_[next_++].add(value, dialect_), ...); }, row);
    next_ = 0;
    ++count_;
  }
  [[nodiscard]] long long count() const { return count_; }
  // statement(texts...) with the array of each column.
  template <class Statement>
  decltype(auto) fill(Statement&& statement) const {
    return std::apply([&](const auto&... column) { return statement(column.text()...); }, columns_);
  }
  // Executes a statement with rows_of() these columns; how many rows it changed. Without rows it is not executed.
  long long run(Session& db, const std::string& sql) const {
    if (count_ == 0) return 0;
    return fill([&](const auto&... column) { return db.run(sql.c_str(), column...); });
  }

 private:
  const Dialect& dialect_;
  std::array<Array, columns> columns_;
  std::size_t next_ = 0;
  long long count_ = 0;
};

}  // namespace tenantry::sql
