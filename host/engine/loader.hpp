// From a file to an open engine: what loading gives, and the loader for this process. The one for processes of their
// own is child/child_process.hpp.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
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

// Loads into this process, with up to `threads` calls of an engine at once. `settings` gives the operator's settings of
// an engine, an object.
using SettingsOf = std::function<base::json::value(const base::EngineId&)>;
[[nodiscard]] Loader in_process_loader(SettingsOf settings, std::vector<std::string> allow = {},
                                       std::size_t threads = 16);

}  // namespace tenantry::engine
