// JSON from and to the structs an author describes with BOOST_DESCRIBE_STRUCT: decode, encode and JSON Schema.
//
// Unknown members are ignored, so a producer may grow. A member that is absent keeps its initial value. Required are
// texts without an initial value, and structs that have required members themselves; std::optional never is; numbers,
// booleans, lists and maps have an initial value by nature. constrain() may say otherwise, see Schema.
#pragma once
#include <array>
#include <boost/describe.hpp>
#include <boost/json.hpp>
#include <boost/mp11.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <tenantry/result.hpp>

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
      words += (words.empty() ? "" : "\n") + problem.path + ": " + problem.message;
    return words;
  }
  Problems problems_;
};

template <class T>
class Schema;

namespace detail {

template <class T>
concept Described = boost::describe::has_describe_members<T>::value && std::is_class_v<T>;
template <class T>
concept DescribedEnum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;
template <class T>
concept Constrained = requires(Schema<T>& schema) {
  T::constrain(schema);
};
template <class T>
concept Number = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;
template <class T>
concept Json = std::is_same_v<T, json::value> || std::is_same_v<T, json::object> || std::is_same_v<T, json::array>;

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
concept Codable = Described<T> || DescribedEnum<T> || std::is_arithmetic_v<T> || Json<T> ||
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

inline std::string list_item_name(std::size_t index) { return std::to_string(index); }

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
    } else if constexpr (Number<T>) {
      decode_number(from, to, path);
    } else if constexpr (DescribedEnum<T>) {
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
    } else if constexpr (Described<T>) {
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
        if (std::in_range<T>(from.get_int64()))
          to = static_cast<T>(from.get_int64());
        else
          out_of_range<T>(path);
      } else if (from.is_uint64()) {
        if (std::in_range<T>(from.get_uint64()))
          to = static_cast<T>(from.get_uint64());
        else
          out_of_range<T>(path);
      } else if (from.is_double() && std::trunc(from.get_double()) == from.get_double() &&
                 std::abs(from.get_double()) < kTwoTo63) {
        const auto whole = static_cast<std::int64_t>(from.get_double());  // 3.0 is an integer in JSON Schema
        if (std::in_range<T>(whole))
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
      const std::string name = list_item_name(i);
      typename T::value_type item{};
      decode(from.get_array()[i], item, Path{&path, name});
      to.push_back(std::move(item));
    }
  }

  template <class T>
  void decode_struct(const json::value& from, T& to, const Path& path);
};

}  // namespace detail

// One member of a described struct, as its JSON Schema says it. Returned by Schema::member; every call adds a rule.
class MemberSchema {
 public:
  MemberSchema& title(std::string_view text) { return set("title", json::string(text)); }
  MemberSchema& description(std::string_view text) { return set("description", json::string(text)); }
  // An ECMAScript regular expression. Anchor it with ^ and $, and give a max_length.
  MemberSchema& pattern(std::string_view expression) { return set("pattern", json::string(expression)); }
  // hostname, email, uri or date-time.
  MemberSchema& format(std::string_view name) { return set("format", json::string(name)); }
  MemberSchema& min_length(std::uint64_t characters) { return set("minLength", characters); }
  MemberSchema& max_length(std::uint64_t characters) { return set("maxLength", characters); }
  MemberSchema& min_items(std::uint64_t count) { return set("minItems", count); }
  MemberSchema& max_items(std::uint64_t count) { return set("maxItems", count); }
  MemberSchema& minimum(json::value number) { return set("minimum", std::move(number)); }
  MemberSchema& maximum(json::value number) { return set("maximum", std::move(number)); }
  MemberSchema& range(json::value lowest, json::value highest) {
    return minimum(std::move(lowest)).maximum(std::move(highest));
  }
  MemberSchema& one_of(json::array values) { return set("enum", std::move(values)); }
  // Rules for every item of a list.
  MemberSchema& items_pattern(std::string_view expression) {
    schema_["items"].as_object()["pattern"] = expression;
    return *this;
  }
  MemberSchema& required() { return need(true); }
  MemberSchema& not_required() { return need(false); }

