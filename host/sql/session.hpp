// One connection with the statements that were prepared on it: prepared at first use, bound once to variables of
// their own, and executed again and again. For this room's .cpp files only; belongs to one thread at a time.
#pragma once
#include <soci/soci.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "sql/dialect.hpp"

namespace tenantry::sql {

// What was read makes no sense to this version: a word it does not know, a run that does not fit its manifest.
struct Unreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Arbitrary bytes, or null: a column of from_bytes(), or a parameter of to_bytes().
struct Bytes {
  std::optional<std::string> value;
};
// A parameter of to_bytes() that lives elsewhere.
struct BytesView {
  explicit BytesView(const std::shared_ptr<const std::string>& given) : bytes(given.get()) {}
  const std::string* bytes;
};

namespace slot {

// The variable behind one parameter or column.
struct Number {
  long long value = 0;
  soci::indicator state = soci::i_ok;
  void prepare_for(const Dialect&) {}
  void set(std::int64_t number) { value = number; }
  void set(base::Time time) { value = base::to_millis(time); }
  void set(base::Millis duration) { value = duration.count(); }
  void set(std::optional<std::int64_t> number) {
    value = number.value_or(0);
    state = number ? soci::i_ok : soci::i_null;
  }
};
struct Text {
  std::string value;
  soci::indicator state = soci::i_ok;
  bool cut_at_nul = false;
  void prepare_for(const Dialect& dialect) { cut_at_nul = dialect.cuts_at_nul(); }
  void set(std::string_view text) {
    if (cut_at_nul && text.find('\0') != std::string_view::npos) throw std::invalid_argument("a text with a NUL");
    value.assign(text);
  }
  void set(const std::shared_ptr<const std::string>& text) {
    state = text ? soci::i_ok : soci::i_null;
    set(text ? std::string_view(*text) : std::string_view());
  }
  template <class Tag>
  void set(const base::Id<Tag>& id) {
    set(std::string_view(id.value));
  }
};
struct Packed {
  std::string value;
  soci::indicator state = soci::i_ok;
  const Dialect* dialect = nullptr;
  void prepare_for(const Dialect& given) { dialect = &given; }
  void set(const std::string* bytes) {
    state = bytes != nullptr ? soci::i_ok : soci::i_null;
    value = bytes != nullptr ? dialect->pack(*bytes) : std::string();
  }
  void set(const BytesView& view) { set(view.bytes); }
  void set(const Bytes& bytes) { set(bytes.value ? &*bytes.value : nullptr); }
};

template <class T>
inline constexpr bool kIsNumber =
    std::is_integral_v<T> || std::is_same_v<T, base::Time> || std::is_same_v<T, base::Millis> ||
    std::is_same_v<T, std::optional<std::int64_t>> || std::is_same_v<T, std::optional<long long>>;
template <class T>
inline constexpr bool kIsBytes = std::is_same_v<T, Bytes> || std::is_same_v<T, BytesView>;
template <class T>
using For = std::conditional_t<kIsNumber<std::remove_cvref_t<T>>, Number,
                               std::conditional_t<kIsBytes<std::remove_cvref_t<T>>, Packed, Text>>;

// A row's value as the reader of the row asked for it.
template <class Out>
Out take(Number& from) {
  if constexpr (std::is_same_v<Out, std::optional<long long>>)
    return from.state == soci::i_null ? std::nullopt : Out(from.value);
  else
    return from.value;
}
template <class Out>
Out take(Text& from) {
  if constexpr (std::is_same_v<Out, std::optional<std::string>>)
    return from.state == soci::i_null ? std::nullopt : Out(std::move(from.value));
  else
    return std::move(from.value);
}
template <class Out>
Out take(Packed& from) {
  if (from.state == soci::i_null) return {};
  return {from.dialect->unpack(std::move(from.value))};
}

}  // namespace slot

// The names of a statement's parameters, in the order of their first appearance.
[[nodiscard]] std::vector<std::string> parameter_names(std::string_view sql);

class Session {
 public:
  Session(const Dialect& dialect, Access access);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Executes a statement that gives no rows and returns how many it changed. `in`: one value for each parameter, in
  // the order of first appearance. `sql` must be a literal: its address is its identity.
  template <class... In>
  long long run(const char* sql, const In&... in) {
    auto& prepared = find<std::tuple<>, slot::For<In>...>(sql);
    prepared.set(in...);
    prepared.statement.execute(true);
    return prepared.statement.get_affected_rows();
  }

