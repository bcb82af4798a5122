#include "engine/loader.hpp"

#include <utility>

#include "engine/in_process.hpp"
#include "engine/library.hpp"

namespace tenantry::engine {

namespace fs = std::filesystem;

Loader in_process_loader(SettingsOf settings, std::vector<std::string> allow, std::size_t threads) {
  return [settings = std::move(settings), allow = std::move(allow),
          threads](const fs::path& path) -> base::Result<Loaded> {
    const auto library = Library::load(path, allow);
    if (!library) return library.error();
    const auto& manifest = library->contract()->manifest();
    const auto open = library->open(settings(manifest->engine));
    if (!open) return open.error();
    return Loaded{library->sha256(), library->built_with(), library->contract(),
                  std::make_shared<InProcess>(*open, manifest, threads)};
  };
}

}  // namespace tenantry::engine
