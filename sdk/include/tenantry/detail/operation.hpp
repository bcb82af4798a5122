// One operation of one step, between the bytes of the contract and the types of the engine.
#pragma once
#include <functional>
#include <tenantry/context.hpp>

namespace tenantry::detail {

// The decoded parts of one call.
struct Inputs {
  json::object document;              // tenantry_call.input
  std::optional<json::value> output;  // tenantry_call.output
  bool was_skipped = false;           // RUN answered, but had nothing to give

  explicit Inputs(const tenantry_call& call) : document(parse_input(view(call.input))) {
    const std::string_view bytes = view(call.output);
    if (bytes.empty()) return;
    output = parse(bytes, "/output");
    was_skipped = output->is_null();
    if (was_skipped) output.reset();
  }

  static json::value parse(std::string_view bytes, const char* path) {
    boost::system::error_code failure;
    json::value value = json::parse({bytes.data(), bytes.size()}, failure);
    if (failure) throw BadInput(path, "expected JSON, found: " + failure.message());
    return value;
  }

 private:
  static json::object parse_input(std::string_view bytes) {
    json::value value = parse(bytes, "");
    if (!value.is_object()) throw BadInput("", "expected an object");
    return std::move(value.as_object());
  }
};

inline bool is_unknown(const json::value& value) {
  return value.is_object() && value.get_object().contains("$unknown");
}

template <class P>
P decode_input(const Inputs& inputs, const std::string& name, bool may_be_unknown) {
  const json::value* value = inputs.document.if_contains(name);
  if constexpr (is_optional<P>) {
    if (!value || value->is_null() || (may_be_unknown && is_unknown(*value))) return std::nullopt;
  }
  if (!value) throw BadInput("/" + name, "is missing");
  return decode<P>(*value, "/" + name);
}

// How one operation of one step ended, ready to be told to the host.
struct Answer {
  tenantry_outcome outcome = 0;
  std::optional<json::value> output;
  std::optional<Ending> ending;
};

template <class T>
Answer answer(const Result<T>& result) {
  const tenantry_outcome outcome = result.outcome();
  if (result.has_value()) return {outcome, encode(result.value()), std::nullopt};
  if (outcome == TENANTRY_SKIPPED)
    return {outcome, std::nullopt, Ending(outcome, "engine.skipped", result.skip_reason())};
  return {outcome, std::nullopt, result.ending()};
}

inline json::value drift_document(const std::vector<Drift>& drift) {
  json::array list;
  for (const Drift& one : drift) list.push_back({{"what", one.what}, {"expected", one.expected}, {"found", one.found}});
  return json::object{{"drift", std::move(list)}};
}

inline Answer answer(const Verdict& verdict) {
  if (verdict.ending()) return {verdict.ending()->outcome(), std::nullopt, verdict.ending()};
  if (!verdict.drift().empty()) return {TENANTRY_DRIFTED, drift_document(verdict.drift()), std::nullopt};
  return {TENANTRY_DONE, verdict.output(), std::nullopt};
}

inline Answer answer(const Result<Plan>& result) {
  if (!result.has_value()) return {result.outcome(), std::nullopt, result.ending()};
  json::array list;
  for (const Action& one : result.value().actions)
    list.push_back({{"verb", one.verb}, {"what", one.what}, {"detail", one.detail}});
  return {TENANTRY_DONE, json::object{{"actions", std::move(list)}}, std::nullopt};
}

template <class E>
struct StepEntry {
  using Operation = std::function<Answer(E&, Context&, const Inputs&)>;

  std::size_t index = 0;
  std::string id;
  std::vector<std::string> inputs;  // their names, in the order of the parameters
  json::object manifest;
  Operation run, undo, verify, plan;

  void set(std::string_view name, json::value value) { manifest[name] = std::move(value); }
  void add_operation(const char* name) { manifest["operations"].as_array().emplace_back(name); }
};

// Of the exception that is being handled. Its text is for a person; the host masks secrets.
inline Answer answer_to_exception() {
  try {
    throw;
  } catch (const Cancelled&) {
    const Ending ending = cancelled();
    return {ending.outcome(), std::nullopt, ending};
  } catch (const BadInput& error) {
    json::array list;
    for (const Problem& problem : error.problems())
      list.push_back({{"path", problem.path}, {"message", problem.message}});
    return {TENANTRY_FAILED, std::nullopt,
            failed("engine.bad_input", error.what()).detail("problems", std::move(list))};
  } catch (const MissingSecret& error) {
    return {TENANTRY_FAILED, std::nullopt,
            failed("engine.missing_secret", error.what()).detail("secret", error.name())};
  } catch (const std::logic_error& error) {
    return {TENANTRY_FAILED, std::nullopt, failed("engine.logic_error", error.what())};
  } catch (const std::exception& error) {
    return {TENANTRY_RETRY, std::nullopt, retry("engine.exception", error.what())};
  } catch (...) {
    return {TENANTRY_RETRY, std::nullopt, retry("engine.exception", "something was thrown that is no std::exception")};
  }
}

inline void tell(const tenantry_call& call, const Answer& answer) {
  if (answer.output) {
    const std::string bytes = json::serialize(*answer.output);
    call.host->set_output(call.ctx, text(bytes));
  }
  if (answer.ending) {
    const std::string details = answer.ending->detail().empty() ? "" : json::serialize(answer.ending->detail());
    const std::string message = valid_utf8(answer.ending->message());
    call.host->set_error(call.ctx, text(answer.ending->code()), text(message), text(details));
    if (const auto after = answer.ending->retry_after())
      call.host->set_retry_after(call.ctx, static_cast<std::uint64_t>(std::max<Milliseconds::rep>(after->count(), 0)));
  }
}

inline json::value problems_document(const Problems& problems) {
  json::array list;
  for (const Problem& problem : problems) list.push_back({{"path", problem.path}, {"message", problem.message}});
  return json::object{{"problems", std::move(list)}};
}

}  // namespace tenantry::detail