 private:
  template <class T>
  friend class Schema;
  friend class detail::Decoder;

  MemberSchema& set(std::string_view keyword, json::value value) {
    schema_[keyword] = std::move(value);
    return *this;
  }
  MemberSchema& need(bool needed) {
    required_ = needed;
    if (needed) schema_.erase("default");
    return *this;
  }

  json::object schema_;
  bool required_ = false;
};

// What a struct's `static void constrain(Schema<T>&)` adds to what its types already say:
//   schema.member(&Request::domain).format("hostname").title("Domain").max_length(253);
// The rules go into the manifest, where the host enforces them before a step ever sees the document.
template <class T>
class Schema {
 public:
  // An object schema may be closed: then members it does not name are refused instead of ignored.
  explicit Schema(bool closed = false, std::vector<const char*> above = {});

  template <class M, class C>
  MemberSchema& member(M C::*which) {
    std::size_t at = 0;
    std::size_t found = members_.size();
    detail::for_each_member<T>([&](auto m) {
      if constexpr (std::is_convertible_v<decltype(m.pointer), M T::*>) {
        if (static_cast<M T::*>(m.pointer) == static_cast<M T::*>(which)) found = at;
      }
      ++at;
    });
    if (found == members_.size()) throw std::logic_error("constrain: this member is not described");
    return members_[found].second;
  }
  Schema& title(std::string_view text) {
    title_ = text;
    return *this;
  }
  Schema& description(std::string_view text) {
    description_ = text;
    return *this;
  }

  bool is_required(std::size_t index) const { return members_[index].second.required_; }
  bool requires_anything() const {
    for (const auto& [name, member] : members_)
      if (member.required_) return true;
    return false;
  }
  json::object to_json() const {
    json::object schema{{"type", "object"}};
    if (!title_.empty()) schema["title"] = title_;
    if (!description_.empty()) schema["description"] = description_;
    json::array required;
    json::object properties;
    for (const auto& [name, member] : members_) {
      if (member.required_) required.emplace_back(name);
      properties[name] = member.schema_;
    }
    if (!required.empty()) schema["required"] = std::move(required);
    schema["properties"] = std::move(properties);
    if (closed_) schema["additionalProperties"] = false;
    return schema;
  }

 private:
  bool closed_;
  std::string title_;
  std::string description_;
  std::vector<std::pair<std::string, MemberSchema>> members_;
};

namespace detail {

template <class T>
const Schema<T>& schema_of() {
  static const Schema<T> schema;
  return schema;
}

template <class T>
void write(const T& value, json::value& to);

template <class T>
json::object type_schema(bool closed, const std::vector<const char*>& above) {
  if constexpr (Described<T>) {
    return Schema<T>(closed, above).to_json();
  } else if constexpr (is_optional<T>) {
    return type_schema<typename T::value_type>(closed, above);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return {{"type", "string"}};
  } else if constexpr (std::is_same_v<T, bool>) {
    return {{"type", "boolean"}};
  } else if constexpr (std::is_floating_point_v<T>) {
    return {{"type", "number"}};
  } else if constexpr (Number<T>) {
    json::object schema{{"type", "integer"}};
    if constexpr (sizeof(T) < sizeof(std::int64_t) || std::is_unsigned_v<T>)
      schema["minimum"] = static_cast<std::int64_t>(std::numeric_limits<T>::min());
    if constexpr (sizeof(T) < sizeof(std::int64_t))
      schema["maximum"] = static_cast<std::int64_t>(std::numeric_limits<T>::max());
    return schema;
  } else if constexpr (DescribedEnum<T>) {
    json::array names;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto e) { names.emplace_back(e.name); });
    return {{"type", "string"}, {"enum", std::move(names)}};
  } else if constexpr (is_list<T>) {
    return {{"type", "array"}, {"items", type_schema<typename T::value_type>(closed, above)}};
  } else if constexpr (is_map<T>) {
    return {{"type", "object"}, {"additionalProperties", type_schema<typename T::mapped_type>(closed, above)}};
  } else if constexpr (std::is_same_v<T, json::array>) {
    return {{"type", "array"}};
  } else if constexpr (std::is_same_v<T, json::object> || std::is_same_v<T, Nothing>) {
    return {{"type", "object"}};
  } else if constexpr (std::is_same_v<T, json::value>) {
    return {};
  } else {
    static_assert(
        always_false<T>,
        "tenantry: this type is not known to JSON. Describe it with BOOST_DESCRIBE_STRUCT(Type, (), (members)) or "
        "BOOST_DESCRIBE_ENUM(Type, names) in the type's own namespace.");
  }
}

