// The JSON Schema of a described struct, and what its author adds to it.
//
// Required are texts without an initial value, and structs that have required members themselves; std::optional never
// is; numbers, booleans, lists and maps have an initial value by nature. constrain() may say otherwise.
#pragma once
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <tenantry/detail/describe.hpp>

namespace tenantry {

namespace detail {

template <class T>
void write(const T& value, json::value& to) {
  // NOLINTNEXTLINE(bugprone-branch-clone): the order counts: what is described is codable, too
  if constexpr (is_json<T>) {
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
  } else if constexpr (is_described_enum<T>) {
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
  } else if constexpr (is_described<T>) {
    json::object& object = to.emplace_object();
    for_each_member<T>([&](auto m) {
      const auto& member = value.*m.pointer;
      if constexpr (is_optional<std::decay_t<decltype(member)>>) {
        if (!member) return;  // absent and null mean the same; absent is what the schema says
      }
      write(member, object[m.name]);
    });
  } else if constexpr (is_codable<T>) {
    to = value;
  } else {
    static_assert(
        always_false<T>,
        "tenantry: this type is not known to JSON. Describe it with BOOST_DESCRIBE_STRUCT(Type, (), (members)) or "
        "BOOST_DESCRIBE_ENUM(Type, names) in the type's own namespace.");
  }
}

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
json::object type_schema(bool closed, const std::vector<const char*>& above) {
  if constexpr (is_described<T>) {
    return Schema<T>(closed, above).to_json();
  } else if constexpr (is_optional<T>) {
    return type_schema<typename T::value_type>(closed, above);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return {{"type", "string"}};
  } else if constexpr (std::is_same_v<T, bool>) {
    return {{"type", "boolean"}};
  } else if constexpr (std::is_floating_point_v<T>) {
    return {{"type", "number"}};
  } else if constexpr (is_number<T>) {
    json::object schema{{"type", "integer"}};
    if constexpr (sizeof(T) < sizeof(std::int64_t) || std::is_unsigned_v<T>)
      schema["minimum"] = static_cast<std::int64_t>(std::numeric_limits<T>::min());
    if constexpr (sizeof(T) < sizeof(std::int64_t))
      schema["maximum"] = static_cast<std::int64_t>(std::numeric_limits<T>::max());
    return schema;
  } else if constexpr (is_described_enum<T>) {
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
  else if constexpr (is_described_enum<T>)
    return boost::describe::enum_to_string(initial, nullptr) == nullptr;
  else if constexpr (is_described<T>)
    return schema_of<T>().requires_anything();
  else
    return false;
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
    if constexpr (!detail::is_optional<M> && !detail::is_json<M> && !std::is_same_v<M, Nothing>) {
      if (!member.required_) detail::write(initial.*m.pointer, member.schema_["default"]);
    }
    members_.emplace_back(m.name, std::move(member));
  });
  if constexpr (detail::is_constrained<T>) T::constrain(*this);
}

// The JSON Schema of a described type. A closed one refuses members it does not name.
template <class T>
[[nodiscard]] json::object schema(bool closed = false) {
  return detail::type_schema<T>(closed, {});
}

}  // namespace tenantry
