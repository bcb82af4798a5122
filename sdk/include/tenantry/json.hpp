// JSON from and to the structs an author describes with BOOST_DESCRIBE_STRUCT. Unknown members are ignored, so a
// producer may grow; a member that is absent keeps its initial value; what is required says <tenantry/schema.hpp>.
#pragma once
#include <boost/json.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tenantry/schema.hpp>
#include <utility>

namespace tenantry {

// The input of a call is not what the manifest promised. what() lists every problem, one per line.
class BadInput : public std::runtime_error {
 public:
  explicit BadInput(Problems problems) : std::runtime_error(in_words(problems)), problems_(std::move(problems)) {}
  BadInput(std::string path, std::string message) : BadInput(Problems{{std::move(path), std::move(message)}}) {}
  const Problems& problems() const { return problems_; }

 private:
  static std::string in_words(const Problems& problems) {
    std::string words;
    for (const Problem& problem : problems)
      words += (words.empty() ? "" : "\n") + (problem.path.empty() ? "input" : problem.path) + ": " + problem.message;
    return words;
  }
  Problems problems_;
};

namespace detail {

// From std::int64_t or std::uint64_t to any whole number.
template <class T, class From>
constexpr bool fits(From number) {
  if (number < From{0}) return std::is_signed_v<T> && number >= static_cast<From>(std::numeric_limits<T>::min());
  return static_cast<std::uint64_t>(number) <= static_cast<std::uint64_t>(std::numeric_limits<T>::max());
}

class Decoder {
 public:
  Problems problems;

  template <class T>
  void decode(const json::value& from, T& to, const Path& path) {
    if constexpr (std::is_same_v<T, json::value>) {
      to = from;
    } else if constexpr (std::is_same_v<T, Nothing>) {
    } else if constexpr (is_optional<T>) {
      if (from.is_null())
        to.reset();
      else
        decode(from, to.emplace(), path);
    } else if constexpr (std::is_same_v<T, std::string>) {
      if (from.is_string())
        to.assign(from.get_string().data(), from.get_string().size());
      else
        complain(path, "text");
    } else if constexpr (std::is_same_v<T, bool>) {
      if (from.is_bool())
        to = from.get_bool();
      else
        complain(path, "true or false");
    } else if constexpr (is_number<T>) {
      decode_number(from, to, path);
    } else if constexpr (is_described_enum<T>) {
      decode_enum(from, to, path);
    } else if constexpr (std::is_same_v<T, json::object>) {
      if (from.is_object())
        to = from.get_object();
      else
        complain(path, "an object");
    } else if constexpr (std::is_same_v<T, json::array>) {
      if (from.is_array())
        to = from.get_array();
      else
        complain(path, "a list");
    } else if constexpr (is_list<T>) {
      decode_list(from, to, path);
    } else if constexpr (is_map<T>) {
      if (!from.is_object()) return complain(path, "an object");
      to.clear();
      for (const auto& [name, value] : from.get_object())
        decode(value, to[std::string(name)], Path{&path, {name.data(), name.size()}});
    } else if constexpr (is_described<T>) {
      decode_struct(from, to, path);
    } else {
      static_assert(
          always_false<T>,
          "tenantry: this type is not known to JSON. Describe it with BOOST_DESCRIBE_STRUCT(Type, (), (members)) "
          "or BOOST_DESCRIBE_ENUM(Type, names) in the type's own namespace.");
    }
  }

  void complain(const Path& path, std::string_view wanted) {
    problems.push_back({path.text(), "expected " + std::string(wanted)});
  }

 private:
  template <class T>
  void decode_number(const json::value& from, T& to, const Path& path) {
    if constexpr (std::is_floating_point_v<T>) {
      if (from.is_double())
        to = static_cast<T>(from.get_double());
      else if (from.is_int64())
        to = static_cast<T>(from.get_int64());
      else if (from.is_uint64())
        to = static_cast<T>(from.get_uint64());
      else
        complain(path, "a number");
    } else {
      constexpr double kTwoTo63 = 9223372036854775808.0;
      if (from.is_int64()) {
        if (fits<T>(from.get_int64()))
          to = static_cast<T>(from.get_int64());
        else
          out_of_range<T>(path);
      } else if (from.is_uint64()) {
        if (fits<T>(from.get_uint64()))
          to = static_cast<T>(from.get_uint64());
        else
          out_of_range<T>(path);
      } else if (from.is_double() && std::trunc(from.get_double()) == from.get_double() &&
                 std::abs(from.get_double()) < kTwoTo63) {
        const auto whole = static_cast<std::int64_t>(from.get_double());  // 3.0 is an integer in JSON Schema
        if (fits<T>(whole))
          to = static_cast<T>(whole);
        else
          out_of_range<T>(path);
      } else {
        complain(path, "a whole number");
      }
    }
  }

  template <class T>
  void out_of_range(const Path& path) {
    complain(path, "a whole number from " + std::to_string(std::numeric_limits<T>::min()) + " to " +
                       std::to_string(std::numeric_limits<T>::max()));
  }

  template <class T>
  void decode_enum(const json::value& from, T& to, const Path& path) {
    if (from.is_string() && boost::describe::enum_from_string(std::string(from.get_string()).c_str(), to)) return;
    std::string names;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>(
        [&](auto e) { names += (names.empty() ? "" : ", ") + std::string(e.name); });
    complain(path, "one of " + names);
  }

  template <class T>
  void decode_list(const json::value& from, T& to, const Path& path) {
    if (!from.is_array()) return complain(path, "a list");
    to.clear();
    to.reserve(from.get_array().size());
    for (std::size_t i = 0; i < from.get_array().size(); ++i) {
      const std::string name = std::to_string(i);
      typename T::value_type item{};
      decode(from.get_array()[i], item, Path{&path, name});
      to.push_back(std::move(item));
    }
  }

  template <class T>
  void decode_struct(const json::value& from, T& to, const Path& path) {
    if (!from.is_object()) return complain(path, "an object");
    const json::object& object = from.get_object();
    std::size_t index = 0;
    for_each_member<T>([&](auto m) {
      const std::size_t at = index++;
      const Path here{&path, m.name};
      if (const json::value* value = object.if_contains(m.name)) {
        decode(*value, to.*m.pointer, here);
      } else if (schema_of<T>().is_required(at)) {
        problems.push_back({here.text(), "is missing"});
      }
    });
  }
};

}  // namespace detail

// The struct as JSON. std::logic_error if a number is not finite.
template <class T>
[[nodiscard]] json::value encode(const T& value) {
  json::value to;
  detail::write(value, to);
  return to;
}

// The JSON as a struct; `root` is put before every path of a complaint. BadInput lists everything that is wrong.
template <class T>
[[nodiscard]] T decode(const json::value& from, std::string_view root = {}) {
  detail::Decoder decoder;
  T to{};
  const detail::Path top;
  decoder.decode(from, to, top);
  if (!decoder.problems.empty()) {
    for (Problem& problem : decoder.problems) problem.path.insert(0, root);
    throw BadInput(std::move(decoder.problems));
  }
  return to;
}

}  // namespace tenantry
