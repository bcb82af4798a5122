// An engine that throws out of the function that THROW_IN names.
#include <tenantry/abi.h>

#include <stdexcept>

#define IN_ENTRY 1
#define IN_MANIFEST 2
#define IN_OPEN 3
#define IN_INVOKE 4

struct tenantry_engine {};

namespace {

void throw_in(int place) {
  if (place == THROW_IN) throw std::runtime_error("thrown by the engine");
}

void manifest(tenantry_sink sink, void* to) {
  throw_in(IN_MANIFEST);
  static constexpr char kText[] =
      R"({"engine":"throws","version":"1.0.0","request":{"type":"object"},"steps":[{"id":"one"}]})";
  sink(to, {kText, sizeof kText - 1});
}

tenantry_engine* open_engine(tenantry_text, tenantry_sink, void*) {
  throw_in(IN_OPEN);
  static tenantry_engine self;
  return &self;
}

void close_engine(tenantry_engine*) { throw std::runtime_error("thrown by close"); }

tenantry_outcome invoke(tenantry_engine*, const tenantry_call* call) {
  try {
    throw_in(IN_INVOKE);
  } catch (const std::logic_error&) {
    return TENANTRY_FAILED;
  }
  call->host->set_output(call->ctx, {"{}", 2});
  return TENANTRY_DONE;
}

}  // namespace

const tenantry_plugin* tenantry_plugin_v1() {
  throw_in(IN_ENTRY);
  static const tenantry_plugin self = {
      TENANTRY_MAGIC, sizeof self,  1,      0,       0,      0, 0, {"g++", 3}, manifest,
      open_engine,    close_engine, invoke, nullptr, nullptr};
  return &self;
}
