// What the SDK can turn into JSON, and how it walks through a described struct.
#pragma once
#include <boost/describe.hpp>
#include <boost/mp11.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tenantry/result.hpp>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tenantry {

template <class T>
class Schema;

namespace detail {

template <class T>
inline constexpr bool is_described = boost::describe::has_describe_members<T>::value&& std::is_class_v<T>;
template <class T>
inline constexpr bool is_described_enum = std::is_enum_v<T>&& boost::describe::has_describe_enumerators<T>::value;
template <class T, class = void>
inline constexpr bool is_constrained = false;
template <class T>
inline constexpr bool is_constrained<T, std::void_t<decltype(T::constrain(std::declval<Schema<T>&>()))>> = true;
template <class T>
inline constexpr bool is_number = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;
template <class T>
inline constexpr bool is_json =
    std::is_same_v<T, json::value> || std::is_same_v<T, json::object> || std::is_same_v<T, json::array>;

template <class T>
inline constexpr bool is_list = false;
template <class T, class A>
inline constexpr bool is_list<std::vector<T, A>> = true;

template <class T>
inline constexpr bool is_map = false;
template <class T, class C, class A>
inline constexpr bool is_map<std::map<std::string, T, C, A>> = true;
template <class T, class H, class Q, class A>
inline constexpr bool is_map<std::unordered_map<std::string, T, H, Q, A>> = true;

template <class T>
inline constexpr bool is_codable =
    is_described<T> || is_described_enum<T> || std::is_arithmetic_v<T> || is_json<T> ||
    std::is_same_v<T, std::string> || std::is_same_v<T, Nothing> || is_optional<T> || is_list<T> || is_map<T>;

template <class>
inline constexpr bool always_false = false;

template <class T>
using MembersOf = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

template <class T, class Visit>
void for_each_member(Visit&& visit) {
  boost::mp11::mp_for_each<MembersOf<T>>(std::forward<Visit>(visit));
}

// Where in the document we are; turned into text only when there is something to complain about.
struct Path {
  const Path* parent = nullptr;
  std::string_view name;

  std::string text() const {
    std::string all = parent ? parent->text() : std::string();
    if (!parent) return all;
    all += '/';
    for (const char c : name) {
      if (c == '~')
        all += "~0";
      else if (c == '/')
        all += "~1";
      else
        all += c;
    }
    return all;
  }
};

}  // namespace detail
}  // namespace tenantry
