/* An engine in C11 with nothing but the contract: it keeps the books of a tenant in files. Four steps, of which two can
 * go on at the same time:
 *
 *   make_room --+--> write_ledger --+--> publish
 *               +--> write_profile -+
 *
 * Every step looks before it acts, so that it can be run again after any interruption; writes a file under another name
 * first, so that nobody ever sees half of it; can be verified, and taken back without touching what it did not make. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_SCHEMA "{\"type\":\"string\",\"minLength\":1,\"maxLength\":31,\"pattern\":\"^[a-z][a-z0-9-]*$\"}"
#define FILE_SCHEMA "{\"type\":\"object\",\"required\":[\"file\"],\"properties\":{\"file\":{\"type\":\"string\"}}}"
#define REQUEST "\"request\":{\"from\":\"/request\"}"
#define OPERATIONS "\"operations\":[\"run\",\"undo\",\"verify\"],\"repeatable\":true"

static const char kManifest[] =
    "{\"engine\":\"ledger\",\"version\":\"1.0.0\",\"title\":\"Ledger in files\","
    "\"request\":{\"type\":\"object\",\"required\":[\"name\"],\"properties\":{\"name\":" NAME_SCHEMA
    ",\"accounts\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":9999,\"default\":12}}},"
    "\"settings\":{\"type\":\"object\",\"required\":[\"directory\"],\"properties\":{"
    "\"directory\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":200}}},"
    "\"steps\":["
    "{\"id\":\"make_room\",\"title\":\"Make the room\",\"input\":{" REQUEST "},\"output\":" FILE_SCHEMA "," OPERATIONS
    "},"
    "{\"id\":\"write_ledger\",\"title\":\"Write the ledger\",\"input\":{" REQUEST
    ",\"room\":{\"from\":\"/steps/make_room/"
    "output\"}},\"output\":{\"type\":\"object\",\"required\":[\"file\",\"accounts\"],"
    "\"properties\":{\"file\":{\"type\":\"string\"},\"accounts\":{\"type\":\"integer\"}}}," OPERATIONS
    "},"
    "{\"id\":\"write_profile\",\"title\":\"Write the profile\",\"input\":{" REQUEST
    ",\"room\":{\"from\":\"/steps/make_room/output\"}},\"output\":" FILE_SCHEMA "," OPERATIONS
    "},"
    "{\"id\":\"publish\",\"title\":\"Publish\",\"input\":{" REQUEST
    ",\"ledger\":{\"from\":\"/steps/write_ledger/output\"}},\"after\":[\"write_profile\"],\"output\":" FILE_SCHEMA
    ",\"exclusive\":\"ledger.publish\"," OPERATIONS "}]}";

static void manifest(tenantry_sink sink, void* to) { sink(to, text_of(kManifest)); }

static tenantry_engine* open_engine(tenantry_text settings, tenantry_sink error, void* to) {
  tenantry_engine* engine = calloc(1, sizeof *engine);
  if (engine == NULL) {
    error(to, text_of("out of memory"));
    return NULL;
  }
  if (!read_text(settings, "directory", engine->root, sizeof engine->root)) {
    error(to, text_of("the setting directory is longer than 200 bytes, or not plain text"));
    free(engine);
    return NULL;
  }
  if (access(engine->root, W_OK | X_OK) != 0) {
    error(to, text_of("the setting directory names no folder that can be written to"));
    free(engine);
    return NULL;
  }
  return engine;
}

static void close_engine(tenantry_engine* engine) { free(engine); }

static tenantry_outcome invoke(tenantry_engine* engine, const tenantry_call* call) {
  static const struct {
    const char* id;
    tenantry_outcome (*run)(const struct step*);
    tenantry_outcome (*undo)(const struct step*);
    tenantry_outcome (*verify)(const struct step*);
  } kSteps[] = {{"make_room", run_room, undo_room, verify_room},
                {"write_ledger", run_ledger, undo_file, verify_ledger},
                {"write_profile", run_profile, undo_file, verify_profile},
                {"publish", run_publish, undo_file, verify_publish}};
  for (size_t i = 0; i < sizeof kSteps / sizeof *kSteps; ++i) {
    struct step step;
    if (!is_text(call->step, kSteps[i].id)) continue;
    if (call->op != TENANTRY_OP_RUN && call->op != TENANTRY_OP_UNDO && call->op != TENANTRY_OP_VERIFY) break;
    if (!read_step(engine, call, &step))
      return fail(call, TENANTRY_FAILED, "ledger.invalid_input", "The input is not what the manifest asks for.");
    if (call->op == TENANTRY_OP_RUN) {
      if (call->host->is_cancelled(call->ctx)) return TENANTRY_CANCELLED;
      return kSteps[i].run(&step);
    }
    return call->op == TENANTRY_OP_UNDO ? kSteps[i].undo(&step) : kSteps[i].verify(&step);
  }
  return TENANTRY_UNSUPPORTED;
}

TENANTRY_EXPORT const tenantry_plugin* tenantry_plugin_v1(void) {
  static const tenantry_plugin self = {.magic = TENANTRY_MAGIC,
                                       .size = sizeof(tenantry_plugin),
                                       .abi_major = TENANTRY_ABI_MAJOR,
                                       .abi_minor = TENANTRY_ABI_MINOR,
                                       .built_with = {"C " __VERSION__, sizeof("C " __VERSION__) - 1},
                                       .manifest = manifest,
                                       .open = open_engine,
                                       .close = close_engine,
                                       .invoke = invoke};
  return &self;
}
