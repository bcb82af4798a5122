#include "loading.hpp"

#include "base/log.hpp"
#include "child/child_process.hpp"

namespace tenantry {
namespace {

namespace fs = std::filesystem;
namespace json = base::json;

constexpr std::size_t kCallsBeside = 8;  // VALIDATE calls find a thread even when every step slot is taken

// The loader, with the operator's policies laid over the manifest of what it loads.
engine::Loader under_policies(engine::Loader load, pace::Policies policies) {
  if (policies.empty()) return load;
  return [load = std::move(load), policies = std::move(policies)](const fs::path& path) {
    auto loaded = load(path);
    if (loaded.has_error()) return loaded;
    const auto& manifest = loaded->contract->manifest();
    for (const auto& step : pace::strangers(*manifest, policies))
      base::log::warn("policy of a step that is not there",
                      {{"pointer", "/engines/steps/" + manifest->engine.value + '/' + step},
                       {"engine", manifest->engine.value},
                       {"version", manifest->version}});
    if (auto changed = pace::with_policies(manifest, policies); changed != manifest)
      loaded->contract = std::make_shared<const engine::Contract>(std::move(changed));
    return loaded;
  };
}

engine::Loader loader(const Config& config) {
  auto settings = [all = config.engine_settings](const base::EngineId& engine) -> json::value {
    const auto* found = all.if_contains(engine.value);
    return found != nullptr ? *found : json::value(json::object());
  };
  const auto threads = static_cast<std::size_t>(config.calls_per_engine) + kCallsBeside;
  if (config.engines_in_process) return engine::in_process_loader(std::move(settings), config.allowed_digests, threads);
  child::Options options;
  options.threads = threads;
  options.limits = config.engine_limits;
  return child::loader(std::move(settings), config.allowed_digests, std::move(options));
}

}  // namespace

engine::Loader engine_loader(const Config& config) { return under_policies(loader(config), config.step_policies); }

fs::path key_file(const Config& config) {
  return config.key_file.empty() ? config.data_dir / "secret.key" : config.key_file;
}

}  // namespace tenantry
