// The ERP servers of the operator's configuration: where tenants can be placed.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/json.hpp"

namespace tenantry::service {

struct ErpServer {
  base::ServerId id;
  base::EngineId engine;
  std::string url;
  base::json::object settings;                 // public; engines read them behind /server/settings
  std::map<std::string, std::string> secrets;  // by name: a reference (env:NAME, file:/path), never a value
  int concurrency = 8;
};

class Servers {
 public:
  // `settings`: of engines, by their ids.
  explicit Servers(std::vector<ErpServer> servers, base::json::object settings = {})
      : servers_(std::move(servers)), settings_(std::move(settings)) {}

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
  // What the operator set for an engine itself; {} if nothing.
  [[nodiscard]] base::json::object engine_settings(const base::EngineId& engine) const {
    const auto* found = settings_.if_contains(engine.value);
    return found != nullptr && found->is_object() ? found->get_object() : base::json::object();
  }

 private:
  std::vector<ErpServer> servers_;
  base::json::object settings_;
};

}  // namespace tenantry::service
