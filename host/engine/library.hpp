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
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "engine/contract.hpp"
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

// A private copy of the file that nobody can change any more, so that mapping it can never fault; its path is good in
// this process and in those forked from it, for as long as they live. Error "engine.refused".
[[nodiscard]] base::Result<std::string> sealed_copy(const PluginFile& file);

// Maps such a copy into this process, for good, and calls nothing but the entry function. Error "engine.refused" if it
// cannot be loaded, or if the table is none that this host can work with. Does not look into the file first: that is
// find_elf_fault().
[[nodiscard]] base::Result<const tenantry_plugin*> load_table(const PluginFile& file, const std::string& copy);

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

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& sha256() const { return sha256_; }
  [[nodiscard]] const std::string& built_with() const { return built_with_; }
  [[nodiscard]] const std::shared_ptr<const Contract>& contract() const { return contract_; }

 private:
  Library() = default;

  std::string name_;
  std::string sha256_;
  std::string built_with_;
  const tenantry_plugin* plugin_ = nullptr;
  std::shared_ptr<const Contract> contract_;
};

}  // namespace tenantry::engine
