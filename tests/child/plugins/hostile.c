/* An engine that misbehaves in the way its input, its settings or a definition asks for. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <tenantry/abi.h>
#include <time.h>
#include <unistd.h>

#ifndef NAME
#define NAME "hostile"
#endif
#define TEXT(literal) ((tenantry_text){literal, sizeof(literal) - 1})

static const char kManifest[] =
    "{\"engine\":\"" NAME
    "\",\"version\":\"1.0.0\","
    "\"request\":{\"type\":\"object\",\"properties\":{\"mode\":{\"type\":\"string\"}}},"
    "\"settings\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"open\":{\"type\":\"string\"},\"close\":{\"type\":\"string\"}}},"
    "\"steps\":[{\"id\":\"act\",\"input\":{\"request\":\"/request\"},\"secrets\":[\"db_admin\"],"
    "\"operations\":[\"run\",\"verify\"]},{\"id\":\"blind\",\"after\":[\"act\"],\"input\":{\"request\":\"/"
    "request\"},\"optional\":true}]}";

extern char** environ;

struct tenantry_engine {
  char close[32];
};

static int holds(tenantry_text text, const char* word) {
  char quoted[80];
  snprintf(quoted, sizeof quoted, "\"%s\"", word);
  return text.data != NULL && memmem(text.data, text.size, quoted, strlen(quoted)) != NULL;
}
static tenantry_text text(const char* words) { return (tenantry_text){words, strlen(words)}; }

static void pause_ms(long time) {
  struct timespec span = {time / 1000, time % 1000 * 1000000};
  nanosleep(&span, NULL);
}

/* In a way that neither a compiler nor a sanitizer sees coming. */
static int* volatile nowhere = NULL;
__attribute__((noinline, no_sanitize("undefined", "address", "thread"))) static void crash(void) { *nowhere = 1; }

static void hang(void) {
  for (;;) pause_ms(1000);
}

static void print_much(void) {
  static char piece[65536];
  memset(piece, 'x', sizeof piece);
  for (int i = 0; i < 512; ++i)
    if (write(1, piece, sizeof piece) < 0) return;
}

static void manifest(tenantry_sink sink, void* to) {
#if defined(CRASH_IN_MANIFEST)
  crash();
#elif defined(HANG_IN_MANIFEST)
  hang();
#elif defined(EXIT_IN_MANIFEST)
  exit(3);
#endif
  sink(to, TEXT(kManifest));
}

static void misbehave(tenantry_text settings, const char* when) {
  char word[64];
  snprintf(word, sizeof word, "%s_segv", when);
  if (holds(settings, word)) crash();
  snprintf(word, sizeof word, "%s_hang", when);
  if (holds(settings, word)) hang();
  snprintf(word, sizeof word, "%s_print", when);
  if (holds(settings, word)) print_much();
}

static tenantry_engine* open_engine(tenantry_text settings, tenantry_sink error, void* to) {
  tenantry_engine* self = calloc(1, sizeof *self);
  (void)error, (void)to;
  misbehave(settings, "open");
  if (holds(settings, "close_segv")) strcpy(self->close, "\"close_segv\"");
  if (holds(settings, "close_hang")) strcpy(self->close, "\"close_hang\"");
  if (holds(settings, "close_mark")) strcpy(self->close, "mark");
  return self;
}

static void close_engine(tenantry_engine* engine) {
  misbehave(text(engine->close), "close");
  if (strcmp(engine->close, "mark") == 0) puts("closed in an orderly way");
  free(engine);
}

static int descriptors(void) {
  int count = 0;
  DIR* folder = opendir("/proc/self/fd");
  if (folder == NULL) return -1;
  while (readdir(folder) != NULL) ++count;
  closedir(folder);
  return count - 3; /* . and .. and its own */
}

static tenantry_outcome look(const tenantry_call* call) {
  static char output[20000];
  struct rlimit core, data, files;
  getrlimit(RLIMIT_CORE, &core);
  getrlimit(RLIMIT_DATA, &data);
  getrlimit(RLIMIT_NOFILE, &files);
  int at = snprintf(output, sizeof output,
                    "{\"pid\":%d,\"descriptors\":%d,\"core\":%llu,\"data\":%llu,\"files\":%llu,"
                    "\"leader\":%d,\"uid\":%d,\"environment\":[\"\"",
                    (int)getpid(), descriptors(), (unsigned long long)core.rlim_cur, (unsigned long long)data.rlim_cur,
                    (unsigned long long)files.rlim_cur, getpgrp() == getpid(), (int)getuid());
  for (char** one = environ; *one && at < 15000; ++one)
    at += snprintf(output + at, sizeof output - (size_t)at, ",\"%.*s\"", (int)strcspn(*one, "="), *one);
  snprintf(output + at, sizeof output - (size_t)at, "]}");
  call->host->set_output(call->ctx, text(output));
  return TENANTRY_DONE;
}

