#include "model/slice.hpp"

#include <string_view>

#include "base/json.hpp"

namespace tenantry::model {
namespace {

namespace json = boost::json;

struct Place {
  std::string_view document;  // JSON text; empty: absent
  std::string_view rest;      // pointer within it
};

// "/steps/<id>/output/x" -> the output of that step and "/x"; "/tenant/name" -> the tenant document and "/name".
Place find(const Run& run, std::string_view from) {
  const auto after = [&](std::string_view prefix) { return from.substr(prefix.size()); };
  const auto under = [&](std::string_view prefix) {
    return from.substr(0, prefix.size()) == prefix && (from.size() == prefix.size() || from[prefix.size()] == '/');
  };
  if (under("/request")) return {run.spec->request, after("/request")};
  if (under("/tenant")) return {run.spec->tenant_document, after("/tenant")};
  if (under("/server")) return {run.spec->server_document, after("/server")};
  static constexpr std::string_view kSteps = "/steps/";
  if (from.substr(0, kSteps.size()) != kSteps) return {};
  const auto path = after(kSteps);
  const auto slash = path.find('/');
  const auto index = run.manifest().find(path.substr(0, slash));
  if (!index || slash == std::string_view::npos || !run.steps[*index].output) return {};
  static constexpr std::string_view kOutput = "/output";
  const auto rest = path.substr(slash);
  if (rest.substr(0, kOutput.size()) != kOutput) return {};
  return {*run.steps[*index].output, rest.substr(kOutput.size())};
}

}  // namespace

base::Result<std::string> slice(const Run& run, std::size_t step, bool foreseen) {
  json::object input;
  for (const auto& source : run.manifest().steps[step].input) {
    const auto place = find(run, source.from);
    json::value value;
    if (foreseen && place.document.empty() && source.from.rfind("/steps/", 0) == 0) {
      input[source.name] = json::object{{"$unknown", true}};
      continue;
    }
    if (!place.document.empty()) {
      auto parsed = base::parse_json(place.document, 2U << 20U);
      if (parsed.has_error())
        return base::internal("host.bad_document", "What is stored for " + source.from + " is not JSON.");
      if (const auto* found = base::find_pointer(*parsed, place.rest)) value = *found;
    }
    if (auto* object = value.if_object(); object != nullptr && !source.members.empty()) {
      json::object cut;
      for (const auto& member : source.members)
        if (const auto* found = object->if_contains(member)) cut[member] = *found;
      value = std::move(cut);
    }
    input[source.name] = std::move(value);
  }
  return json::serialize(input);
}

}  // namespace tenantry::model
