// A runtime in a process of its own, the way engines are run unless somebody wants otherwise. Whatever an engine does
// there, crash, hang or grow, ends that process and nothing else: calls that were out are lost, the process is started
// again, and every other engine and the host go on. So a generation lives on when its file was replaced or removed:
// each of its processes gets the very bytes that were looked at.
//
// A process in which a call was given up is killed, since nothing else keeps the engine from going on with it.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "child/options.hpp"
#include "engine/loader.hpp"
#include "engine/runtime.hpp"

namespace tenantry::child {

class Supervisor;
class Farewells;

class ChildProcess final : public engine::Runtime {
 public:
  // The supervisor's first start went well.
  ChildProcess(std::shared_ptr<Supervisor> supervisor, std::shared_ptr<Farewells> farewells,
               model::ManifestPtr manifest);
  // The engine is closed and its process ended in the background; see loader().
  ~ChildProcess() override;

  // No call is refused because a process is just being started again. RETRY host.engine_gone, with the time until the
  // next start, when it has ended several times in a row.
  std::shared_ptr<engine::Call> start(engine::Invocation call, std::shared_ptr<engine::CallSink> sink) override;
  [[nodiscard]] std::size_t stuck() const override { return 0; }
  [[nodiscard]] engine::RuntimeState state() const override;

 private:
  const std::shared_ptr<Supervisor> supervisor_;
  const std::shared_ptr<Farewells> farewells_;
  const model::ManifestPtr manifest_;
};

// Loads into processes. What the loader and its runtimes share ends with the last of them: whoever lets go of that
// waits until all processes have ended, at most Options::close_limit; nobody waits before.
[[nodiscard]] engine::Loader loader(engine::SettingsOf settings, std::vector<std::string> allow = {},
                                    Options options = {});

}  // namespace tenantry::child
