/* An engine whose steps behave badly, or ask the host for something and report what they got. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenantry/abi.h>
#include <time.h>

#define TEXT(literal) ((tenantry_text){literal, sizeof(literal) - 1})
#define STEP(name) \
  "{\"id\":\"" name "\",\"secrets\":[\"db_admin\"],\"operations\":[\"run\",\"undo\",\"verify\",\"plan\"]}"

struct tenantry_engine {
  int unused;
};

static const char kManifest[] =
    "{\"engine\":\"probe\",\"version\":\"1.0.0\",\"request\":{\"type\":\"object\"},\"steps\":["
    "{\"id\":\"echo\",\"output\":{\"type\":\"object\",\"required\":[\"n\"],\"properties\":{\"n\":{\"type\":\"integer\"}}}},"
    STEP("outcome") "," STEP("output_of_size") "," STEP("talk") "," STEP("secret") "," STEP("checkpoint") ","
    STEP("sleep") "," STEP("poll") "," STEP("late") "," STEP("stubborn") "," STEP("exit_thread") "," STEP("wait") ","
    STEP("fail") "," STEP("call") "]}";

static void manifest(tenantry_sink sink, void* to) { sink(to, TEXT(kManifest)); }
static tenantry_engine* open_engine(tenantry_text settings, tenantry_sink error, void* to) {
  static tenantry_engine self;
  (void)settings, (void)error, (void)to;
  return &self;
}
static void close_engine(tenantry_engine* engine) { (void)engine; }

static int is(const tenantry_call* call, const char* step) {
  return call->step.size == strlen(step) && memcmp(call->step.data, step, call->step.size) == 0;
}
static tenantry_text text(const char* words) { return (tenantry_text){words, strlen(words)}; }

/* The number that the input consists of. */
static long number(const tenantry_call* call) {
  char copy[32] = {0};
  memcpy(copy, call->input.data, call->input.size < 31 ? call->input.size : 31);
  return strtol(copy, NULL, 10);
}

static void pause_ms(long time) {
  struct timespec span = {time / 1000, time % 1000 * 1000000};
  nanosleep(&span, NULL);
}

static void talk(const tenantry_call* call) {
  const tenantry_host* host = call->host;
  static char huge[40000];
  memset(huge, 'x', sizeof huge);
  host->log(call->ctx, 99, text("level \xFF\xC3("), TEXT("not json"));
  host->log(call->ctx, TENANTRY_LOG_WARN, (tenantry_text){huge, sizeof huge}, TEXT("{\"a\":1}"));
  host->log(call->ctx, TENANTRY_LOG_DEBUG, (tenantry_text){NULL, 7}, TEXT("[1]"));
  host->progress(call->ctx, 5000, TEXT("half"));
  host->heartbeat(call->ctx);
  host->emit(call->ctx, TEXT("probe.seen"), TEXT("{\"n\":1}"));
  host->emit(call->ctx, TEXT("Not A Type"), TEXT("{}"));
  host->emit(call->ctx, TEXT("probe.broken"), TEXT("{"));
}

static tenantry_outcome secret(const tenantry_call* call) {
  tenantry_text value = TEXT("none");
  tenantry_text other;
  char output[200];
  const int found = call->host->get_secret(call->ctx, TEXT("db_admin"), &value);
  const int undeclared = call->host->get_secret(call->ctx, TEXT("root"), &other);
  const tenantry_secrets* secrets = call->host->get_extension(call->ctx, text(TENANTRY_EXTENSION_SECRETS));
  const int stored = secrets && secrets->put_secret(call->ctx, TEXT("api_key"), TEXT("k3y"));
  const int unnamed = secrets && secrets->put_secret(call->ctx, TEXT("no good name"), TEXT("k3y"));
  const int unknown = call->host->get_extension(call->ctx, TEXT("x-unknown/1")) != NULL;
  snprintf(output, sizeof output, "[%d,\"%.*s\",%d,%d,%d,%d]", found, (int)value.size, value.data, undeclared, stored,
           unnamed, unknown);
  call->host->set_output(call->ctx, text(output));
  return TENANTRY_DONE;
}

static tenantry_outcome checkpoint(const tenantry_call* call) {
  static char bytes[300 * 1024];
  char output[64];
  const int kept = call->host->save_checkpoint(call->ctx, (tenantry_text){bytes, (uint64_t)number(call)});
  snprintf(output, sizeof output, "{\"kept\":%d}", kept);
  call->host->set_output(call->ctx, text(output));
  return TENANTRY_DONE;
}

static tenantry_outcome sleep_step(const tenantry_call* call) {
  char output[100];
  const int slept = call->host->sleep_ms(call->ctx, (uint64_t)number(call));
  if (!slept) return TENANTRY_CANCELLED;
  snprintf(output, sizeof output, "{\"unlimited\":%d}", call->host->remaining_ms(call->ctx) == UINT64_MAX);
  call->host->set_output(call->ctx, text(output));
  return TENANTRY_DONE;
}

static tenantry_outcome poll_step(const tenantry_call* call) {
  struct pollfd cancel = {call->host->cancel_fd(call->ctx), POLLIN, 0};
  if (call->host->cancel_fd(call->ctx) != cancel.fd) return TENANTRY_FAILED;
  call->host->heartbeat(call->ctx);
  if (poll(&cancel, 1, 30000) != 1) return TENANTRY_FAILED;
  return call->host->is_cancelled(call->ctx) ? TENANTRY_CANCELLED : TENANTRY_FAILED;
}

