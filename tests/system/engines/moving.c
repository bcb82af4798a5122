/* An engine that the tests change while it is at work: the version is found and overwritten in the file. Every step
 * says in its output which version it was carried out by. */
#include <stdio.h>
#include <string.h>
#include <tenantry/abi.h>

#define VERSION "1.100000.0"
#define OUTPUT \
  "\"output\":{\"type\":\"object\",\"required\":[\"version\"],\"properties\":{\"version\":{\"type\":\"string\"}}}"
#define STEP(id, after)                                                                                               \
  "{\"id\":\"" id "\",\"after\":[" after                                                                              \
  "],\"input\":{\"request\":{\"from\":\"/request\"}},\"operations\":[\"run\",\"verify\"],\"repeatable\":true," OUTPUT \
  "}"

struct tenantry_engine {
  int unused;
};

static const char kVersion[] = VERSION;
static const char kManifest[] =
    "{\"engine\":\"moving\",\"version\":\"" VERSION
    "\",\"request\":{\"type\":\"object\",\"properties\":{\"pause_ms\":"
    "{\"type\":\"integer\",\"default\":5},\"fail_at\":{\"type\":\"string\"}}},\"steps\":[" STEP("one", "") "," STEP(
        "two", "\"one\"") "," STEP("three", "\"two\"") "]}";

static tenantry_text text(const char* from) { return (tenantry_text){from, strlen(from)}; }

static void manifest(tenantry_sink sink, void* to) { sink(to, text(kManifest)); }

static tenantry_engine* open_engine(tenantry_text settings, tenantry_sink error, void* to) {
  static tenantry_engine engine;
  (void)settings, (void)error, (void)to;
  return &engine;
}
static void close_engine(tenantry_engine* engine) { (void)engine; }

static int contains(tenantry_text in, const char* word) {
  const size_t size = strlen(word);
  for (uint64_t i = 0; i + size <= in.size; ++i)
    if (memcmp(in.data + i, word, size) == 0) return 1;
  return 0;
}

static tenantry_outcome invoke(tenantry_engine* engine, const tenantry_call* call) {
  char output[64];
  char fails[64];
  (void)engine;
  if (call->op == TENANTRY_OP_VERIFY) {
    if (call->output.size > 0) return TENANTRY_DONE;
    call->host->set_output(call->ctx,
                           text("{\"drift\":[{\"what\":\"step\",\"expected\":\"done\",\"found\":\"not\"}]}"));
    return TENANTRY_DRIFTED;
  }
  if (call->op != TENANTRY_OP_RUN) return TENANTRY_UNSUPPORTED;
  (void)snprintf(fails, sizeof fails, "\"fail_at\":\"%.*s\"", (int)call->step.size, call->step.data);
  if (contains(call->input, fails)) {
    call->host->set_error(call->ctx, text("moving.asked"), text("It was asked to fail."), text(""));
    return TENANTRY_FAILED;
  }
  if (!call->host->sleep_ms(call->ctx, contains(call->input, "\"pause_ms\":200") ? 200 : 5)) return TENANTRY_CANCELLED;
  (void)snprintf(output, sizeof output, "{\"version\":\"%s\"}", kVersion);
  call->host->set_output(call->ctx, text(output));
  return TENANTRY_DONE;
}

const tenantry_plugin* tenantry_plugin_v1(void) {
  static const tenantry_plugin self = {.magic = TENANTRY_MAGIC,
                                       .size = sizeof(tenantry_plugin),
                                       .abi_major = TENANTRY_ABI_MAJOR,
                                       .abi_minor = TENANTRY_ABI_MINOR,
                                       .manifest = manifest,
                                       .open = open_engine,
                                       .close = close_engine,
                                       .invoke = invoke};
  return &self;
}
