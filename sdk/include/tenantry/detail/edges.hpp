// The rules of a graph, checked while compiling: what a step function looks like, and what fits on an edge.
#pragma once
#include <array>
#include <tenantry/context.hpp>

namespace tenantry::detail {

// A step function taken apart.
template <class F>
struct StepFunction {
  static constexpr bool is_member = false;
};
template <class E, class R, class... Ps>
struct StepFunction<R (E::*)(Ps...)> {
  static constexpr bool is_member = true;
  using Engine = E;
  using Return = R;
  using Parameters = boost::mp11::mp_list<Ps...>;
};
template <class E, class R, class... Ps>
struct StepFunction<R (E::*)(Ps...) const> : StepFunction<R (E::*)(Ps...)> {};
template <class E, class R, class... Ps>
struct StepFunction<R (E::*)(Ps...) noexcept> : StepFunction<R (E::*)(Ps...)> {};
template <class E, class R, class... Ps>
struct StepFunction<R (E::*)(Ps...) const noexcept> : StepFunction<R (E::*)(Ps...)> {};

template <class R>
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<Result<T>> = true;

template <class T>
struct WithoutOptional {
  using type = T;
};
template <class T>
struct WithoutOptional<std::optional<T>> {
  using type = T;
};
template <class T>
using without_optional = typename WithoutOptional<T>::type;

// By value or by const reference.
template <class P>
inline constexpr bool is_input_parameter =
    !std::is_pointer_v<P> && !std::is_rvalue_reference_v<P> &&
    (!std::is_lvalue_reference_v<P> || std::is_const_v<std::remove_reference_t<P>>);

template <class M, class C>
M member_type(M C::*);

// A narrower struct may stand for a wider one: every member it names is there, with the same type.
template <class Narrow, class Wide>
constexpr bool is_view_of() {
  if constexpr (std::is_same_v<Narrow, Wide>) {
    return true;
  } else if constexpr (is_described<Narrow> && is_described<Wide>) {
    bool all = true;
    boost::mp11::mp_for_each<MembersOf<Narrow>>([&](auto wanted) {
      bool found = false;
      boost::mp11::mp_for_each<MembersOf<Wide>>([&](auto candidate) {
        if constexpr (std::is_same_v<decltype(member_type(wanted.pointer)), decltype(member_type(candidate.pointer))>) {
          if (std::string_view(wanted.name) == std::string_view(candidate.name)) found = true;
        }
      });
      all = all && found;
    });
    return all;
  } else {
    return false;
  }
}

// What the host itself tells about a tenant and its server; an author's struct picks members by name.
inline constexpr std::array<std::string_view, 6> kTenantMembers{"id",         "name",        "country_code",
                                                                "admin_name", "admin_email", "labels"};
inline constexpr std::array<std::string_view, 3> kServerMembers{"id", "url", "settings"};

template <class T, std::size_t N>
constexpr bool names_only(const std::array<std::string_view, N>& allowed) {
  bool all = true;
  boost::mp11::mp_for_each<MembersOf<T>>([&](auto m) {
    bool found = false;
    for (const std::string_view name : allowed) found = found || name == m.name;
    all = all && found;
  });
  return all;
}

template <class T>
json::array member_names() {
  json::array names;
  for_each_member<T>([&](auto m) { names.emplace_back(m.name); });
  return names;
}

// What a step that did not compile seems to offer, so that one mistake gives one complaint.
struct Anything {};

// Where a parameter comes from.
template <class T>
struct RequestSource {
  using Value = T;
  static constexpr bool is_step = false;
};
struct TenantSource {
  static constexpr bool is_step = false;
};
struct ServerSource {
  static constexpr bool is_step = false;
};

template <class P, class S>
constexpr bool check_edge() {
  using Plain = without_optional<P>;
  if constexpr (!is_codable<Plain>) {
    static_assert(is_codable<Plain>,
                  "tenantry: the type of a step's parameter is not known to JSON. Describe it with "
                  "BOOST_DESCRIBE_STRUCT(Type, (), (members)) in the type's own namespace.");
    return false;
  } else if constexpr (std::is_same_v<S, TenantSource>) {
    constexpr bool kFits = []() {
      if constexpr (is_described<Plain>)
        return names_only<Plain>(kTenantMembers);
      else
        return std::is_same_v<Plain, json::object>;
    }();
    static_assert(kFits, "tenantry: g.tenant() has only id, name, country_code, admin_name, admin_email and labels");
    return kFits;
  } else if constexpr (std::is_same_v<S, ServerSource>) {
    constexpr bool kFits = []() {
      if constexpr (is_described<Plain>)
        return names_only<Plain>(kServerMembers);
      else
        return std::is_same_v<Plain, json::object>;
    }();
    static_assert(kFits, "tenantry: g.server() has only id, url and settings");
    return kFits;
  } else if constexpr (std::is_same_v<typename S::Value, Anything>) {
    return true;
  } else {
    using Offered = typename S::Value;
    constexpr bool kFits = is_view_of<Plain, without_optional<Offered>>();
    static_assert(kFits,
                  "tenantry: wrong type on an edge: the parameter is not what the request or the earlier step offers");
    constexpr bool kReady = !is_optional<Offered> || is_optional<P>;
    static_assert(kReady, "tenantry: this step may be skipped, so whoever reads it takes a std::optional");
    return kFits && kReady;
  }
}

template <class Parameters, class... Sources>
constexpr bool check_edges() {
  using Given = boost::mp11::mp_list<Sources...>;
  bool all = true;
  boost::mp11::mp_for_each<boost::mp11::mp_iota_c<sizeof...(Sources)>>([&](auto i) {
    all = check_edge<std::decay_t<boost::mp11::mp_at_c<Parameters, i>>, boost::mp11::mp_at_c<Given, i>>() && all;
  });
  return all;
}

template <class Parameters, class... Sources>
constexpr bool check_plan_edges() {
  using Given = boost::mp11::mp_list<Sources...>;
  bool all = true;
  boost::mp11::mp_for_each<boost::mp11::mp_iota_c<sizeof...(Sources)>>([&](auto i) {
    using P = std::decay_t<boost::mp11::mp_at_c<Parameters, i>>;
    using S = boost::mp11::mp_at_c<Given, i>;
    static_assert(!S::is_step || is_optional<P>,
                  "tenantry: a plan function takes a std::optional for every output of an earlier step, because it may "
                  "not exist yet");
    all = all && (!S::is_step || is_optional<P>)&&check_edge<P, S>();
  });
  return all;
}

template <class P>
using IsInput = std::bool_constant<is_input_parameter<P>>;

// F is a step of the engine E that reads from Sources.
template <class E, class F, class... Sources>
constexpr bool check_step() {
  using Function = StepFunction<F>;
  static_assert(Function::is_member, "tenantry: a step is a member function of the engine: &Engine::function");
  if constexpr (Function::is_member) {
    using Parameters = typename Function::Parameters;
    constexpr bool kMine = std::is_base_of_v<typename Function::Engine, E>;
    static_assert(kMine, "tenantry: a step is a member function of this engine");
    constexpr bool kReturns = is_result<typename Function::Return>;
    static_assert(kReturns, "tenantry: a step returns tenantry::Result<T>; use Result<Nothing> if it has no output");
    constexpr bool kContext = []() {
      if constexpr (boost::mp11::mp_size<Parameters>::value == 0)
        return false;
      else
        return std::is_same_v<boost::mp11::mp_front<Parameters>, Context&>;
    }();
    static_assert(kContext, "tenantry: the first parameter of a step is tenantry::Context&");
    constexpr bool kCounts = boost::mp11::mp_size<Parameters>::value == sizeof...(Sources) + 1;
    static_assert(kCounts, "tenantry: missing input: name one source per parameter of the step, in order");
    if constexpr (kReturns && kContext && kCounts && kMine) {
      using Output = without_optional<typename Function::Return::value_type>;
      static_assert(is_codable<Output>,
                    "tenantry: the output of a step is not known to JSON. Describe it with "
                    "BOOST_DESCRIBE_STRUCT(Type, (), (members)) in the type's own namespace.");
      constexpr bool kPassing = boost::mp11::mp_all_of<boost::mp11::mp_rest<Parameters>, IsInput>::value;
      static_assert(kPassing, "tenantry: a step takes its inputs by value or by const reference");
      return is_codable<Output> && kPassing && check_edges<boost::mp11::mp_rest<Parameters>, Sources...>();
    } else {
      return false;
    }
  } else {
    return false;
  }
}

}  // namespace tenantry::detail