template <class T>
bool required_by_nature(const T& initial) {
  if constexpr (std::is_same_v<T, std::string>)
    return initial.empty();
  else if constexpr (DescribedEnum<T>)
    return boost::describe::enum_to_string(initial, nullptr) == nullptr;
  else if constexpr (Described<T>)
    return schema_of<T>().requires_anything();
  else
    return false;
}

template <class T>
void Decoder::decode_struct(const json::value& from, T& to, const Path& path) {
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

template <class T>
void write(const T& value, json::value& to) {
  if constexpr (Json<T>) {
    to = value;
  } else if constexpr (std::is_same_v<T, Nothing>) {
    to = json::object();
  } else if constexpr (is_optional<T>) {
    if (value)
      write(*value, to);
    else
      to = nullptr;
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(value)) throw std::logic_error("a number that is not finite cannot be written as JSON");
    to = static_cast<double>(value);
  } else if constexpr (DescribedEnum<T>) {
    const char* name = boost::describe::enum_to_string(value, nullptr);
    if (!name) throw std::logic_error("an enum holds a value without a name");
    to = name;
  } else if constexpr (is_list<T>) {
    json::array& list = to.emplace_array();
    list.reserve(value.size());
    for (const auto& item : value) write<typename T::value_type>(item, list.emplace_back(nullptr));
  } else if constexpr (is_map<T>) {
    json::object& object = to.emplace_object();
    for (const auto& [name, item] : value) write(item, object[name]);
  } else if constexpr (Described<T>) {
    json::object& object = to.emplace_object();
    for_each_member<T>([&](auto m) {
      const auto& member = value.*m.pointer;
      if constexpr (is_optional<std::decay_t<decltype(member)>>) {
        if (!member) return;  // absent and null mean the same; absent is what the schema says
      }
      write(member, object[m.name]);
    });
  } else if constexpr (Codable<T>) {
    to = value;
  } else {
    static_assert(
        always_false<T>,
        "tenantry: this type is not known to JSON. Describe it with BOOST_DESCRIBE_STRUCT(Type, (), (members)) or "
        "BOOST_DESCRIBE_ENUM(Type, names) in the type's own namespace.");
  }
}

}  // namespace detail

template <class T>
Schema<T>::Schema(bool closed, std::vector<const char*> above) : closed_(closed) {
  static constexpr char kIdentity = 0;  // one address per T
  for (const char* type : above)
    if (type == &kIdentity) throw std::logic_error("a described struct contains itself: it has no finite schema");
  above.push_back(&kIdentity);

  const T initial{};
  detail::for_each_member<T>([&](auto m) {
    using M = std::decay_t<decltype(initial.*m.pointer)>;
    MemberSchema member;
    member.schema_ = detail::type_schema<M>(closed, above);
    member.required_ = detail::required_by_nature(initial.*m.pointer);
    if constexpr (!detail::is_optional<M> && !detail::Json<M> && !std::is_same_v<M, Nothing>) {
      if (!member.required_) detail::write(initial.*m.pointer, member.schema_["default"]);
    }
    members_.emplace_back(m.name, std::move(member));
  });
  if constexpr (detail::Constrained<T>) T::constrain(*this);
}

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

// The JSON Schema of a described type. A closed one refuses members it does not name.
template <class T>
[[nodiscard]] json::object schema(bool closed = false) {
  return detail::type_schema<T>(closed, {});
}

}  // namespace tenantry
