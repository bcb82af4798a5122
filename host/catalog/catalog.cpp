#include "catalog/catalog.hpp"

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

#include "base/log.hpp"
#include "catalog/versions.hpp"
#include "engine/plugin_file.hpp"

namespace tenantry::catalog {
namespace {

namespace fs = std::filesystem;

GenerationPtr draining(const Generation& generation) {
  auto copy = generation;
  copy.state = GenerationState::kDraining;
  return std::make_shared<const Generation>(std::move(copy));
}

std::set<std::string> manifests(const Snapshot& snapshot) {
  std::set<std::string> out;
  for (const auto& generation : snapshot.generations) out.insert(generation->manifest().digest);
  return out;
}

bool same_engine(const Generation& generation, const model::Manifest& manifest) {
  return generation.manifest().engine == manifest.engine && generation.manifest().version == manifest.version;
}

std::string describe(const base::Error& error) {
  std::string all = error.message;
  for (const auto& problem : error.problems) all += " " + problem.pointer + ": " + problem.message + ".";
  return all;
}

void log_generation(const char* what, const Generation& generation) {
  base::log::info(what, {{"engine", generation.manifest().engine.value},
                         {"version", generation.manifest().version},
                         {"generation", generation.number},
                         {"file", generation.file()}});
}

RefusedFile refused(const fs::path& path, base::Error error) {
  const auto file = path.filename().string();
  if (!error.message.starts_with(file)) error.message = file + ": " + error.message;
  base::log::warn("engine refused", {{"file", file}, {"reason", describe(error)}});
  return {path, std::move(error.message), std::move(error.problems)};
}

}  // namespace

Catalog::Catalog(std::vector<fs::path> directories, Loader loader, const Shelf* shelf)
    : directories_(std::move(directories)),
      loader_(std::move(loader)),
      shelf_(shelf),
      current_(std::make_shared<const Snapshot>()) {}

void Catalog::load() { (void)update(true); }

bool Catalog::refresh() { return update(false); }

bool Catalog::update(bool at_once) {
  const std::scoped_lock one_at_a_time(loading_);
  const auto news = directories_.look(at_once);
  auto next = std::make_shared<Snapshot>(*snapshot());
  bool different = !news.empty();

  const auto forget_refusals = [&](auto&& when) { std::erase_if(next->refused, when); };
  const auto is = [](const std::vector<fs::path>& paths, const fs::path& path) {
    return std::find(paths.begin(), paths.end(), path) != paths.end();
  };
  for (auto& generation : next->generations)
    if (generation->state == GenerationState::kActive && is(news.gone, generation->path)) {
      log_generation("engine file gone", *generation);
      generation = draining(*generation);
    }
  // What was refused only because another file was there first may have its turn now.
  auto to_load = news.changed;
  if (different)
    for (const auto& one : next->refused)
      if (one.taken && !is(news.gone, one.path) && !is(news.changed, one.path)) to_load.push_back(one.path);
  forget_refusals([&](const RefusedFile& one) { return is(news.gone, one.path) || is(to_load, one.path); });
  for (const auto& path : to_load) load_file(*next, path);

  const auto unreadable = [](const RefusedFile& one) { return one.path.extension() != ".so"; };
  std::vector<RefusedFile> directories;
  for (const auto& [directory, why] : news.unreadable)
    directories.push_back({directory, directory + ": expected a directory with engines, found none: " + why + ".", {}});
  if (static_cast<std::size_t>(std::count_if(next->refused.begin(), next->refused.end(), unreadable)) !=
      directories.size()) {
    forget_refusals(unreadable);
    next->refused.insert(next->refused.end(), directories.begin(), directories.end());
    different = true;
  }

  if (at_once && shelf_ != nullptr) load_kept(*next);

  std::vector<GenerationPtr> left;
  for (const auto& generation : next->generations) {
    if (is_over(*next, *generation))
      log_generation("engine drained", *generation);
    else
      left.push_back(generation);
  }
  if (left.size() < next->generations.size()) {
    next->generations = std::move(left);
    different = true;
    if (shelf_ != nullptr) (void)shelf_->tidy(manifests(*next));
  }
  if (!different) return false;
  std::shared_ptr<const Snapshot> old = std::move(next);  // ends processes, which must not hold up readers
  const std::scoped_lock lock(mutex_);
  std::swap(current_, old);
  return true;
}

// Nobody else holds it, no run, no call, and no unfinished run will come back to it.
bool Catalog::is_over(const Snapshot& next, const Generation& generation) const {
  if (generation.state != GenerationState::kDraining || generation.loaded.runtime.use_count() > 1) return false;
  if (shelf_ == nullptr) return true;
  const auto& digest = generation.manifest().digest;
  const bool another = std::any_of(next.generations.begin(), next.generations.end(), [&](const auto& other) {
    return other->number != generation.number && other->manifest().digest == digest;
  });
  return another || !shelf_->needs(digest);
}

void Catalog::load_kept(Snapshot& next) {
  for (const auto& path : shelf_->tidy(manifests(next))) {
    auto loaded = loader_(path);
    if (!loaded) {
      base::log::warn("kept engine not loaded", {{"reason", describe(loaded.error())}});
      continue;
    }
    next.generations.push_back(std::make_shared<const Generation>(
        Generation{++last_number_, GenerationState::kDraining, path, std::move(*loaded)}));
    log_generation("engine loaded for its unfinished runs", *next.generations.back());
  }
}

void Catalog::load_file(Snapshot& next, const fs::path& path) {
  auto loaded = loader_(path);
  if (!loaded) return next.refused.push_back(refused(path, loaded.error()));
  const auto& manifest = *loaded->contract->manifest();
  GenerationPtr* before = nullptr;  // what came from this file until now
  for (auto& other : next.generations) {
    if (other->state != GenerationState::kActive) continue;
    if (other->path == path) {
      if (other->loaded.file_digest == loaded->file_digest) return;  // touched, not changed
      before = &other;
    } else if (same_engine(*other, manifest)) {
      auto one =
          refused(path, engine::refusal(path.filename().string(),
                                        "expected an engine that is not there yet, found " + manifest.engine.value +
                                            ' ' + manifest.version + " again, which " + other->file() + " already is"));
      one.taken = true;
      return next.refused.push_back(std::move(one));
    }
  }
  if (before != nullptr && same_engine(**before, manifest) && (*before)->manifest().digest != manifest.digest &&
      is_released(manifest.version))
    return next.refused.push_back(
        refused(path, engine::refusal(path.filename().string(), "expected that version " + manifest.version + " of " +
                                                                    manifest.engine.value +
                                                                    " keeps its manifest, found another one; raise the "
                                                                    "version (or call it a pre-release such as " +
                                                                    manifest.version + "-dev while you work on it)")));
  const auto manifest_digest = manifest.digest;
  if (before != nullptr) *before = draining(**before);
  next.generations.push_back(std::make_shared<const Generation>(
      Generation{++last_number_, GenerationState::kActive, path, std::move(*loaded)}));
  log_generation("engine loaded", *next.generations.back());
  if (shelf_ != nullptr) shelf_->keep(path, next.generations.back()->loaded.file_digest, manifest_digest);
}

std::shared_ptr<const Snapshot> Catalog::snapshot() const {
  const std::scoped_lock lock(mutex_);
  return current_;
}

base::Result<GenerationPtr> Catalog::find(const base::EngineId& engine, std::string_view version) const {
  const auto now = snapshot();  // kept while it is read: the catalog may change meanwhile
  GenerationPtr best;
  for (const auto& generation : now->generations)
    if (generation->manifest().engine == engine && generation->state == GenerationState::kActive &&
        (version.empty() || generation->manifest().version == version) &&
        (!best || compare_versions(generation->manifest().version, best->manifest().version) > 0))
      best = generation;
  if (best) return best;
  auto error =
      base::not_found("engine.unknown", "There is no engine " + engine.value + (version.empty() ? "" : " of version ") +
                                            std::string(version) + ".");
  error.next_action = "Choose one of the engines that are listed.";
  return error;
}

base::Result<GenerationPtr> Catalog::find_pinned(const base::EngineId& engine, std::string_view digest) const {
  const auto now = snapshot();
  GenerationPtr newest;
  for (const auto& generation : now->generations)
    if (generation->manifest().engine == engine && generation->manifest().digest == digest) newest = generation;
  if (newest) return newest;
  return base::Error{base::ErrorKind::kUnavailable,
                     "engine.gone",
                     "The version of engine " + engine.value + " that the run began on is not loaded.",
                     "Put its file back into the engine directory.",
                     {},
                     {}};
}

}  // namespace tenantry::catalog
