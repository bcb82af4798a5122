// A plugin file, loaded into this process and negotiated with.
//
// Loading is careful about mistakes, not about malice: an engine is trusted code. The file is looked at before it is
// loaded (plugin_file.hpp, elf.hpp), what is loaded is a private, sealed copy of exactly the bytes that were looked at,
// and nothing is ever unloaded, because threads, thread-local destructors and type information of a plugin may outlive
// every use of it. A new version is a new file.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "engine/contract.hpp"
#include "engine/descriptor.hpp"
#include "engine/plugin_file.hpp"

struct tenantry_plugin;
struct tenantry_engine;

namespace tenantry::engine {

// An engine between open() and close(). Closing happens when it is destroyed; all calls have returned by then.
class OpenEngine {
 public:
  OpenEngine(const tenantry_plugin& plugin, tenantry_engine* engine) : plugin_(plugin), engine_(engine) {}
  OpenEngine(const OpenEngine&) = delete;
  OpenEngine& operator=(const OpenEngine&) = delete;
  ~OpenEngine();

  [[nodiscard]] const tenantry_plugin& plugin() const { return plugin_; }
  [[nodiscard]] tenantry_engine* engine() const { return engine_; }

 private:
  const tenantry_plugin& plugin_;
  tenantry_engine* engine_;
};

// The parts that loading is made of. Errors of all of them are "engine.refused": one sentence that begins with `name`,
// the file's name, and says what was expected and what was found.

// A private copy of the file that nobody can change any more, so that mapping it can never fault.
[[nodiscard]] base::Result<Descriptor> sealed_copy(const PluginFile& file);

// Maps such a copy into this process, for good, and calls nothing but the entry function. Refuses what cannot be
// loaded, and a table that this host cannot work with. Does not look into the bytes first: that is find_elf_fault().
[[nodiscard]] base::Result<const tenantry_plugin*> load_table(const std::string& name, Descriptor bytes);

// A plugin file that was looked at and may be mapped, with its sealed copy.
struct SealedFile {
  std::string name;
  std::string sha256;
  Descriptor bytes;
};
[[nodiscard]] base::Result<SealedFile> seal(const std::filesystem::path& path, const std::vector<std::string>& allow);

// What a plugin says about itself; nothing of it has been checked but the form of its table.
struct Plugin {
  std::string name;
  const tenantry_plugin* table = nullptr;
  std::string built_with;
  std::string manifest;
};
// Maps sealed bytes into this process, where they stay, and asks the plugin who it is. Runs code of the plugin.
[[nodiscard]] base::Result<Plugin> map_plugin(const std::string& name, Descriptor bytes);

// The manifest as the host's own reader understands it; `problems` of the error has everything that is wrong.
[[nodiscard]] base::Result<model::ManifestPtr> accept_manifest(const std::string& name, std::string_view text);

// `settings` is a JSON object that the manifest accepts. Runs code of the plugin.
[[nodiscard]] base::Result<std::shared_ptr<const OpenEngine>> open_plugin(const Plugin& plugin,
                                                                          std::string_view settings);

class Library {
 public:
  // Error "engine.refused": one sentence that names the file, what was expected and what was found; `problems` of a
  // refused manifest. Call from one thread at a time. Runs code of the plugin; when that code crashes, so does the
  // process. `allow` as in read_plugin_file().
  [[nodiscard]] static base::Result<Library> load(const std::filesystem::path& path,
                                                  const std::vector<std::string>& allow = {});

  // Starts an engine with the operator's settings, which are checked against the manifest and completed first. Errors
  // as load(), and "settings.invalid". May be called several times.
  [[nodiscard]] base::Result<std::shared_ptr<const OpenEngine>> open(const base::json::value& settings) const;

  [[nodiscard]] const std::string& sha256() const { return sha256_; }
  [[nodiscard]] const std::string& built_with() const { return plugin_.built_with; }
  [[nodiscard]] const std::shared_ptr<const Contract>& contract() const { return contract_; }

 private:
  Library() = default;

  Plugin plugin_;
  std::string sha256_;
  std::shared_ptr<const Contract> contract_;
};

}  // namespace tenantry::engine