/* Input 1: remembers its context. Input 2: uses the remembered one, whose call is long over. */
static tenantry_outcome late(const tenantry_call* call) {
  static tenantry_ctx* kept;
  const tenantry_host* host = call->host;
  if (number(call) == 1) {
    kept = call->ctx;
    host->set_output(call->ctx, TEXT("{}"));
    return TENANTRY_DONE;
  }
  char output[200];
  tenantry_text value;
  host->log(kept, TENANTRY_LOG_INFO, TEXT("late"), TEXT(""));
  host->progress(kept, 1, TEXT("late"));
  host->heartbeat(kept);
  host->set_output(kept, TEXT("{\"late\":true}"));
  host->emit(kept, TEXT("late"), TEXT("{}"));
  snprintf(output, sizeof output, "[%d,%d,%d,%d,%d,%d]", host->is_cancelled(kept),
           host->save_checkpoint(kept, TEXT("x")), host->get_secret(kept, TEXT("db_admin"), &value),
           host->sleep_ms(kept, 60000), host->cancel_fd(kept), (int)host->remaining_ms(kept));
  host->log(NULL, TENANTRY_LOG_INFO, TEXT("nobody"), TEXT(""));
  host->set_output(call->ctx, text(output));
  return TENANTRY_DONE;
}

/* Does not react to anything but input 2 in another call. */
static tenantry_outcome stubborn(const tenantry_call* call) {
  static atomic_int generation;
  if (number(call) == 2) {
    ++generation;
  } else {
    const int mine = generation;
    call->host->heartbeat(call->ctx);
    while (generation == mine) pause_ms(1);
    call->host->log(call->ctx, TENANTRY_LOG_INFO, TEXT("after all"), TEXT(""));
  }
  call->host->set_output(call->ctx, TEXT("{}"));
  return TENANTRY_DONE;
}

static tenantry_outcome invoke(tenantry_engine* engine, const tenantry_call* call) {
  (void)engine;
  const tenantry_host* host = call->host;
  if (is(call, "echo")) {
    host->set_output(call->ctx, call->input);
    return TENANTRY_DONE;
  }
  if (is(call, "outcome")) return (tenantry_outcome)number(call);
  if (is(call, "output_of_size")) {
    static char bytes[2 << 20];
    memset(bytes, '1', sizeof bytes);
    bytes[0] = '"';
    bytes[number(call) - 1] = '"';
    host->set_output(call->ctx, (tenantry_text){bytes, (uint64_t)number(call)});
    return TENANTRY_DONE;
  }
  if (is(call, "talk")) {
    talk(call);
    host->set_output(call->ctx, TEXT("{}"));
    return TENANTRY_DONE;
  }
  if (is(call, "secret")) return secret(call);
  if (is(call, "checkpoint")) return checkpoint(call);
  if (is(call, "sleep")) return sleep_step(call);
  if (is(call, "poll")) return poll_step(call);
  if (is(call, "late")) return late(call);
  if (is(call, "stubborn")) return stubborn(call);
  if (is(call, "exit_thread")) pthread_exit(NULL);
  if (is(call, "wait")) {
    host->set_retry_after(call->ctx, (uint64_t)number(call));
    host->set_error(call->ctx, TEXT("probe.not_yet"), TEXT("not yet"), TEXT(""));
    return TENANTRY_WAIT;
  }
  if (is(call, "fail")) {
    host->set_error(call->ctx, TEXT("probe.first"), TEXT("overwritten"), TEXT(""));
    host->set_error(call->ctx, TEXT("probe.rate_limited"), text("too \xFF fast"),
                    TEXT("{\"next_action\":\"Wait.\",\"pointer\":\"/a\"}"));
    return TENANTRY_FAILED;
  }
  if (is(call, "call")) {
    char output[600];
    snprintf(output, sizeof output, "[%d,\"%.*s\",\"%.*s\",\"%.*s\",%u,%u,\"%.*s\",\"%.*s\",\"%.*s\",%u]",
             (int)call->op, (int)call->run_id.size, call->run_id.data, (int)call->tenant_id.size, call->tenant_id.data,
             (int)call->idempotency_key.size, call->idempotency_key.data, call->attempt, call->max_attempts,
             (int)call->output.size, call->output.data, (int)call->checkpoint.size, call->checkpoint.data,
             (int)call->traceparent.size, call->traceparent.data, host->abi_major);
    host->set_output(call->ctx, text(output));
    return TENANTRY_DONE;
  }
  return TENANTRY_UNSUPPORTED;
}

const tenantry_plugin* tenantry_plugin_v1(void) {
  static const tenantry_plugin self = {.magic = TENANTRY_MAGIC,
                                       .size = sizeof(tenantry_plugin),
                                       .abi_major = TENANTRY_ABI_MAJOR,
                                       .abi_minor = TENANTRY_ABI_TARGET,
                                       .built_with = {"plain C", 7},
                                       .manifest = manifest,
                                       .open = open_engine,
                                       .close = close_engine,
                                       .invoke = invoke};
  return &self;
}
