// TENANTRY_ENGINE(E): the one function a plugin exports, and behind it everything that stands between the C contract
// and the engine's C++: nothing that is thrown ever leaves the plugin.
#pragma once
#include <exception>
#include <memory>
#include <new>
#include <string>

#include <tenantry/context.hpp>
#include <tenantry/graph.hpp>

namespace tenantry {

// Who an engine is: `static constexpr Identity identity{"odoo", "1.0.0", "Odoo 18", {"site", "company"}};`
struct Identity {
  std::string_view engine;   // [a-z][a-z0-9_]{0,63}
  std::string_view version;  // of the engine, not of the ERP
  std::string_view title;
  std::string_view tenancy[4]{};  // how a tenant lives on a server: site, company; empty: does not matter
};

namespace detail {

template <class E, class = void>
inline constexpr bool has_identity = false;
template <class E>
inline constexpr bool has_identity<E, std::void_t<decltype(E::identity)>> =
    std::is_same_v<std::decay_t<decltype(E::identity)>, Identity>;

template <class E, class = void>
inline constexpr bool has_request = false;
template <class E>
inline constexpr bool has_request<E, std::void_t<typename E::Request>> = is_described<typename E::Request>;

template <class E, class = void>
inline constexpr bool has_settings = false;
template <class E>
inline constexpr bool has_settings<E, std::void_t<typename E::Settings>> = is_described<typename E::Settings>;

template <class E, class = void>
inline constexpr bool has_define = false;
template <class E>
inline constexpr bool has_define<E, std::void_t<decltype(E::define(std::declval<Graph<E>&>()))>> = true;

template <class E, class = void>
inline constexpr bool has_health = false;
template <class E>
inline constexpr bool has_health<E, std::void_t<decltype(std::declval<E&>().health())>> =
    std::is_convertible_v<decltype(std::declval<E&>().health()), Health>;

template <class E>
using ValidateReturn =
    decltype(std::declval<E&>().validate(std::declval<Context&>(), std::declval<const typename E::Request&>()));
template <class E, class = void>
inline constexpr bool has_validate = false;
template <class E>
inline constexpr bool has_validate<E, std::void_t<ValidateReturn<E>>> =
    std::is_convertible_v<ValidateReturn<E>, Problems>;

template <class E>
inline constexpr bool takes_nothing = std::is_default_constructible_v<E>;
template <class E>
inline constexpr bool takes_json = std::is_constructible_v<E, const json::object&>;

template <class E>
constexpr bool takes_settings() {
  if constexpr (has_settings<E>)
    return std::is_constructible_v<E, const typename E::Settings&>;
  else
    return false;
}

}  // namespace detail

// What TENANTRY_ENGINE accepts.
template <class E>
inline constexpr bool is_engine_class = detail::has_identity<E>&& detail::has_request<E> &&
                                        (detail::takes_nothing<E> || detail::takes_json<E> ||
                                         detail::takes_settings<E>());

namespace detail {

// The trampolines of one engine. The plugin's tenantry_engine is an E.
template <class E>
class Plugin {
 public:
  static const tenantry_plugin* table() {
    static constexpr tenantry_plugin self = make_table();
    return &self;
  }

  static const Graph<E>& graph() {
    static const Graph<E>& filled = []() -> const Graph<E>& {
      static Graph<E> graph;
      E::define(graph);
      return graph;
    }();
    return filled;
  }

  static json::object manifest_document() {
    constexpr const Identity& kIdentity = E::identity;
    json::object document{
        {"engine", kIdentity.engine}, {"version", kIdentity.version}, {"title", kIdentity.title}, {"manifest", 1}};
    json::array tenancy;
    for (const std::string_view mode : kIdentity.tenancy)
      if (!mode.empty()) tenancy.emplace_back(mode);
    if (!tenancy.empty()) document["tenancy"] = std::move(tenancy);
    document["request"] = schema<typename E::Request>(true);
    if constexpr (has_settings<E>) document["settings"] = schema<typename E::Settings>(true);
    json::array steps;
    for (const auto& step : graph().steps()) steps.push_back(step.manifest);
    document["steps"] = std::move(steps);
    return document;
  }

 private:
  // Member by member, so that what a younger header adds at the end stays null.
  static constexpr tenantry_plugin make_table() {
    tenantry_plugin made{};
    made.magic = TENANTRY_MAGIC;
    made.size = sizeof made;
    made.abi_major = TENANTRY_ABI_MAJOR;
    made.abi_minor = TENANTRY_ABI_TARGET;
    made.built_with = {kBuiltWith.data(), kBuiltWith.size()};
    made.manifest = &Plugin::manifest;
    made.open = &Plugin::open;
    made.close = &Plugin::close;
    made.invoke = &Plugin::invoke;
    made.health = health_function();
    return made;
  }

  static constexpr std::string_view kBuiltWith = "tenantry SDK 1.0, " __VERSION__;

  static E* engine(tenantry_engine* opaque) { return reinterpret_cast<E*>(opaque); }

  // A graph that is wrong in a way no compiler sees (an id used twice) gives a manifest no host accepts, with the
  // reason.
  static void manifest(tenantry_sink sink, void* to) {
    try {
      const std::string bytes = json::serialize(manifest_document());
      sink(to, text(bytes));
    } catch (const std::exception& error) {
      report(sink, to, error.what());
    } catch (...) {
      report(sink, to, "define() threw something that is no std::exception");
    }
  }

