// The steps of an engine and what each reads. A step is a member function
//   Result<Out> f(Context&, const In1&, const In2&, ...)
// and g.step("id", &Engine::f, handle1, handle2) names, in order, where each parameter comes from: g.request(),
// g.tenant(), g.server(), or an earlier step. A graph that compiles therefore has no cycle, no missing input, and the
// right type on every edge.
#pragma once
#include <deque>
#include <initializer_list>
#include <tenantry/detail/edges.hpp>
#include <tenantry/detail/operation.hpp>
#include <tuple>

namespace tenantry {

template <class E>
class Graph;

// A step of the graph, and the handle through which later steps read its output. Out is what they read: an optional if
// the step may be skipped. Options are given in the expression that creates the step:
//   const auto site = g.step("create_site", &Erp::create_site, request).timeout(20min).undo(&Erp::drop_site);
template <class E, class Out, class... Sources>
class Step {
 public:
  using Value = Out;
  static constexpr bool is_step = true;

  // Words for a person.
  Step title(std::string_view words) && { return set("title", json::string(words)); }
  // The secrets the step may ask for.
  Step secrets(std::initializer_list<std::string_view> names) && {
    json::array list;
    for (const auto name : names) list.emplace_back(name);
    return set("secrets", std::move(list));
  }
  // How often the host tries, the first pause between two tries, and the longest; pauses double and are jittered.
  Step attempts(std::uint32_t most, Milliseconds first_pause = 1s, Milliseconds longest_pause = 5min) && {
    return set("retry",
               json::object{
                   {"attempts", most}, {"backoff_ms", first_pause.count()}, {"max_backoff_ms", longest_pause.count()}});
  }
  // One attempt may take this long.
  Step timeout(Milliseconds time) && { return set("timeout_ms", time.count()); }
  // A running attempt that says nothing for this long counts as lost.
  Step heartbeat(Milliseconds time) && { return set("heartbeat_ms", time.count()); }
  // How long the step may answer wait() in sum.
  Step wait_limit(Milliseconds time) && { return set("wait_limit_ms", time.count()); }
  // At most one running step with this name at a time, everywhere, or per tenant.
  Step exclusive(std::string_view name, bool per_tenant = false) && {
    if (per_tenant) entry_->set("per_tenant", true);
    return set("exclusive", json::string(name));
  }
  // False: if this step fails, steps that do not depend on it go on, and the run ends as partial.
  Step critical(bool yes) && { return set("critical", yes); }
  // Safe to run again under the same idempotency key when nobody knows how an attempt ended.
  Step repeatable() && { return set("repeatable", true); }
  // How long it usually takes: its weight in the run's progress.
  Step expected(Milliseconds time) && { return set("expected_ms", time.count()); }

  // Says in so many words that the step may answer skipped(); its function returns Result<std::optional<T>>.
  Step skippable() && {
    static_assert(detail::is_optional<Out>,
                  "tenantry: a skippable step returns Result<std::optional<T>>, so that readers are ready for nothing");
    return set("skippable", true);
  }

  // A person may skip it, and its failure does not fail the run; so whoever reads its output has to take a
  // std::optional.
  auto optional() && {
    entry_->set("optional", true);
    return Step<E, std::optional<detail::without_optional<Out>>, Sources...>(entry_);
  }

  // Starts only after these steps, without reading anything of them.
  template <class... Handles>
  Step after(const Handles&... handles) && {
    static_assert((Handles::is_step && ...), "tenantry: after() takes handles of earlier steps");
    (order_after(handles.entry()), ...);
    return *this;
  }
  template <class... Handles>
  void after(const Handles&...) const& {
    static_assert(detail::always_false<Handles...>,
                  "tenantry: the edges of a step are given where it is created; added later they could make a cycle");
  }

  // Result<Nothing> f(Context&, inputs of the step..., const std::optional<Output>&)
  template <class F>
  Step undo(F function) && {
    using Given = std::optional<detail::without_optional<Out>>;
    if constexpr (check_operation<F, Given, Result<Nothing>>(kUndo)) {
      entry_->undo = [function, names = entry_->inputs](E& engine, Context& context, const detail::Inputs& in) {
        std::optional<detail::without_optional<Out>> output;
        if (in.output) output = decode<detail::without_optional<Out>>(*in.output, "/output");
        return detail::answer(call(function, engine, context, in, names, output, false));
      };
      entry_->add_operation("undo");
    }
    return *this;
  }

