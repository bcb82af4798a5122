// The ERP servers of the operator's configuration, and the engines that are loaded: where tenants can be placed.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "engine/runtime.hpp"
#include "model/manifest.hpp"

namespace tenantry::service {

struct ErpServer {
  base::ServerId id;
  base::EngineId engine;
  std::string url;
  base::json::object settings;                 // public; engines read them behind /server/settings
  std::map<std::string, std::string> secrets;  // by name: a reference (env:NAME, file:/path), never a value
  int concurrency = 8;
};

// An engine that serves new runs.
struct LoadedEngine {
  model::ManifestPtr manifest;
  std::shared_ptr<engine::Runtime> runtime;
};

// How this room sees the catalogue; thread-safe.
struct Engines {
  std::function<std::optional<LoadedEngine>(const base::EngineId&)> newest;
  std::function<base::json::array()> describe;          // loaded ones, for GET /api/engines
  std::function<base::json::array()> describe_refused;  // files that were not loaded, and why
};

class Servers {
 public:
  explicit Servers(std::vector<ErpServer> servers) : servers_(std::move(servers)) {}

  [[nodiscard]] const ErpServer* find(const base::ServerId& id) const {
    for (const auto& server : servers_)
      if (server.id == id) return &server;
    return nullptr;
  }
  [[nodiscard]] std::vector<const ErpServer*> of_engine(const base::EngineId& engine) const {
    std::vector<const ErpServer*> found;
    for (const auto& server : servers_)
      if (server.engine == engine) found.push_back(&server);
    return found;
  }
  [[nodiscard]] const std::vector<ErpServer>& all() const { return servers_; }

 private:
  std::vector<ErpServer> servers_;
};

}  // namespace tenantry::service
