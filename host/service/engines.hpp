// The engines that are loaded, as this room and its clients see them.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "base/json.hpp"
#include "catalog/catalog.hpp"
#include "service/servers.hpp"

namespace tenantry::service {

// An engine that serves new runs.
struct LoadedEngine {
  std::shared_ptr<const engine::Contract> contract;
  std::shared_ptr<engine::Runtime> runtime;

  [[nodiscard]] const model::Manifest& manifest() const { return *contract->manifest(); }
};

// How this room sees the catalog; thread-safe.
struct Engines {
  // What serves new runs: of this version, or the newest if that is empty.
  std::function<std::optional<LoadedEngine>(const base::EngineId&, std::string_view version)> find;
  // Can runs that are pinned to this manifest go on?
  std::function<bool(const model::Manifest&)> is_loaded;
  std::function<catalog::Snapshot()> snapshot;
};

[[nodiscard]] Engines engines_of(const catalog::Catalog& catalog);

// For GET /api/engines: one object per generation (schemas/engine.schema.json).
[[nodiscard]] base::json::array describe_engines(const catalog::Snapshot& snapshot);
[[nodiscard]] base::json::array describe_refused(const catalog::Snapshot& snapshot);

// Everything about one engine: its generations, the manifest of the one that serves new runs with graph and schemas,
// and the ERP servers it works on. nullopt: no generation of that name.
[[nodiscard]] std::optional<base::json::object> describe_engine(const catalog::Snapshot& snapshot,
                                                                const base::EngineId& engine, const Servers& servers);

// What an engine finds wrong with the settings of a server, which are laid over those of the engine; pointers begin at
// the settings. Empty: nothing.
[[nodiscard]] std::vector<base::Problem> check_server(const engine::Contract& contract, const Servers& servers,
                                                      const ErpServer& server);

}  // namespace tenantry::service
