#include "engine/library.hpp"

#define BOOST_DLL_USE_STD_FS
#include <fcntl.h>
#include <sys/mman.h>
#include <tenantry/abi.h>
#include <unistd.h>

#include <algorithm>
#include <boost/dll/library_info.hpp>
#include <boost/dll/shared_library.hpp>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "engine/elf.hpp"
#include "engine/limits.hpp"
#include "engine/manifest_reader.hpp"
#include "engine/plugin_file.hpp"

namespace tenantry::engine {
namespace {

using Entry = const tenantry_plugin*();

constexpr std::uint64_t kMinTable = offsetof(tenantry_plugin, invoke) + sizeof(tenantry_plugin::invoke);

std::string hex(std::uint64_t number) {
  std::string out;
  for (int shift = 60; shift >= 0; shift -= 4)
    out += "0123456789ABCDEF"[(number >> static_cast<unsigned>(shift)) & 15U];
  return out;
}

// What a plugin hands over through a tenantry_sink, up to a limit.
struct Collected {
  std::size_t most;
  std::string text;
  bool too_large = false;

  // Called by the plugin, so nothing may be thrown.
  static void take(void* to, tenantry_text piece) noexcept {
    auto& self = *static_cast<Collected*>(to);
    if (piece.data == nullptr) return;
    const auto room = self.most - self.text.size();
    self.too_large |= piece.size > room;
    try {
      self.text.append(piece.data, std::min<std::uint64_t>(piece.size, room));
    } catch (...) {
      self.too_large = true;
    }
  }
};

// Loaded for as long as the process lives: never destroyed, not even at exit.
void keep(boost::dll::shared_library library) {
  static auto& mutex = *new std::mutex;
  static auto& kept = *new std::vector<boost::dll::shared_library>;
  const std::scoped_lock lock(mutex);
  kept.push_back(std::move(library));
}

// The descriptor stays open once something is mapped, because the loader knows libraries by path and its number must
// not come to mean another one.
base::Result<Entry*> map(const std::string& name, Descriptor bytes) {
  const auto path = "/proc/self/fd/" + std::to_string(bytes.get());
  try {
    const auto symbols = boost::dll::library_info(path).symbols();
    if (std::find(symbols.begin(), symbols.end(), TENANTRY_ENTRY_SYMBOL) == symbols.end())
      return refusal(name, "expected that it exports the function " TENANTRY_ENTRY_SYMBOL ", found that it does not");
    boost::dll::shared_library library(path, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
    static_cast<void>(bytes.release());
    auto* entry = &library.get<Entry>(TENANTRY_ENTRY_SYMBOL);
    keep(std::move(library));
    return entry;
  } catch (const std::exception& error) {
    std::string why = base::to_utf8(error.what());
    while (!why.empty() && (why.back() == '.' || why.back() == '\n')) why.pop_back();
    if (const auto at = why.find(path); at != std::string::npos) why.replace(at, path.size(), name);
    return refusal(name, "cannot be loaded: " + base::shorten(why, 500));
  }
}

// Calls into the plugin; false if it threw.
template <class Action>
bool survives(Action action) {
  try {
    action();
    return true;
  } catch (...) {
    return false;
  }
}

std::optional<std::string> table_fault(const tenantry_plugin* table) {
  if (table == nullptr) return "expected a table from " TENANTRY_ENTRY_SYMBOL ", found none";
  if (table->magic != TENANTRY_MAGIC)
    return "expected the magic number " + hex(TENANTRY_MAGIC) + ", found " + hex(table->magic);
  if (table->size < offsetof(tenantry_plugin, built_with))
    return "expected a table of at least " + std::to_string(kMinTable) + " bytes, found " + std::to_string(table->size);
  if (table->abi_major != TENANTRY_ABI_MAJOR)
    return "expected ABI version " + std::to_string(TENANTRY_ABI_MAJOR) + ", found version " +
           std::to_string(table->abi_major);
  if (table->min_host_minor > TENANTRY_ABI_MINOR)
    return "needs a host of ABI " + std::to_string(TENANTRY_ABI_MAJOR) + '.' + std::to_string(table->min_host_minor) +
           " or newer, this one is " + std::to_string(TENANTRY_ABI_MAJOR) + '.' + std::to_string(TENANTRY_ABI_MINOR);
  if (table->size < kMinTable)
    return "expected a table of at least " + std::to_string(kMinTable) + " bytes, found " + std::to_string(table->size);
  const char* missing = !TENANTRY_HAS(table, manifest) ? "manifest"
                        : !TENANTRY_HAS(table, open)   ? "open"
                        : !TENANTRY_HAS(table, close)  ? "close"
                        : !TENANTRY_HAS(table, invoke) ? "invoke"
                                                       : nullptr;
  if (missing) return std::string("expected the function ") + missing + ", found none";
  return std::nullopt;
}

// The manifest's text, asked for twice.
base::Result<std::string> ask_for_manifest(const std::string& name, const tenantry_plugin& table) {
  Collected first{kMaxManifest, {}};
  Collected second{kMaxManifest, {}};
  if (!survives([&] { table.manifest(Collected::take, &first); }) ||
      !survives([&] { table.manifest(Collected::take, &second); }))
    return refusal(name, "expected a manifest, found that manifest() throws");
  if (first.too_large)
    return refusal(name,
                   "expected a manifest of at most " + std::to_string(kMaxManifest) + " bytes, found a longer one");
  if (first.text != second.text || second.too_large)
    return refusal(name, "expected the same manifest every time, found that it changes");
  return std::move(first.text);
}

base::Error manifest_refusal(const std::string& name, const base::Error& error) {
  const auto& problems = error.problems;
  std::string why = "its manifest is refused";
  if (!problems.empty()) {
    const auto& first = problems.front();
    why += ": " + (first.pointer.empty() ? "" : first.pointer + ": ") + base::shorten(first.message, 500);
    while (why.back() == '.') why.pop_back();
    if (problems.size() > 1) why += " (and " + std::to_string(problems.size() - 1) + " more)";
  }
  return refusal(name, why, problems);
}

}  // namespace

OpenEngine::~OpenEngine() {
  static_cast<void>(survives([&] { plugin_.close(engine_); }));
}

base::Result<Descriptor> sealed_copy(const PluginFile& file) {
  const auto failed = [&] { return refusal(file.name, std::string("cannot be copied: ") + std::strerror(errno)); };
  Descriptor copy(::memfd_create(file.name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!copy.is_open()) return failed();
  for (std::size_t done = 0; done < file.bytes.size();) {
    const auto wrote = ::write(copy.get(), file.bytes.data() + done, file.bytes.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return failed();
    done += static_cast<std::size_t>(wrote);
  }
  if (::fcntl(copy.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0) return failed();
  return copy;
}

base::Result<SealedFile> seal(const std::filesystem::path& path, const std::vector<std::string>& allow) {
  const auto file = read_plugin_file(path, allow);
  if (!file) return file.error();
  if (const auto fault = find_elf_fault(file->bytes)) return refusal(file->name, *fault);
  auto copy = sealed_copy(*file);
  if (!copy) return copy.error();
  return SealedFile{file->name, file->sha256, std::move(*copy)};
}

base::Result<const tenantry_plugin*> load_table(const std::string& name, Descriptor bytes) {
  const auto entry = map(name, std::move(bytes));
  if (!entry) return entry.error();
  const tenantry_plugin* table = nullptr;
  if (!survives([&] { table = (*entry)(); })) return refusal(name, TENANTRY_ENTRY_SYMBOL " throws");
  if (const auto fault = table_fault(table)) return refusal(name, *fault);
  return table;
}

base::Result<Plugin> map_plugin(const std::string& name, Descriptor bytes) {
  const auto table = load_table(name, std::move(bytes));
  if (!table) return table.error();
  Plugin out{name, *table, {}, {}};
  auto manifest = ask_for_manifest(name, *out.table);
  if (!manifest) return manifest.error();
  out.manifest = std::move(*manifest);
  if (const auto& built_with = out.table->built_with; built_with.data != nullptr)
    out.built_with =
        base::shorten(base::to_utf8({built_with.data, std::min<std::uint64_t>(built_with.size, 1000)}), 200);
  return out;
}

base::Result<model::ManifestPtr> accept_manifest(const std::string& name, std::string_view text) {
  auto manifest = read_manifest(text);
  if (!manifest) return manifest_refusal(name, manifest.error());
  return std::make_shared<const model::Manifest>(std::move(*manifest));
}

base::Result<std::shared_ptr<const OpenEngine>> open_plugin(const Plugin& plugin, std::string_view settings) {
  Collected error{kMaxErrorMessage, {}};
  tenantry_engine* engine = nullptr;
  if (!survives([&] { engine = plugin.table->open({settings.data(), settings.size()}, Collected::take, &error); }))
    return refusal(plugin.name, "expected that open() returns, found that it throws");
  if (engine == nullptr)
    return refusal(plugin.name,
                   "open() failed: " + (error.text.empty() ? "it gave no reason" : base::to_utf8(error.text)));
  return std::make_shared<const OpenEngine>(*plugin.table, engine);
}

base::Result<Library> Library::load(const std::filesystem::path& path, const std::vector<std::string>& allow) {
  auto file = seal(path, allow);
  if (!file) return file.error();
  auto plugin = map_plugin(file->name, std::move(file->bytes));
  if (!plugin) return plugin.error();
  const auto manifest = accept_manifest(plugin->name, plugin->manifest);
  if (!manifest) return manifest.error();
  Library out;
  out.plugin_ = std::move(*plugin);
  out.sha256_ = std::move(file->sha256);
  out.contract_ = std::make_shared<const Contract>(*manifest);
  return out;
}

base::Result<std::shared_ptr<const OpenEngine>> Library::open(const base::json::value& settings) const {
  const auto complete = contract_->complete_settings(settings);
  if (!complete) return complete.error();
  return open_plugin(plugin_, base::json::serialize(*complete));
}

}  // namespace tenantry::engine