static tenantry_outcome use_memory(const tenantry_call* call, int careful) {
  for (int i = 0; i < 4096; ++i) {
    char* piece = malloc(1 << 20);
    if (piece == NULL && careful) {
      call->host->set_error(call->ctx, TEXT("hostile.memory"), TEXT("no memory"), TEXT(""));
      return TENANTRY_FAILED;
    }
    memset(piece, 1, 1 << 20);
  }
  return TENANTRY_DONE;
}

/* Into everything that is open but standard output. */
static void write_garbage(void) {
  unsigned char bytes[4096];
  for (size_t i = 0; i < sizeof bytes; ++i) bytes[i] = (unsigned char)(i * 131 + 7);
  for (int fd = 3; fd < 100; ++fd)
    if (write(fd, bytes, sizeof bytes) < 0) continue;
}

static tenantry_outcome leave_children(const tenantry_call* call) {
  char output[200] = "[0";
  for (int i = 0; i < 5; ++i) {
    const pid_t child = fork();
    if (child == 0) hang();
    snprintf(output + strlen(output), 20, ",%d", (int)child);
  }
  strcat(output, "]");
  call->host->log(call->ctx, TENANTRY_LOG_INFO, text(output), TEXT(""));
  pause_ms(50);
  crash();
  return TENANTRY_FAILED;
}

static void* end_process_later(void* unused) {
  (void)unused;
  pause_ms(20);
  crash();
  return NULL;
}

static tenantry_outcome act(const tenantry_call* call) {
  const tenantry_host* host = call->host;
  const tenantry_text in = call->input;
  if (call->step.size == 5 && !holds(in, "blind")) { /* the other step misbehaves */
    host->set_output(call->ctx, TEXT("{}"));
    return TENANTRY_DONE;
  }
  if (call->step.size == 5) crash();
  if (holds(in, "once") && call->checkpoint.size == 0) {
    if (!host->save_checkpoint(call->ctx, TEXT("was here"))) return TENANTRY_FAILED;
    crash();
  }
  if (holds(in, "segv")) crash();
  if (holds(in, "abort")) abort();
  if (holds(in, "exit")) exit(0);
  if (holds(in, "exit_at_once")) _exit(0);
  if (holds(in, "kill")) raise(SIGKILL);
  if (holds(in, "pthread_exit")) pthread_exit(NULL);
  if (holds(in, "beat_and_spin")) {
    host->heartbeat(call->ctx);
    for (volatile int i = 0;; ++i) continue;
  }
  if (holds(in, "deadlock")) {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    host->heartbeat(call->ctx);
    pthread_mutex_lock(&mutex);
  }
  if (holds(in, "stop")) {
    host->heartbeat(call->ctx);
    raise(SIGSTOP);
  }
  if (holds(in, "wait")) {
    host->heartbeat(call->ctx);
    return host->sleep_ms(call->ctx, 600000) ? TENANTRY_FAILED : TENANTRY_CANCELLED;
  }
  if (holds(in, "memory")) return use_memory(call, 0);
  if (holds(in, "memory_with_care")) return use_memory(call, 1);
  if (holds(in, "garbage")) write_garbage(), hang();
  if (holds(in, "close_all"))
    for (int fd = 3; fd < 100; ++fd) close(fd);
  if (holds(in, "print")) print_much();
  if (holds(in, "print_secret")) {
    tenantry_text secret = TEXT("");
    host->get_secret(call->ctx, TEXT("db_admin"), &secret);
    printf("the password is %.*s, I think\n", (int)secret.size, secret.data);
    host->log(call->ctx, TENANTRY_LOG_INFO, TEXT("printed"), TEXT(""));
    pause_ms(100);
  }
  if (holds(in, "talk"))
    for (int i = 0; i < 10000; ++i) host->log(call->ctx, TENANTRY_LOG_INFO, TEXT("ten thousand lines"), TEXT(""));
  if (holds(in, "leave_children")) return leave_children(call);
  if (holds(in, "crash_after_answer")) {
    pthread_t thread;
    pthread_create(&thread, NULL, end_process_later, NULL);
    pthread_detach(thread);
  }
  if (holds(in, "look")) return look(call);
  if (holds(in, "checkpoint")) {
    char output[32];
    snprintf(output, sizeof output, "[%d]", host->save_checkpoint(call->ctx, TEXT("mark")));
    host->set_output(call->ctx, text(output));
    return TENANTRY_DONE;
  }
  host->set_output(call->ctx, TEXT("{}"));
  return TENANTRY_DONE;
}

static tenantry_outcome invoke(tenantry_engine* engine, const tenantry_call* call) {
  (void)engine;
  if (call->op == TENANTRY_OP_RUN) return act(call);
  if (call->op != TENANTRY_OP_VERIFY) return TENANTRY_UNSUPPORTED;
  call->host->set_output(call->ctx, TEXT("{\"drift\":[]}"));
  return TENANTRY_DRIFTED;
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
