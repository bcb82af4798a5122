#include "service/engines.hpp"

#include <algorithm>

#include "catalog/versions.hpp"

namespace tenantry::service {
namespace {

namespace json = base::json;
using catalog::Generation;
using catalog::GenerationPtr;
using catalog::GenerationState;

json::array operations(const model::StepSpec& step) {
  json::array out{"run"};
  if (step.has_undo) out.emplace_back("undo");
  if (step.has_verify) out.emplace_back("verify");
  if (step.has_plan) out.emplace_back("plan");
  return out;
}

json::object describe_step(const model::Manifest& manifest, const model::StepSpec& step) {
  json::array after;
  for (const auto before : step.after) after.emplace_back(manifest.steps[before].id);
  return {{"id", step.id},
          {"title", step.title},
          {"after", std::move(after)},
          {"critical", step.critical},
          {"optional", step.optional},
          {"expected_ms", step.expected.count()},
          {"timeout_ms", step.timeout.count()},
          {"attempts", step.retry.attempts},
          {"exclusive", step.exclusive ? json::value(step.exclusive->name) : json::value()},
          {"operations", operations(step)}};
}

json::array describe_steps(const model::Manifest& manifest) {
  json::array out;
  for (const auto& step : manifest.steps) out.push_back(describe_step(manifest, step));
  return out;
}

json::object describe_state(const engine::RuntimeState& state) {
  using Isolation = engine::RuntimeState::Isolation;
  return {{"isolation", state.isolation == Isolation::kProcess ? "process" : "in_process"},
          {"serving", state.serving},
          {"pid", state.pid > 0 ? json::value(state.pid) : json::value()},
          {"restarts", state.restarts},
          {"last_end", state.last_end.empty() ? json::value() : json::value(state.last_end)}};
}

json::object describe_generation(const Generation& generation) {
  const auto& manifest = generation.manifest();
  return {{"engine", manifest.engine.value},
          {"version", manifest.version},
          {"title", manifest.title},
          {"state", generation.state == GenerationState::kActive ? "active" : "draining"},
          {"generation", generation.number},
          {"file", generation.file()},
          {"file_digest", generation.loaded.file_digest},
          {"digest", manifest.digest},
          {"built_with", generation.loaded.built_with},
          {"runtime", describe_state(generation.loaded.runtime->state())}};
}

// An edge is "data" if the later step reads what the earlier one gave, else "order".
json::object graph(const model::Manifest& manifest) {
  json::array edges;
  for (const auto& step : manifest.steps)
    for (const auto before : step.after) {
      const auto source = "/steps/" + manifest.steps[before].id + "/";
      const bool reads = std::any_of(step.input.begin(), step.input.end(),
                                     [&](const auto& input) { return (input.from + '/').starts_with(source); });
      edges.push_back(
          json::object{{"from", manifest.steps[before].id}, {"to", step.id}, {"kind", reads ? "data" : "order"}});
    }
  return {{"nodes", describe_steps(manifest)}, {"edges", std::move(edges)}};
}

json::array describe_problems(const std::vector<base::Problem>& problems) {
  json::array out;
  for (const auto& problem : problems)
    out.push_back(json::object{{"pointer", problem.pointer}, {"message", problem.message}});
  return out;
}

json::array describe_servers(const engine::Contract& contract, const Servers& servers) {
  json::array out;
  for (const auto* server : servers.of_engine(contract.manifest()->engine)) {
    json::array secrets;
    for (const auto& [name, reference] : server->secrets) secrets.emplace_back(name);
    out.push_back(json::object{{"id", server->id.value},
                               {"url", server->url},
                               {"concurrency", server->concurrency},
                               {"settings", server->settings},
                               {"secrets", std::move(secrets)},
                               {"errors", describe_problems(check_server(contract, servers, *server))}});
  }
  return out;
}

// The one that serves new runs; if none does any more, the newest.
const Generation* foremost(const catalog::Snapshot& snapshot, const base::EngineId& id) {
  const Generation* best = nullptr;
  const auto is_better = [&](const Generation& one) {
    if (best == nullptr) return true;
    if (one.state != best->state) return one.state == GenerationState::kActive;
    return catalog::compare_versions(one.manifest().version, best->manifest().version) >= 0;
  };
  for (const auto& generation : snapshot.generations)
    if (generation->manifest().engine == id && is_better(*generation)) best = generation.get();
  return best;
}

}  // namespace

Engines engines_of(const catalog::Catalog& catalog) {
  Engines port;
  port.find = [&catalog](const base::EngineId& id, std::string_view version) -> std::optional<LoadedEngine> {
    const auto found = catalog.find(id, version);
    if (found.has_error()) return std::nullopt;
    return LoadedEngine{(*found)->loaded.contract, (*found)->loaded.runtime};
  };
  port.is_loaded = [&catalog](const model::Manifest& manifest) {
    return catalog.find_pinned(manifest.engine, manifest.digest).has_value();
  };
  port.snapshot = [&catalog] { return *catalog.snapshot(); };
  return port;
}

json::array describe_engines(const catalog::Snapshot& snapshot) {
  json::array out;
  for (const auto& generation : snapshot.generations) {
    auto one = describe_generation(*generation);
    const auto& manifest = generation->manifest();
    one["request_schema"] = manifest.request_schema;
    one["settings_schema"] = manifest.settings_schema;
    one["steps"] = describe_steps(manifest);
    out.push_back(std::move(one));
  }
  return out;
}

json::array describe_refused(const catalog::Snapshot& snapshot) {
  json::array out;
  for (const auto& refused : snapshot.refused)
    out.push_back(json::object{{"file", refused.file()},
                               {"state", "refused"},
                               {"reason", refused.reason},
                               {"errors", describe_problems(refused.problems)}});
  return out;
}

std::optional<json::object> describe_engine(const catalog::Snapshot& snapshot, const base::EngineId& id,
                                            const Servers& servers) {
  const auto* newest = foremost(snapshot, id);
  if (newest == nullptr) return std::nullopt;
  json::array generations;
  for (const auto& generation : snapshot.generations)
    if (generation->manifest().engine == id) generations.push_back(describe_generation(*generation));
  const auto& manifest = newest->manifest();
  json::error_code failure;
  auto text = json::parse(manifest.text, failure);
  return json::object{{"engine", id.value},
                      {"version", manifest.version},
                      {"title", manifest.title},
                      {"digest", manifest.digest},
                      {"generations", std::move(generations)},
                      {"graph", graph(manifest)},
                      {"request_schema", manifest.request_schema},
                      {"settings_schema", manifest.settings_schema},
                      {"servers", describe_servers(*newest->loaded.contract, servers)},
                      {"manifest", failure ? json::value() : std::move(text)}};
}

std::vector<base::Problem> check_server(const engine::Contract& contract, const Servers& servers,
                                        const ErpServer& server) {
  auto settings = servers.engine_settings(server.engine);
  for (const auto& member : server.settings) settings[member.key()] = member.value();
  const auto complete = contract.complete_settings(settings);
  return complete.has_error() ? complete.error().problems : std::vector<base::Problem>();
}

}  // namespace tenantry::service
