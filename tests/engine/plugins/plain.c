/* An engine that can be made wrong in one way at a time, by definitions given when it is compiled. */
#include <stddef.h>
#include <stdint.h>
#include <tenantry/abi.h>

#ifndef MAGIC
#define MAGIC TENANTRY_MAGIC
#endif
#ifndef MAJOR
#define MAJOR TENANTRY_ABI_MAJOR
#endif
#ifndef MINOR
#define MINOR TENANTRY_ABI_MINOR
#endif
#ifndef MIN_HOST_MINOR
#define MIN_HOST_MINOR 0
#endif
#ifndef SIZE
#define SIZE sizeof(tenantry_plugin)
#endif
#ifndef INVOKE
#define INVOKE invoke
#endif
#ifndef NAME
#define NAME "plain"
#endif
#ifndef VERSION
#define VERSION "1.0.0"
#endif
#ifndef STEPS
#define STEPS "{\"id\":\"one\"}"
#endif
#ifndef MANIFEST
#define MANIFEST                                                                      \
  "{\"engine\":\"" NAME "\",\"version\":\"" VERSION                                   \
  "\",\"request\":{\"type\":\"object\"},"                                             \
  "\"settings\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{" \
  "\"port\":{\"type\":\"integer\",\"default\":80}}},\"steps\":[" STEPS "]}"
#endif

#define TEXT(literal) ((tenantry_text){literal, sizeof(literal) - 1})

struct tenantry_engine {
  int unused;
};

static void manifest(tenantry_sink sink, void* to) {
#if defined(CHANGING)
  static int asked = 0;
  sink(to, ++asked % 2 == 1 ? TEXT(MANIFEST) : TEXT(MANIFEST " "));
#elif defined(ENDLESS)
  for (int i = 0; i < 2000; ++i) {
    static const char kilobyte[1024] = {0};
    sink(to, (tenantry_text){kilobyte, sizeof kilobyte});
  }
#elif defined(IN_PIECES)
  static const char whole[] = MANIFEST;
  for (size_t i = 0; i + 1 < sizeof whole; ++i) sink(to, (tenantry_text){whole + i, 1});
#elif defined(SILENT)
  (void)sink;
  (void)to;
#else
  sink(to, TEXT(MANIFEST));
#endif
}

static tenantry_engine* open_engine(tenantry_text settings, tenantry_sink error, void* to) {
  static tenantry_engine self;
  (void)settings;
#if defined(OPEN_FAILS)
  error(to, TEXT("no connection to "));
  error(to, TEXT("the database"));
  return NULL;
#elif defined(OPEN_FAILS_SILENTLY)
  return NULL;
#elif defined(OPEN_SHOWS_SETTINGS)
  error(to, settings);
  return NULL;
#endif
  (void)error;
  (void)to;
  return &self;
}

static void close_engine(tenantry_engine* engine) { (void)engine; }

static inline tenantry_outcome invoke(tenantry_engine* engine, const tenantry_call* call) {
  (void)engine;
  call->host->set_output(call->ctx, TEXT("{}"));
  return TENANTRY_DONE;
}

#if defined(EXTRA_EXPORT)
TENANTRY_EXPORT int plain_helper(void);
int plain_helper(void) { return 1; }
TENANTRY_EXPORT int plain_state;
int plain_state = 1;
#endif

#if defined(NO_ENTRY)
TENANTRY_EXPORT const tenantry_plugin* tenantry_plugin_v9(void);
const tenantry_plugin* tenantry_plugin_v9(void) {
#else
const tenantry_plugin* tenantry_plugin_v1(void) {
#endif
#if defined(NO_TABLE)
  return NULL;
#endif
  static const tenantry_plugin self = {.magic = MAGIC,
                                       .size = SIZE,
                                       .abi_major = MAJOR,
                                       .abi_minor = MINOR,
                                       .min_host_minor = MIN_HOST_MINOR,
                                       .built_with = {"plain C", 7},
                                       .manifest = manifest,
                                       .open = open_engine,
                                       .close = close_engine,
                                       .invoke = INVOKE};
  return &self;
}
