// A runtime in the host itself: for debugging, for tests, and inside the child processes that engines run in by
// default. An engine that crashes takes the process along, and a call that never returns keeps its thread for ever.
#pragma once
#include <memory>

#include "engine/library.hpp"
#include "engine/runtime.hpp"

namespace tenantry::engine {

// One thread per running call, at most `threads` of them, kept for later calls. When all are taken, also by calls that
// were abandoned and did not return, start() answers RETRY host.engine_busy at once, from within.
class InProcess final : public Runtime {
 public:
  InProcess(std::shared_ptr<const OpenEngine> engine, model::ManifestPtr manifest, std::size_t threads = 16);
  // Waits for calls that were not abandoned. Threads of those that were are left behind, with the engine still open.
  ~InProcess() override;

  std::shared_ptr<Call> start(Invocation invocation, std::shared_ptr<CallSink> sink) override;
  [[nodiscard]] std::size_t stuck() const override;

 private:
  class Pool;

  const model::ManifestPtr manifest_;
  const std::shared_ptr<Pool> pool_;
};

}  // namespace tenantry::engine
