// The engines there are: by id and version, each with the file it came from, and the files that were refused.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "engine/contract.hpp"
#include "engine/runtime.hpp"

namespace tenantry::engine {

// What loading a file gives. The runtime is open and ready.
struct Loaded {
  std::string file_digest;  // SHA-256 of the file, lower-case hex
  std::string built_with;
  std::shared_ptr<const Contract> contract;
  std::shared_ptr<Runtime> runtime;
};

// Loads one file; the Error's message is the sentence of its refusal. Called from one thread at a time.
using Loader = std::function<base::Result<Loaded>(const std::filesystem::path&)>;

enum class GenerationState : std::uint8_t {
  kActive,    // new runs may use it
  kDraining,  // only runs that began on it do
};

// One engine as it was loaded at one time. Runs that use it keep it alive.
struct Generation {
  std::uint64_t number = 0;  // 1, 2, ... in the order of loading
  GenerationState state = GenerationState::kActive;
  std::string file;  // name without directory
  Loaded loaded;

  [[nodiscard]] const model::Manifest& manifest() const { return *loaded.contract->manifest(); }
};
using GenerationPtr = std::shared_ptr<const Generation>;

struct RefusedFile {
  std::string file;
  std::string reason;  // one sentence
  std::vector<base::Problem> problems;
};

// The whole catalog at one moment.
struct Snapshot {
  std::vector<GenerationPtr> generations;  // by number
  std::vector<RefusedFile> refused;        // in the order they were met
};

// Thread-safe: readers get a snapshot that never changes.
class Catalog {
 public:
  Catalog();

  // Loads every *.so of these directories, each in the order of its names, and adds it or the reason why not. Of two
  // files with the same engine and version the second is refused. A directory that cannot be read is a refusal, too.
  void load(const std::vector<std::filesystem::path>& directories, const Loader& loader);

  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const;

  // The active generation of the highest version. Error "engine.unknown".
  [[nodiscard]] base::Result<GenerationPtr> find(const base::EngineId& engine) const;

  // The generation a run began on, active or draining, by its manifest's digest. Error "engine.gone".
  [[nodiscard]] base::Result<GenerationPtr> find_pinned(const base::EngineId& engine, std::string_view digest) const;

 private:
  void load_file(Snapshot& next, const std::filesystem::path& path, const Loader& loader);

  std::mutex loading_;        // one load() at a time
  mutable std::mutex mutex_;  // guards current_
  std::shared_ptr<const Snapshot> current_;
};

// Loads into this process, with up to `threads` calls of an engine at once. `settings` gives the operator's settings of
// an engine, an object.
using SettingsOf = std::function<base::json::value(const base::EngineId&)>;
[[nodiscard]] Loader in_process_loader(SettingsOf settings, std::vector<std::string> allow = {},
                                       std::size_t threads = 16);

// Semantic versions: negative if a is older, 0 if equal, positive if newer.
[[nodiscard]] int compare_versions(std::string_view a, std::string_view b);

}  // namespace tenantry::engine
