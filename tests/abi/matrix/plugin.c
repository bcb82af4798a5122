/* An engine that uses all that its header has, and asks first. It is built with several headers; MIN_HOST_MINOR says
 * what it cannot do without. */
#include <abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef MIN_HOST_MINOR
#define MIN_HOST_MINOR 0
#endif
#define TEXT(literal) ((tenantry_text){literal, sizeof(literal) - 1})

struct tenantry_engine {
  int unused;
};

static void manifest(tenantry_sink sink, void* to) {
  sink(to, TEXT("{\"engine\":\"matrix\",\"version\":\"1.0.0\",\"manifest\":1,\"request\":{\"type\":\"object\"},"
                "\"steps\":[{\"id\":\"act\"}]}"));
}

static tenantry_engine* open_engine(tenantry_text settings, tenantry_sink error, void* to) {
  tenantry_engine* engine = calloc(1, sizeof *engine);
  (void)settings;
  if (!engine) error(to, TEXT("out of memory"));
  return engine;
}

static void close_engine(tenantry_engine* engine) { free(engine); }

static tenantry_outcome invoke(tenantry_engine* engine, const tenantry_call* call) {
  char output[200];
  const char* locale = "absent";
  int counted = 0;
  int length;
  (void)engine;
#if TENANTRY_ABI_TARGET >= 1
  if (call->op == TENANTRY_OP_ESTIMATE) {
    call->host->set_output(call->ctx, TEXT("{\"seconds\":3}"));
    return TENANTRY_DONE;
  }
  if (TENANTRY_HAS(call->host, count)) {
    call->host->count(call->ctx, TEXT("objects"), 2);
    counted = 1;
  }
  if (TENANTRY_HAS_FIELD(call, locale)) locale = call->locale.size == 2 ? call->locale.data : "wrong";
#endif
  if (call->op != TENANTRY_OP_RUN) return TENANTRY_UNSUPPORTED;
  length = snprintf(output, sizeof output, "{\"counted\":%d,\"locale\":\"%.6s\"}", counted, locale);
  call->host->set_output(call->ctx, (tenantry_text){output, (uint64_t)length});
  if (TENANTRY_HAS(call->host, emit)) call->host->emit(call->ctx, TEXT("matrix.acted"), TEXT("{}"));
  return TENANTRY_DONE;
}

#if TENANTRY_ABI_TARGET >= 1
static void describe(tenantry_engine* engine, tenantry_sink sink, void* to) {
  (void)engine;
  sink(to, TEXT("knows 1.1"));
}
#endif

const tenantry_plugin* tenantry_plugin_v1(void) {
  static const tenantry_plugin self = {
    .magic = TENANTRY_MAGIC,
    .size = sizeof(tenantry_plugin),
    .abi_major = TENANTRY_ABI_MAJOR,
    .abi_minor = TENANTRY_ABI_TARGET,
    .min_host_minor = MIN_HOST_MINOR,
    .built_with = {"C", 1},
    .manifest = manifest,
    .open = open_engine,
    .close = close_engine,
#if TENANTRY_ABI_TARGET >= 1
    .describe = describe,
#endif
    .invoke = invoke
  };
  return &self;
}
