#include "engine/catalog.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "engine/in_process.hpp"
#include "engine/library.hpp"

namespace tenantry::engine {
namespace {

namespace fs = std::filesystem;

// Compares two runs of digits of any length.
int compare_numbers(std::string_view a, std::string_view b) {
  a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
  b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string_view take_part(std::string_view& text) {
  const auto end = std::min(text.find('.'), text.size());
  const auto part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

// Dotted parts; numbers are older than words, and less is older.
int compare_dotted(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    const auto left = take_part(a);
    const auto right = take_part(b);
    if (is_number(left) != is_number(right)) return is_number(left) ? -1 : 1;
    if (const int order = is_number(left) ? compare_numbers(left, right) : left.compare(right)) return order;
  }
  return static_cast<int>(!a.empty()) - static_cast<int>(!b.empty());
}

std::vector<fs::path> libraries_in(const fs::path& directory, std::error_code& failure) {
  std::vector<fs::path> out;
  for (fs::directory_iterator entry(directory, failure), end; !failure && entry != end; entry.increment(failure))
    if (entry->path().extension() == ".so") out.push_back(entry->path());
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

int compare_versions(std::string_view a, std::string_view b) {
  a = a.substr(0, a.find('+'));
  b = b.substr(0, b.find('+'));
  const auto dash_a = std::min(a.find('-'), a.size());
  const auto dash_b = std::min(b.find('-'), b.size());
  if (const int order = compare_dotted(a.substr(0, dash_a), b.substr(0, dash_b))) return order;
  const auto pre_a = a.substr(dash_a);
  const auto pre_b = b.substr(dash_b);
  if (pre_a.empty() || pre_b.empty()) return static_cast<int>(pre_a.empty()) - static_cast<int>(pre_b.empty());
  return compare_dotted(pre_a.substr(1), pre_b.substr(1));
}

Catalog::Catalog() : current_(std::make_shared<const Snapshot>()) {}

void Catalog::load(const std::vector<fs::path>& directories, const Loader& loader) {
  const std::scoped_lock one_at_a_time(loading_);
  auto next = std::make_shared<Snapshot>(*snapshot());
  for (const auto& directory : directories) {
    std::error_code failure;
    for (const auto& path : libraries_in(directory, failure)) load_file(*next, path, loader);
    if (failure)
      next->refused.push_back(
          {directory.string(),
           directory.string() + ": expected a directory with engines, found none: " + failure.message() + ".",
           {}});
  }
  const std::scoped_lock lock(mutex_);
  current_ = std::move(next);
}

void Catalog::load_file(Snapshot& next, const fs::path& path, const Loader& loader) {
  auto loaded = loader(path);
  const auto file = path.filename().string();
  if (!loaded) {
    auto reason = loaded.error().message;
    if (!reason.starts_with(file)) reason = file + ": " + reason;
    next.refused.push_back({file, std::move(reason), loaded.error().problems});
    return;
  }
  const auto& manifest = *loaded->contract->manifest();
  for (const auto& other : next.generations) {
    if (other->manifest().engine != manifest.engine || other->manifest().version != manifest.version) continue;
    next.refused.push_back({file,
                            file + ": expected an engine that is not there yet, found " + manifest.engine.value + ' ' +
                                manifest.version + " again, which " + other->file + " already is.",
                            {}});
    return;
  }
  const auto number = next.generations.empty() ? 1 : next.generations.back()->number + 1;
  next.generations.push_back(
      std::make_shared<const Generation>(Generation{number, GenerationState::kActive, file, std::move(*loaded)}));
}

std::shared_ptr<const Snapshot> Catalog::snapshot() const {
  const std::scoped_lock lock(mutex_);
  return current_;
}

base::Result<GenerationPtr> Catalog::find(const base::EngineId& engine) const {
  GenerationPtr best;
  for (const auto& generation : snapshot()->generations)
    if (generation->manifest().engine == engine && generation->state == GenerationState::kActive &&
        (!best || compare_versions(generation->manifest().version, best->manifest().version) > 0))
      best = generation;
  if (best) return best;
  auto error = base::not_found("engine.unknown", "There is no engine " + engine.value + ".");
  error.next_action = "Choose one of the engines that are listed.";
  return error;
}

base::Result<GenerationPtr> Catalog::find_pinned(const base::EngineId& engine, std::string_view digest) const {
  GenerationPtr newest;
  for (const auto& generation : snapshot()->generations)
    if (generation->manifest().engine == engine && generation->manifest().digest == digest) newest = generation;
  if (newest) return newest;
  return base::Error{base::ErrorKind::kUnavailable,
                     "engine.gone",
                     "The version of engine " + engine.value + " that the run began on is not loaded.",
                     "Put its file back into the engine directory.",
                     {},
                     {}};
}

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
