/* A host that offers all that its header has: loads the engine, calls it, and prints in one line what came of it. What
 * it hands over ends where a page ends, and the next one cannot be read: an engine that looks further than the size
 * says is killed. Usage: host FILE.so */
#include <abi.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef const tenantry_plugin* (*entry_function)(void);

struct tenantry_ctx {
  char output[300];
  int events;
  unsigned long counted;
};

static void set_output(tenantry_ctx* ctx, tenantry_text json) {
  snprintf(ctx->output, sizeof ctx->output, "%.*s", (int)json.size, json.data);
}
static void set_error(tenantry_ctx* ctx, tenantry_text code, tenantry_text message, tenantry_text detail) {
  (void)code, (void)detail;
  snprintf(ctx->output, sizeof ctx->output, "error: %.*s", (int)message.size, message.data);
}
static int32_t is_cancelled(tenantry_ctx* ctx) { return (void)ctx, 0; }
static void emit(tenantry_ctx* ctx, tenantry_text type, tenantry_text json) {
  (void)type, (void)json;
  ++ctx->events;
}
#if TENANTRY_ABI_TARGET >= 1
static void count(tenantry_ctx* ctx, tenantry_text what, uint64_t more) {
  (void)what;
  ctx->counted += more;
}
#endif

static void append(void* to, tenantry_text text) {
  char* end = (char*)to + strlen(to);
  memcpy(end, text.data, text.size);
  end[text.size] = '\0';
}

/* A copy whose last byte is the last of a page. */
static void* at_the_edge(const void* bytes, size_t size) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char* at = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED || mprotect(at + page, page, PROT_NONE) != 0) exit(2);
  return memcpy(at + page - size, bytes, size);
}

static tenantry_outcome invoke(const tenantry_plugin* plugin, tenantry_engine* engine, tenantry_op op,
                               struct tenantry_ctx* ctx) {
  const tenantry_host host = {
    .size = sizeof host,
    .abi_major = TENANTRY_ABI_MAJOR,
    .abi_minor = TENANTRY_ABI_TARGET,
    .set_output = set_output,
    .set_error = set_error,
    .is_cancelled = is_cancelled,
#if TENANTRY_ABI_TARGET >= 1
    .count = count,
#endif
    .emit = emit
  };
  const tenantry_call call = {
    .size = sizeof call,
    .op = op,
    .step = {"act", 3},
    .input = {"{}", 2},
    .host = at_the_edge(&host, sizeof host),
#if TENANTRY_ABI_TARGET >= 1
    .locale = {"sw", 2},
#endif
    .ctx = ctx
  };
  return plugin->invoke(engine, at_the_edge(&call, sizeof call));
}

int main(int argc, char** argv) {
  void* library = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
  entry_function entry = NULL;
  const tenantry_plugin* plugin;
  tenantry_engine* engine;
  struct tenantry_ctx ctx = {"", 0, 0};
  char text[4096] = "";
  tenantry_outcome outcome;
  if (!library) return fprintf(stderr, "%s\n", dlerror()), 2;
  *(void**)&entry = dlsym(library, TENANTRY_ENTRY_SYMBOL);
  plugin = entry ? entry() : NULL;
  if (!plugin || plugin->magic != TENANTRY_MAGIC || plugin->abi_major != TENANTRY_ABI_MAJOR) return 2;
  printf("host 1.%d, plugin 1.%d: ", TENANTRY_ABI_TARGET, plugin->abi_minor);
  if (plugin->min_host_minor > TENANTRY_ABI_TARGET)
    return printf("refused, it needs 1.%d\n", plugin->min_host_minor), 0;
  plugin->manifest(append, text);
  if (!strstr(text, "\"matrix\"")) return 2;
  text[0] = '\0';
  engine = plugin->open((tenantry_text){NULL, 0}, append, text);
  if (!engine) return fprintf(stderr, "%s\n", text), 2;

  outcome = invoke(plugin, engine, TENANTRY_OP_RUN, &ctx);
  printf("run %d %s, %d event, counted %lu", outcome, ctx.output, ctx.events, ctx.counted);
#if TENANTRY_ABI_TARGET >= 1
  ctx.output[0] = '\0';
  outcome = invoke(plugin, engine, TENANTRY_OP_ESTIMATE, &ctx);
  printf(", estimate %d %s", outcome, ctx.output);
  if (TENANTRY_HAS(plugin, describe)) plugin->describe(engine, append, text);
  printf(", described: %s", text[0] ? text : "no");
#endif
  printf("\n");
  plugin->close(engine);
  return 0;
}