  // Verdict f(Context&, inputs of the step..., const Output&). Without an output, because the attempt never answered, a
  // function that takes a const std::optional<Output>& is asked all the same; any other is answered for: drifted.
  template <class F>
  Step verify(F function) && {
    using Plain = detail::without_optional<Out>;
    if constexpr (takes_last<F, std::optional<Plain>>()) {
      if constexpr (check_operation<F, std::optional<Plain>, Verdict>(kVerify)) {
        entry_->verify = [function, names = entry_->inputs](E& engine, Context& context, const detail::Inputs& in) {
          if (in.was_skipped) return detail::answer(in_sync());
          std::optional<Plain> output;
          if (in.output) output = decode<Plain>(*in.output, "/output");
          return detail::answer(call(function, engine, context, in, names, output, false));
        };
        entry_->add_operation("verify");
      }
    } else if constexpr (check_operation<F, Plain, Verdict>(kVerify)) {
      entry_->verify = [function, names = entry_->inputs](E& engine, Context& context, const detail::Inputs& in) {
        if (in.was_skipped) return detail::answer(in_sync());
        if (!in.output) return detail::answer(drifted("output", "an answer of the step", "none"));
        const auto output = decode<Plain>(*in.output, "/output");
        return detail::answer(call(function, engine, context, in, names, output, false));
      };
      entry_->add_operation("verify");
    }
    return *this;
  }

  // Result<Plan> f(Context&, inputs of the step...), with a std::optional for every output of an earlier step: what
  // does not exist yet is not there.
  template <class F>
  Step plan(F function) && {
    if constexpr (check_plan<F>()) {
      entry_->plan = [function, names = entry_->inputs](E& engine, Context& context, const detail::Inputs& in) {
        return detail::answer(call(function, engine, context, in, names, std::tuple<>(), true));
      };
      entry_->add_operation("plan");
    }
    return *this;
  }

  detail::StepEntry<E>& entry() const { return *entry_; }

 private:
  friend class Graph<E>;
  template <class, class, class...>
  friend class Step;

  enum Kind { kUndo, kVerify };
  using Entry = detail::StepEntry<E>;

  explicit Step(Entry* entry) : entry_(entry) {}

  Step set(std::string_view name, json::value value) {
    entry_->set(name, std::move(value));
    return *this;
  }

  void order_after(const Entry& earlier) {
    if (earlier.index >= entry_->index)
      throw std::logic_error("step " + entry_->id + " cannot come after " + earlier.id);
    json::value& list = entry_->manifest["after"];
    if (list.is_null()) list.emplace_array();
    list.as_array().emplace_back(earlier.id);
  }

  // Decodes the step's parameters and calls one of its functions with them. `last` is the output, or an empty tuple.
  template <class F, class Last>
  static auto call(F function, E& engine, Context& context, const detail::Inputs& in,
                   const std::vector<std::string>& names, const Last& last, bool planning) {
    constexpr std::size_t kFromInput = sizeof...(Sources);
    using Parameters =
        boost::mp11::mp_take_c<boost::mp11::mp_rest<typename detail::StepFunction<F>::Parameters>, kFromInput>;
    return call_with(Parameters(), std::make_index_sequence<kFromInput>(), function, engine, context, in, names, last,
                     planning);
  }

  template <class... Ps, std::size_t... I, class F, class Last>
  static auto call_with(boost::mp11::mp_list<Ps...>, std::index_sequence<I...>, F function, E& engine, Context& context,
                        [[maybe_unused]] const detail::Inputs& in,
                        [[maybe_unused]] const std::vector<std::string>& names, [[maybe_unused]] const Last& last,
                        [[maybe_unused]] bool planning) {
    // Braces fix the order of evaluation, so the first wrong input is the first one complained about.
    const std::tuple<std::decay_t<Ps>...> values{detail::decode_input<std::decay_t<Ps>>(in, names[I], planning)...};
    context.throw_if_cancelled();
    if constexpr (std::is_same_v<Last, std::tuple<>>)
      return (engine.*function)(context, std::get<I>(values)...);
    else
      return (engine.*function)(context, std::get<I>(values)..., last);
  }

  template <class F, class Wanted>
  static constexpr bool takes_last() {
    using Function = detail::StepFunction<F>;
    if constexpr (Function::is_member) {
      using Parameters = typename Function::Parameters;
      if constexpr (boost::mp11::mp_size<Parameters>::value >= 2)
        return std::is_same_v<std::decay_t<boost::mp11::mp_back<Parameters>>, Wanted>;
      else
        return false;
    } else {
      return false;
    }
  }

  template <class F, class Last, class Return>
  static constexpr bool check_operation(Kind) {
    using Function = detail::StepFunction<F>;
    static_assert(Function::is_member, "tenantry: undo() and verify() take a member function of the engine");
    if constexpr (!std::is_same_v<Out, detail::Anything> && Function::is_member) {
      using Parameters = typename Function::Parameters;
      static_assert(std::is_same_v<typename Function::Return, Return>,
                    "tenantry: an undo function returns Result<Nothing>, a verify function returns Verdict");
      static_assert(
          boost::mp11::mp_size<Parameters>::value == sizeof...(Sources) + 2 && takes_last<F, Last>(),
          "tenantry: an undo function takes (Context&, the inputs of the step..., const std::optional<Output>&), "
          "a verify function (Context&, the inputs of the step..., const Output&)");
      return std::is_same_v<typename Function::Return, Return> &&
             boost::mp11::mp_size<Parameters>::value == sizeof...(Sources) + 2 && takes_last<F, Last>() &&
             detail::check_edges<boost::mp11::mp_rest<Parameters>, Sources...>();
    } else {
      return false;
    }
  }

