#include "engine/contract.hpp"

#include <stdexcept>
#include <utility>

#include "engine/limits.hpp"

namespace tenantry::engine {
namespace {

namespace json = boost::json;

std::optional<schema::Schema> compile(const json::value& document) {
  if (document.is_null()) return std::nullopt;
  auto compiled = schema::Schema::compile(document);
  if (!compiled) throw std::logic_error("a manifest with a schema that does not compile: " + compiled.error().message);
  return std::move(*compiled);
}

base::Result<json::value> complete(const std::optional<schema::Schema>& schema, const json::value& document,
                                   const char* code, const char* message) {
  std::vector<base::Problem> problems;
  if (schema)
    problems = schema->check(document);
  else if (!document.is_object())
    problems.push_back({"", "expected an object"});
  if (!problems.empty()) return base::invalid(code, message, std::move(problems));
  return schema ? schema->with_defaults(document) : document;
}

}  // namespace

Contract::Contract(model::ManifestPtr manifest)
    : manifest_(std::move(manifest)),
      request_(compile(manifest_->request_schema)),
      settings_(compile(manifest_->settings_schema)) {
  for (const auto& step : manifest_->steps) outputs_.push_back(compile(step.output_schema));
}

base::Result<json::value> Contract::complete_request(const json::value& request) const {
  return complete(request_, request, "request.invalid", "The parameters are not what the engine accepts.");
}

base::Result<json::value> Contract::complete_settings(const json::value& settings) const {
  auto out = complete(settings_, settings, "settings.invalid", "The settings are not what the engine accepts.");
  if (out.has_error()) {
    auto error = out.error();
    error.next_action = "Correct the engine's settings in the configuration of the host.";
    return error;
  }
  return out;
}

std::optional<model::Failure> Contract::check_output(std::size_t step, std::string_view output) const {
  const auto bad = [&](const std::string& why, const json::object& detail) {
    return model::Failure{model::FailureClass::kInternal, "host.bad_output",
                          "The output of step " + manifest_->steps.at(step).id + " " + why + ".", "",
                          detail.empty() ? "" : json::serialize(detail)};
  };
  const auto document = base::parse_json(output, kMaxOutput);
  if (!document) return bad("is not JSON", {});
  if (!outputs_.at(step)) return std::nullopt;
  const auto problems = outputs_[step]->check(*document);
  if (problems.empty()) return std::nullopt;
  json::array list;
  for (const auto& problem : problems) list.push_back({{"pointer", problem.pointer}, {"message", problem.message}});
  const auto& first = problems.front();
  return bad("is not what its schema says: " + (first.pointer.empty() ? "" : first.pointer + ": ") + first.message,
             {{"problems", std::move(list)}});
}

}  // namespace tenantry::engine