  // Executes a statement and hands each row to `each(Out...)`. Always reads to the end: a statement left half-way
  // would keep its snapshot open.
  template <class... Out, class Each, class... In>
  void select(const char* sql, const std::tuple<In...>& in, Each&& each) {
    auto& prepared = find<std::tuple<Out...>, slot::For<In>...>(sql);
    std::apply([&](const auto&... value) { prepared.set(value...); }, in);
    try {
      for (bool row = prepared.statement.execute(true); row; row = prepared.statement.fetch())
        std::apply([&](auto&... column) { each(slot::take<Out>(column)...); }, prepared.out);
    } catch (...) {
      forget(sql, prepared);
      throw;
    }
  }

  [[nodiscard]] soci::session& soci() { return *session_; }

 private:
  struct Base {
    Base() = default;
    Base(const Base&) = delete;
    Base& operator=(const Base&) = delete;
    virtual ~Base() = default;
  };
  template <class Outs, class... Ins>
  struct Prepared;
  template <class... Out, class... Ins>
  struct Prepared<std::tuple<Out...>, Ins...> final : Base {
    Prepared(soci::session& session, const Dialect& dialect, const std::string& sql) : statement(session) {
      const auto names = parameter_names(sql);
      if (names.size() != sizeof...(Ins)) throw std::logic_error("wrong number of parameters: " + sql);
      statement.alloc();
      statement.prepare(sql);
      std::apply([&](auto&... s) { (s.prepare_for(dialect), ...); }, in);
      std::apply([&](auto&... s) { (s.prepare_for(dialect), ...); }, out);
      std::size_t next = 0;
      std::apply([&](auto&... s) { (statement.exchange(soci::use(s.value, s.state, names[next++])), ...); }, in);
      std::apply([&](auto&... s) { (statement.exchange(soci::into(s.value, s.state)), ...); }, out);
      statement.define_and_bind();
    }
    template <class... Value>
    void set(const Value&... value) {
      std::apply([&](auto&... s) { (s.set(value), ...); }, in);
    }
    std::tuple<Ins...> in;
    std::tuple<slot::For<Out>...> out;
    soci::statement statement;
  };

  template <class Outs, class... Ins>
  Prepared<Outs, Ins...>& find(const char* sql) {
    using Kind = Prepared<Outs, Ins...>;
    auto& prepared = prepared_[{sql, &kMark<Kind>}];
    if (!prepared) prepared = std::make_unique<Kind>(*session_, dialect_, dialect_.render(sql));
    return static_cast<Kind&>(*prepared);
  }

  template <class Kind>
  void forget(const char* sql, const Kind&) {
    prepared_.erase({sql, &kMark<Kind>});
  }

  // Told apart by the addresses of the text and of a mark for its types: cheaper than by what they hold.
  template <class Kind>
  static constexpr char kMark = 0;
  using Key = std::pair<const char*, const char*>;
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept {
      return std::hash<const char*>{}(key.first) ^ (std::hash<const char*>{}(key.second) << 1U);
    }
  };

  const Dialect& dialect_;
  std::unique_ptr<soci::session> session_;
  // After session_: statements have to go before their connection.
  std::unordered_map<Key, std::unique_ptr<Base>, KeyHash> prepared_;
};

// The values of a statement's parameters.
template <class... In>
[[nodiscard]] std::tuple<const In&...> with(const In&... in) {
  return std::tuple<const In&...>(in...);
}

}  // namespace tenantry::sql
