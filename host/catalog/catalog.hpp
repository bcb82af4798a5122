// The engines there are: by id and version, each with the file it came from, and the files that were refused.
//
// A file that is new or was changed becomes a new generation, without a restart: new runs use it from then on, runs
// that began on an older one finish there, and an older one that nobody uses any more is let go, which ends its
// process. A file that is refused changes nothing: the generation that came from it before goes on.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "catalog/directories.hpp"
#include "catalog/shelf.hpp"
#include "engine/loader.hpp"

namespace tenantry::catalog {

using engine::Loaded;
using engine::Loader;

enum class GenerationState : std::uint8_t {
  kActive,    // new runs may use it
  kDraining,  // only runs that began on it do
};

// One engine as it was loaded at one time. Whoever holds its runtime keeps that alive.
struct Generation {
  std::uint64_t number = 0;  // 1, 2, ... in the order of loading; never used twice in the life of a host
  GenerationState state = GenerationState::kActive;
  std::filesystem::path path;
  Loaded loaded;

  [[nodiscard]] std::string file() const { return path.filename().string(); }

  [[nodiscard]] const model::Manifest& manifest() const { return *loaded.contract->manifest(); }
};
using GenerationPtr = std::shared_ptr<const Generation>;

struct RefusedFile {
  std::filesystem::path path;  // of the file, or of a directory that cannot be read
  std::string reason;          // one sentence
  std::vector<base::Problem> problems;
  bool taken = false;  // only because its engine and version are there already

  [[nodiscard]] std::string file() const { return path.filename().string(); }
};

// The whole catalog at one moment.
struct Snapshot {
  std::vector<GenerationPtr> generations;  // by number
  std::vector<RefusedFile> refused;        // in the order they were met
};

// Thread-safe: readers get a snapshot that never changes.
class Catalog {
 public:
  // With a shelf, the engines that unfinished runs began on are there after a restart, too; it outlives the catalog.
  Catalog(std::vector<std::filesystem::path> directories, Loader loader, const Shelf* shelf = nullptr);

  // Loads every *.so of the directories, each in the order of its names, and adds it or the reason why not. Of two
  // files with the same engine and version the second is refused. A directory that cannot be read is a refusal, too.
  void load();

  // Looks at the directories again and takes in what has changed and holds still (directories.hpp); lets go of drained
  // generations. True if anything is different now. To be called a few times a second, see Watcher.
  bool refresh();

  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const;

  // The active generation of the highest version, or of this one. Error "engine.unknown".
  [[nodiscard]] base::Result<GenerationPtr> find(const base::EngineId& engine, std::string_view version = {}) const;

  // The newest generation, active or draining, with this manifest. Error "engine.gone".
  [[nodiscard]] base::Result<GenerationPtr> find_pinned(const base::EngineId& engine, std::string_view digest) const;

 private:
  bool update(bool at_once);
  void load_file(Snapshot& next, const std::filesystem::path& path);
  void load_kept(Snapshot& next);
  [[nodiscard]] bool is_over(const Snapshot& next, const Generation& generation) const;

  std::mutex loading_;  // one update at a time; guards what follows
  Directories directories_;
  const Loader loader_;
  const Shelf* const shelf_;
  std::uint64_t last_number_ = 0;

  mutable std::mutex mutex_;  // guards current_
  std::shared_ptr<const Snapshot> current_;
};

}  // namespace tenantry::catalog
