// The engine that is tried out, in this process, spoken to through the C contract and nothing else. Only for contained
// processes (contained.hpp): nothing here protects the process from the engine.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "engine/plugin_file.hpp"
#include "engine/runtime.hpp"
#include "stage/contained.hpp"
#include "stage/listener.hpp"

struct tenantry_plugin;
struct tenantry_engine;

namespace tenantry::stage {

class Subject {
 public:
  // Loads the file as a host does, from the descriptor of its sealed copy (engine/library.hpp), and looks at its table.
  // Error "engine.refused". `limit` is how long each call may take before the process is ended.
  [[nodiscard]] static base::Result<std::unique_ptr<Subject>> load(const engine::PluginFile& file, int copy, Wire& wire,
                                                                   base::Millis limit);
  ~Subject() = default;
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;

  [[nodiscard]] const tenantry_plugin& table() const { return table_; }
  [[nodiscard]] Wire& wire() const { return wire_; }
  [[nodiscard]] base::Millis limit() const { return limit_; }
  [[nodiscard]] std::string built_with() const;
  // At most 2 MiB of it; "" and `threw` if it threw.
  [[nodiscard]] std::string manifest(bool* threw = nullptr) const;

  // How an engine was opened: `engine` null is refused, and `errors` are what was said about it.
  struct Opened {
    tenantry_engine* engine = nullptr;
    std::vector<std::string> errors;
    bool threw = false;
  };
  [[nodiscard]] Opened open_another(std::string_view settings) const;
  void close(tenantry_engine* engine) const;

  // Opens the engine that call() is about; throws std::runtime_error if it is refused.
  void open(std::string_view settings);
  void close();
  [[nodiscard]] tenantry_engine* engine() const { return engine_; }

  // Thread-safe. `secrets` is what a host would give; `keep` as in Listener.
  [[nodiscard]] Heard call(const engine::Invocation& invocation, const Conditions& conditions,
                           Listener::Secrets secrets, Listener::Keep keep) const;

 private:
  Subject(const tenantry_plugin& table, Wire& wire, base::Millis limit) : table_(table), wire_(wire), limit_(limit) {}

  const tenantry_plugin& table_;
  Wire& wire_;
  const base::Millis limit_;
  tenantry_engine* engine_ = nullptr;
};

}  // namespace tenantry::stage