  template <class F>
  static constexpr bool check_plan() {
    using Function = detail::StepFunction<F>;
    static_assert(Function::is_member, "tenantry: plan() takes a member function of the engine");
    if constexpr (!std::is_same_v<Out, detail::Anything> && Function::is_member) {
      using Parameters = typename Function::Parameters;
      constexpr bool kReturns = std::is_same_v<typename Function::Return, Result<Plan>>;
      constexpr bool kCounts = boost::mp11::mp_size<Parameters>::value == sizeof...(Sources) + 1;
      static_assert(kReturns, "tenantry: a plan function returns Result<Plan>");
      static_assert(kCounts, "tenantry: a plan function takes (Context&, the inputs of the step...)");
      if constexpr (kReturns && kCounts)
        return detail::check_plan_edges<boost::mp11::mp_rest<Parameters>, Sources...>();
      else
        return false;
    } else {
      return false;
    }
  }

  Entry* entry_;
};

// Filled once by the engine's static define(Graph<E>&); constant afterwards.
template <class E>
class Graph {
 public:
  Graph() = default;
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  // The run's parameters: a parameter of type E::Request, or a struct with some of its members; a step never sees what
  // it did not ask for.
  auto request() const { return detail::RequestSource<typename E::Request>(); }
  // The tenant: a described struct with any of id, name, country_code, admin_name, admin_email (texts) and labels.
  auto tenant() const { return detail::TenantSource(); }
  // The ERP server the tenant was placed on: a described struct with any of id, url (texts) and settings (a described
  // struct, or json::object).
  auto server() const { return detail::ServerSource(); }

  // Adds a step; `sources` says in order where each parameter after the Context comes from.
  template <class F, class... Sources>
  auto step(std::string_view id, F function, const Sources&... sources) {
    if constexpr (detail::check_step<E, F, Sources...>()) {
      using Output = typename detail::StepFunction<F>::Return::value_type;
      auto& entry = steps_.emplace_back();
      entry.index = steps_.size() - 1;
      entry.id = check_id(id);
      entry.manifest = json::object{{"id", id}};
      json::object input;
      name_inputs(entry, input, typename detail::StepFunction<F>::Parameters(), sources...);
      entry.set("input", std::move(input));
      entry.set("output", schema<Output>());
      entry.set("operations", json::array{"run"});
      if constexpr (detail::is_optional<Output>) entry.set("skippable", true);
      using Made = tenantry::Step<E, Output, Sources...>;
      entry.run = [function, names = entry.inputs](E& engine, Context& context, const detail::Inputs& in) {
        return detail::answer(Made::call(function, engine, context, in, names, std::tuple<>(), false));
      };
      return Made(&entry);
    } else {
      return tenantry::Step<E, detail::Anything>(nullptr);
    }
  }

  const std::deque<detail::StepEntry<E>>& steps() const { return steps_; }
  const detail::StepEntry<E>* find(std::string_view id) const {
    for (const auto& step : steps_)
      if (step.id == id) return &step;
    return nullptr;
  }

 private:
  std::string check_id(std::string_view id) const {
    const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
    bool good = !id.empty() && id.size() <= 64 && is_lower(id[0]);
    for (const char c : id) good = good && (is_lower(c) || (c >= '0' && c <= '9') || c == '_');
    if (!good) throw std::logic_error("\"" + std::string(id) + "\" is no step id: [a-z][a-z0-9_]{0,63}");
    if (find(id)) throw std::logic_error("two steps are called \"" + std::string(id) + "\"");
    return std::string(id);
  }

  template <class First, class... Ps, class... Sources>
  static void name_inputs(detail::StepEntry<E>& entry, json::object& input, boost::mp11::mp_list<First, Ps...>,
                          const Sources&... sources) {
    (name_input<detail::without_optional<std::decay_t<Ps>>>(entry, input, sources), ...);
  }

  template <class P, class S>
  static void name_input(detail::StepEntry<E>& entry, json::object& input, const S& source) {
    std::string name;
    json::object where;
    bool select = detail::is_described<P>;
    if constexpr (std::is_same_v<S, detail::TenantSource>) {
      name = "tenant";
      where["from"] = "/tenant";
    } else if constexpr (std::is_same_v<S, detail::ServerSource>) {
      name = "server";
      where["from"] = "/server";
    } else if constexpr (S::is_step) {
      name = source.entry().id;
      where["from"] = "/steps/" + name + "/output";
      select = !std::is_same_v<P, detail::without_optional<typename S::Value>>;
    } else {
      name = "request";
      where["from"] = "/request";
    }
    if constexpr (detail::is_described<P>) {
      if (select) where["members"] = detail::member_names<P>();
    }
    if (input.contains(name)) throw std::logic_error("step " + entry.id + " reads " + name + " twice");
    input[name] = std::move(where);
    entry.inputs.push_back(name);
  }

  std::deque<detail::StepEntry<E>> steps_;
};

}  // namespace tenantry
