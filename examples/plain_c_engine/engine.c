/* A whole engine in C11, no SDK: one step that makes a directory. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tenantry/abi.h>
#include <unistd.h>

#define TEXT(literal) ((tenantry_text){literal, sizeof(literal) - 1})

struct tenantry_engine {
  char root[256];
};

static const char kManifest[] =
    "{\"engine\":\"plain_c\",\"version\":\"1.0.0\",\"title\":\"Plain C\",\"manifest\":1,"
    "\"request\":{\"type\":\"object\",\"required\":[\"tenant\"],\"properties\":{\"tenant\":{\"type\":\"string\"}}},"
    "\"steps\":[{\"id\":\"make_directory\",\"input\":{\"request\":{\"from\":\"/request\",\"members\":[\"tenant\"]}},"
    "\"output\":{\"type\":\"object\",\"required\":[\"path\"],\"properties\":{\"path\":{\"type\":\"string\"}}},"
    "\"operations\":[\"run\",\"undo\"],\"repeatable\":true}]}";

static void manifest(tenantry_sink sink, void* to) { sink(to, TEXT(kManifest)); }

static tenantry_engine* open_engine(tenantry_text settings, tenantry_sink error, void* to) {
  (void)settings;
  tenantry_engine* engine = calloc(1, sizeof *engine);
  if (!engine) {
    error(to, TEXT("out of memory"));
    return NULL;
  }
  const char* root = getenv("PLAIN_C_ROOT");
  if (!root) root = getenv("TMPDIR"); /* what an engine in a process of its own sees of the environment */
  snprintf(engine->root, sizeof engine->root, "%s", root ? root : "/tmp");
  return engine;
}

static void close_engine(tenantry_engine* engine) { free(engine); }

static int is(tenantry_text text, const char* word) {
  return text.size == strlen(word) && memcmp(text.data, word, text.size) == 0;
}

static tenantry_outcome run(const tenantry_call* call, const char* path) {
  char output[600];
  const int size = snprintf(output, sizeof output, "{\"path\":\"%s\"}", path);
  const int made = mkdir(path, 0700) == 0;
  if (!made && errno != EEXIST) {
    call->host->set_error(call->ctx, TEXT("plain_c.mkdir"), TEXT("cannot create the directory"), TEXT(""));
    return TENANTRY_RETRY;
  }
  call->host->set_output(call->ctx, (tenantry_text){output, (uint64_t)size});
  return made ? TENANTRY_DONE : TENANTRY_ALREADY_DONE;
}

static tenantry_outcome invoke(tenantry_engine* engine, const tenantry_call* call) {
  if (!is(call->step, "make_directory")) return TENANTRY_UNSUPPORTED;
  if (call->input.size == 0 || call->input.data[0] != '{' || call->input.data[call->input.size - 1] != '}') {
    call->host->set_error(call->ctx, TEXT("plain_c.bad_input"), TEXT("the input is not an object"), TEXT(""));
    return TENANTRY_FAILED;
  }
  char path[512];
  snprintf(path, sizeof path, "%s/%.*s", engine->root, (int)call->tenant_id.size, call->tenant_id.data);
  switch (call->op) {
    case TENANTRY_OP_RUN:
      return call->host->is_cancelled(call->ctx) ? TENANTRY_CANCELLED : run(call, path);
    case TENANTRY_OP_UNDO:
      return rmdir(path) == 0 || errno == ENOENT ? TENANTRY_DONE : TENANTRY_RETRY;
    default:
      return TENANTRY_UNSUPPORTED;
  }
}

const tenantry_plugin* tenantry_plugin_v1(void) {
  static const tenantry_plugin self = {
      .magic = TENANTRY_MAGIC,
      .size = sizeof(tenantry_plugin),
      .abi_major = TENANTRY_ABI_MAJOR,
      .abi_minor = TENANTRY_ABI_TARGET,
      .built_with = {"plain C " __VERSION__, sizeof("plain C " __VERSION__) - 1},
      .manifest = manifest,
      .open = open_engine,
      .close = close_engine,
      .invoke = invoke,
  };
  return &self;
}