  static void report(tenantry_sink sink, void* to, std::string_view reason) {
    try {
      const std::string bytes = json::serialize(json::object{{"error", reason}});
      sink(to, text(bytes));
    } catch (...) {  // out of memory: an empty manifest is refused as well
    }
  }

  static tenantry_engine* open(tenantry_text settings, tenantry_sink error, void* to) {
    try {
      static_cast<void>(graph());
      return reinterpret_cast<tenantry_engine*>(make(view(settings)).release());
    } catch (const std::exception& failure) {
      error(to, text(std::string_view(failure.what())));
    } catch (...) {
      error(to, text("the engine's constructor threw something that is no std::exception"));
    }
    return nullptr;
  }

  static std::unique_ptr<E> make(std::string_view bytes) {
    const json::value settings = bytes.empty() ? json::value(json::object()) : Inputs::parse(bytes, "/settings");
    if (!settings.is_object()) throw BadInput("/settings", "expected an object");
    if constexpr (takes_settings<E>())
      return std::make_unique<E>(decode<typename E::Settings>(settings, "/settings"));
    else if constexpr (takes_json<E>)
      return std::make_unique<E>(settings.get_object());
    else
      return std::make_unique<E>();
  }

  static void close(tenantry_engine* opaque) {
    try {
      delete engine(opaque);
    } catch (...) {  // a destructor that throws has nobody left to tell
    }
  }

  static tenantry_outcome invoke(tenantry_engine* opaque, const tenantry_call* call) {
    Answer answer;
    try {
      try {
        answer = perform(*engine(opaque), *call);
      } catch (...) {
        answer = answer_to_exception();
      }
      tell(*call, answer);
      return answer.outcome;
    } catch (...) {  // not even the answer could be written down
      return answer.outcome == TENANTRY_FAILED ? TENANTRY_FAILED : TENANTRY_RETRY;
    }
  }

  static Answer perform(E& self, const tenantry_call& call) {
    Context context(call);
    if (call.op == TENANTRY_OP_VALIDATE) return validate(self, context, call);
    const StepEntry<E>* step = graph().find(view(call.step));
    if (!step) return {TENANTRY_UNSUPPORTED, std::nullopt, std::nullopt};
    const auto* operation = call.op == TENANTRY_OP_RUN      ? &step->run
                            : call.op == TENANTRY_OP_UNDO   ? &step->undo
                            : call.op == TENANTRY_OP_VERIFY ? &step->verify
                            : call.op == TENANTRY_OP_PLAN   ? &step->plan
                                                            : nullptr;
    if (!operation || !*operation) return {TENANTRY_UNSUPPORTED, std::nullopt, std::nullopt};
    return (*operation)(self, context, Inputs(call));
  }

  static Answer validate(E& self, Context& context, const tenantry_call& call) {
    try {
      [[maybe_unused]] const auto request = decode<typename E::Request>(Inputs::parse(view(call.input), ""));
      context.throw_if_cancelled();
      if constexpr (has_validate<E>)
        return {TENANTRY_DONE, problems_document(self.validate(context, request)), std::nullopt};
      else
        return {TENANTRY_DONE, problems_document({}), std::nullopt};
    } catch (const BadInput& error) {
      return {TENANTRY_DONE, problems_document(error.problems()), std::nullopt};
    }
  }

  using HealthFunction = void (*)(tenantry_engine*, tenantry_sink, void*);
  static constexpr HealthFunction health_function() {
    if constexpr (has_health<E>)
      return &Plugin::health;
    else
      return nullptr;
  }
  static void health(tenantry_engine* opaque, tenantry_sink sink, void* to) {
    json::object document;
    try {
      const Health health = engine(opaque)->health();
      document = health.detail;
      document["healthy"] = health.healthy;
      if (!health.message.empty()) document["message"] = valid_utf8(health.message);
    } catch (const std::exception& error) {
      document = {{"healthy", false}, {"message", valid_utf8(error.what())}};
    } catch (...) {
      document = {{"healthy", false}, {"message", "health() threw something that is no std::exception"}};
    }
    const std::string bytes = json::serialize(document);
    sink(to, text(bytes));
  }
};

template <class E>
constexpr bool check_engine() {
  static_assert(
      has_identity<E>,
      "tenantry: an engine has `static constexpr tenantry::Identity identity{\"id\", \"1.0.0\", \"Title\"};`");
  static_assert(has_request<E>,
                "tenantry: an engine has `using Request = ...;`, a struct described with BOOST_DESCRIBE_STRUCT");
  static_assert(takes_nothing<E> || takes_json<E> || takes_settings<E>(),
                "tenantry: an engine is made from nothing, from const tenantry::json::object&, or from its described "
                "struct Settings");
  return is_engine_class<E>;
}

// The engine's table; its own function so that a class that is no engine gives one complaint and not fifty.
template <class E>
const tenantry_plugin* plugin_table() {
  if constexpr (check_engine<E>()) {
    static_assert(has_define<E>, "tenantry: an engine has `static void define(tenantry::Graph<E>& graph)`");
    if constexpr (has_define<E>) return Plugin<E>::table();
  }
  return nullptr;
}

}  // namespace detail
}  // namespace tenantry

// Once, in one source file of the plugin, at the outermost level: TENANTRY_ENGINE(MyEngine)
#define TENANTRY_ENGINE(E)                                                     \
  extern "C" TENANTRY_EXPORT const tenantry_plugin* tenantry_plugin_v1(void) { \
    return ::tenantry::detail::plugin_table<E>();                              \
  }
