/* A right engine, and the same with one defect each, named by TENANTRY_MUTANT: what the conformance kit has to find.
 *
 * Three steps in a folder of the tenant: make_folder, write_file (saves a checkpoint, needs a secret, can be verified
 * and planned) and index (a line in a list that all tenants share). Input is taken apart by find(): enough for objects
 * of texts. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tenantry/abi.h>
#include <time.h>
#include <unistd.h>

#define MUTANTS(one)                                                                                                   \
  one(reserved_not_zero) one(manifest_counts) one(schema_keyword) one(default_refused) one(cycle) one(unknown_source)  \
      one(id_twice) one(accepts_anything) one(validate_refuses_all) one(validate_bad_list) one(no_output) one(         \
          output_undeclared) one(outcome_zero) one(outcome_unknown) one(skips_undeclared) one(throws_away_level)       \
          one(log_not_utf8) one(retries_for_ever) one(undo_counts_on_answer) one(acts_again) one(                      \
              already_done_without_output) one(fails_if_there) one(new_for_each_run) one(static_buffer) one(no_lock)   \
              one(retries_malformed) one(ignores_malformed) one(reads_past_input) one(crashes_on_wrong_type)           \
                  one(trusts_checkpoint) one(recurses) one(ignores_cancel) one(cancel_is_failed) one(cancel_in_verify) \
                      one(waits_for_deadline) one(half_file) one(checkpoint_first) one(lost_answer_doubles)            \
                          one(tries_for_first_attempt_only) one(goes_on_after_refusal) one(refusal_is_success)         \
                              one(secret_in_output) one(secret_in_log) one(secret_in_error) one(secret_in_checkpoint)  \
                                  one(secret_undeclared) one(secret_missing_unnamed) one(secret_missing_ignored_crash) \
                                      one(verify_always_in_sync) one(verify_always_drifted) one(verify_needs_output)   \
                                          one(undo_twice_fails) one(undo_does_nothing) one(undo_takes_too_much)        \
                                              one(undo_needs_output) one(plan_acts) one(verify_repairs)                \
                                                  one(verify_saves) one(plan_needs_everything) one(unknown_step_done)  \
                                                      one(unknown_op_runs) one(prefix_of_step) one(undeclared_op_done) \
                                                          one(leaves_thread) one(leaves_descriptor) one(leaves_child)  \
                                                              one(changes_folder) one(changes_umask)                   \
                                                                  one(changes_locale) one(changes_signal)              \
                                                                      one(changes_environment) one(prints) one(exits)  \
                                                                          one(opens_once) one(one_engine_for_all)      \
                                                                              one(refuses_silently) one(close_crashes) \
                                                                                  one(keeps_context) one(keeps_input)  \
                                                                                      one(reads_past_table)            \
                                                                                          one(exact_minor)             \
                                                                                              one(needs_extension)     \
                                                                                                  one(never_returns)   \
                                                                                                      one(event_type)

#define AS_NUMBER(name) M_##name,
enum { M_none, MUTANTS(AS_NUMBER) };
#define IS(name) (mutant == M_##name)

/* One file for all of them: which one this is stands in the environment when it is loaded. */
static int mutant;
__attribute__((constructor)) static void choose(void) {
#define AS_NAME(name) #name,
  static const char* const kNames[] = {"none", MUTANTS(AS_NAME)};
  const char* wanted = getenv("TENANTRY_MUTANT");
  for (int i = 0; wanted && i < (int)(sizeof kNames / sizeof *kNames); ++i)
    if (strcmp(wanted, kNames[i]) == 0) mutant = i;
}

#define TEXT(literal) ((tenantry_text){literal, sizeof(literal) - 1})
static tenantry_text text(const char* words) { return (tenantry_text){words, strlen(words)}; }

struct tenantry_engine {
  char root[512];
  pthread_mutex_t lock;
};

#define STEP_INDEX_AFTER                                                                                 \
  (IS(cycle)            ? ",\"after\":[\"write_file\",\"late\"]},{\"id\":\"late\",\"after\":[\"index\"]" \
   : IS(unknown_source) ? ",\"after\":[\"nobody\"]"                                                      \
                        : ",\"after\":[\"write_file\"]")

static int served;

static void manifest(tenantry_sink sink, void* to) {
  char out[4096];
  served += 1;
  const char* name_rule = IS(accepts_anything) ? "" : ",\"pattern\":\"^[a-z][a-z0-9]*$\",\"maxLength\":40";
  const int size = snprintf(
      out, sizeof out,
      "{\"engine\":\"mutant\",\"version\":\"1.0.%d\",\"title\":\"Mutant\",\"manifest\":1,"
      "\"settings\":{\"type\":\"object\",\"required\":[\"root\"],\"properties\":{\"root\":{\"type\":\"string\"}}},"
      "\"request\":{\"type\":\"object\",\"required\":[\"name\"],\"properties\":{\"name\":{\"type\":\"string\"%s%s}%s}},"
      "\"steps\":["
      "{\"id\":\"make_folder\",\"input\":{\"request\":{\"from\":\"/request\",\"members\":[\"name\"]}},"
      "\"output\":{\"type\":\"object\",\"required\":[\"path\"],\"properties\":{\"path\":{\"type\":\"string\"}}},"
      "\"operations\":[\"run\",\"undo\"],\"repeatable\":true},"
      "{\"id\":\"%s\",\"input\":{\"request\":\"/request\",\"folder\":\"/steps/make_folder/output\"},"
      "\"output\":{\"type\":\"object\",\"required\":[\"file\"],\"properties\":{\"file\":{\"type\":\"string\"}},"
      "\"additionalProperties\":false},"
      "\"operations\":[\"run\",\"undo\",\"verify\",\"plan\"],\"secrets\":[\"server.key\"],\"repeatable\":true},"
      "{\"id\":\"index\",\"input\":{\"request\":\"/request\"},\"operations\":[\"run\",\"undo\"],"
      "\"output\":{\"type\":\"object\"}%s}]}",
      IS(manifest_counts) ? served : 0, name_rule, IS(schema_keyword) ? ",\"contentEncoding\":\"base64\"" : "",
      IS(default_refused) ? ",\"count\":{\"type\":\"integer\",\"default\":\"three\"}" : "",
      IS(id_twice) ? "make_folder" : "write_file", STEP_INDEX_AFTER);
  sink(to, (tenantry_text){out, (uint64_t)size});
}

/* The text member `name` of the first object that has one; 0 if there is none, or if it is no text. */
static int find(tenantry_text json, const char* name, char* out, size_t room) {
  char key[80];
  const int length = snprintf(key, sizeof key, "\"%s\":\"", name);
  const char* found = json.size == 0 ? NULL : memmem(json.data, json.size, key, (size_t)length);
  if (!found) return 0;
  const char* from = found + length;
  const char* end = json.data + json.size;
  size_t size = 0;
  while (from < end && *from != '"' && size + 1 < room) {
    const unsigned char c = (unsigned char)*from++;
    if (c < ' ' || c == '\\' || c == '/' || c > 126) return 0;
    out[size++] = (char)c;
  }
  out[size] = 0;
  return size > 0 && from < end && *from == '"';
}

static int is(tenantry_text words, const char* other) {
  if (IS(prefix_of_step)) return words.size > 0 && strncmp(words.data, other, words.size) == 0;
  return words.size == strlen(other) && memcmp(words.data, other, words.size) == 0;
}

static tenantry_engine* the_one;

static tenantry_engine* open_engine(tenantry_text settings, tenantry_sink error, void* to) {
  static int opened;
  char root[512] = "";
  if (settings.size > 0) {
    const char* from = memmem(settings.data, settings.size, "\"root\":\"", 8);
    const char* end = from ? memchr(from + 8, '"', settings.size - (size_t)(from + 8 - settings.data)) : NULL;
    if (end && (size_t)(end - from - 8) < sizeof root) memcpy(root, from + 8, (size_t)(end - from - 8));
  }
  if (!*root || (IS(opens_once) && opened)) {
    if (!IS(refuses_silently)) error(to, TEXT("the settings name no root"));
    return NULL;
  }
  opened = 1;
  if (IS(one_engine_for_all) && the_one) return the_one;
  tenantry_engine* engine = calloc(1, sizeof *engine);
  if (!engine) return NULL;
  memcpy(engine->root, root, sizeof root);
  pthread_mutex_init(&engine->lock, NULL);
  the_one = engine;
  if (IS(changes_locale)) setlocale(LC_ALL, "C.UTF-8");
  if (IS(changes_signal)) signal(SIGPIPE, SIG_IGN);
  if (IS(changes_umask)) umask(0077);
  if (IS(changes_environment)) setenv("TZ", "UTC", 1);
  return engine;
}

static void close_engine(tenantry_engine* engine) {
  if (IS(one_engine_for_all)) return;
  if (IS(close_crashes)) engine = NULL, engine->root[0] = 1;
  pthread_mutex_destroy(&engine->lock);
  free(engine);
}

static tenantry_outcome failed(const tenantry_call* call, tenantry_outcome outcome, const char* code, const char* why) {
  call->host->set_error(call->ctx, text(code), text(why), (tenantry_text){NULL, 0});
  return outcome;
}

static void answer(const tenantry_call* call, const char* member, const char* value) {
  char out[1200];
  const int size = snprintf(out, sizeof out, "{\"%s\":\"%s\"}", member, value);
  call->host->set_output(call->ctx, (tenantry_text){out, (uint64_t)size});
}

static int exists(const char* path) { return access(path, F_OK) == 0; }

static int contents_are(const char* path, const char* wanted) {
  char found[1024] = "";
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  const ssize_t size = read(fd, found, sizeof found - 1);
  if (!IS(leaves_descriptor)) close(fd);
  return size >= 0 && (size_t)size == strlen(wanted) && memcmp(found, wanted, (size_t)size) == 0;
}

static int write_whole(const char* path, const char* words) {
  char draft[1100];
  snprintf(draft, sizeof draft, "%s.draft", path);
  const int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return 0;
  const int written = write(fd, words, strlen(words)) == (ssize_t)strlen(words);
  close(fd);
  return written && rename(draft, path) == 0;
}

/* Waits a little, as work does; 0 if it has to stop. */
static int work(const tenantry_call* call, unsigned milliseconds) {
  if (IS(ignores_cancel)) {
    const struct timespec long_time = {call->host->is_cancelled(call->ctx) ? 20 : 0, 1000000L * (long)milliseconds};
    nanosleep(&long_time, NULL);
    return 1;
  }
  return call->host->sleep_ms(call->ctx, milliseconds);
}

static tenantry_outcome stopped(const tenantry_call* call) {
  if (IS(cancel_is_failed)) return failed(call, TENANTRY_FAILED, "mutant.cancelled", "it was cancelled");
  return TENANTRY_CANCELLED;
}

static void* sleep_for_ever(void* nothing) {
  (void)nothing;
  for (;;) pause();
  return NULL;
}
static tenantry_call kept_call;
static void* call_late(void* nothing) {
  (void)nothing;
  const struct timespec moment = {0, 20000000};
  nanosleep(&moment, NULL);
  kept_call.host->heartbeat(kept_call.ctx);
  return NULL;
}

static void misbehave(const tenantry_call* call) {
  pthread_t thread;
  if (IS(leaves_thread)) pthread_create(&thread, NULL, sleep_for_ever, NULL);
  if (IS(keeps_context)) {
    kept_call = *call;
    pthread_create(&thread, NULL, call_late, NULL);
    pthread_detach(thread);
  }
  if (IS(leaves_child) && fork() == 0) {
    execlp("sleep", "sleep", "600", (char*)NULL);
    _exit(1);
  }
  if (IS(changes_folder) && chdir("/") != 0) abort();
  if (IS(prints)) printf("making a folder\n");
  if (IS(exits)) exit(0);
  if (IS(throws_away_level)) call->host->log(call->ctx, 7, TEXT("hello"), (tenantry_text){NULL, 0});
  if (IS(log_not_utf8)) call->host->log(call->ctx, TENANTRY_LOG_INFO, TEXT("caf\xe9"), (tenantry_text){NULL, 0});
  if (IS(event_type)) call->host->emit(call->ctx, TEXT("Folder Made!"), TEXT("{}"));
  if (IS(never_returns)) sleep_for_ever(NULL);
  if (IS(reads_past_table)) {
    void* const* beyond = (void* const*)(call->host + 1);
    if (*beyond == (void*)1) abort();
  }
}

struct paths {
  char folder[1024];
  char file[1040];
  char list[1024];
};

static tenantry_outcome make_folder(tenantry_engine* engine, const tenantry_call* call, const struct paths* at) {
  (void)engine;
  misbehave(call);
  if (call->op == TENANTRY_OP_UNDO) {
    if (IS(undo_takes_too_much)) unlink(at->list);
    if (IS(undo_does_nothing)) return TENANTRY_DONE;
    if (rmdir(at->folder) == 0 || errno == ENOTEMPTY) return TENANTRY_DONE;
    if (errno == ENOENT && !IS(undo_twice_fails)) return TENANTRY_DONE;
    return failed(call, TENANTRY_FAILED, "mutant.no_folder", "the folder is not there");
  }
  if (IS(waits_for_deadline) && call->host->remaining_ms(call->ctx) == 0) {
    const struct timespec long_time = {20, 0};
    nanosleep(&long_time, NULL);
  }
  if (!work(call, 1)) return stopped(call);
  char folder[1024];
  snprintf(folder, sizeof folder, "%s", at->folder);

  if (IS(acts_again) || IS(lost_answer_doubles))
    for (int i = 0; exists(folder); ++i) snprintf(folder, sizeof folder, "%.1000s.%d", at->folder, i);
  if (IS(retries_for_ever)) return failed(call, TENANTRY_RETRY, "mutant.busy", "busy");
  int made = mkdir(folder, 0700) == 0;
  if (!made && errno != EEXIST) return failed(call, TENANTRY_FAILED, "mutant.mkdir", "no folder can be made");
  if (!made && (IS(fails_if_there) || (IS(tries_for_first_attempt_only) && call->attempt > 1)))
    return failed(call, TENANTRY_FAILED, "mutant.exists", "the folder is there already");
  if (IS(new_for_each_run)) {
    char another[1100];
    snprintf(another, sizeof another, "%s-", at->folder);
    strncat(another, call->run_id.data, call->run_id.size < 60 ? call->run_id.size : 60);
    made = mkdir(another, 0700) == 0 || made;
  }
  call->host->progress(call->ctx, 1000, TEXT("made"));
  if (IS(needs_extension)) {
    const tenantry_secrets* secrets = call->host->get_extension(call->ctx, text(TENANTRY_EXTENSION_SECRETS));
    secrets->put_secret(call->ctx, TEXT("mutant.key"), TEXT("abcdefgh"));
  }
  if (IS(no_output)) return TENANTRY_DONE;
  if (IS(outcome_zero)) return 0;
  if (IS(outcome_unknown)) return 42;
  if (IS(skips_undeclared)) return TENANTRY_SKIPPED;
  if (!made && IS(already_done_without_output)) return TENANTRY_ALREADY_DONE;
  if (IS(static_buffer)) {
    static char shared[1024];
    snprintf(shared, sizeof shared, "%s", folder);
    if (!work(call, 20)) return stopped(call);
    answer(call, "path", shared);
  } else {
    answer(call, "path", folder);
  }
  return made ? TENANTRY_DONE : TENANTRY_ALREADY_DONE;
}

static tenantry_outcome write_file(const tenantry_call* call, const struct paths* at, const char* name) {
  char wanted[600];
  snprintf(wanted, sizeof wanted, "This belongs to %s.\n", name);
  char kept_name[64];
  if (call->op == TENANTRY_OP_PLAN) {
    if (IS(plan_acts)) write_whole(at->list, "planned\n");
    if (IS(plan_needs_everything) && !find(call->input, "path", kept_name, sizeof kept_name) &&
        memmem(call->input.data, call->input.size, "$unknown", 8))
      return failed(call, TENANTRY_FAILED, "mutant.no_folder", "the folder is not known yet");
    call->host->set_output(call->ctx, TEXT("{\"actions\":[]}"));
    return TENANTRY_DONE;
  }
  if (call->op == TENANTRY_OP_UNDO) {
    if (IS(undo_counts_on_answer) && call->output.size == 0 && exists(at->file))
      return failed(call, TENANTRY_FAILED, "mutant.not_ours", "the file is somebody else's");
    if (IS(undo_needs_output) && call->output.size == 0)
      return failed(call, TENANTRY_FAILED, "mutant.no_output", "no output");
    unlink(at->file);
    return TENANTRY_DONE;
  }
  if (call->op == TENANTRY_OP_VERIFY) {
    if (IS(cancel_in_verify) && call->host->is_cancelled(call->ctx)) sleep(20);
    if (IS(verify_saves)) call->host->save_checkpoint(call->ctx, TEXT("seen"));
    if (IS(verify_repairs)) {
      char seen[1100];
      snprintf(seen, sizeof seen, "%s.seen", at->file);
      write_whole(seen, "seen");
    }
    if (IS(verify_needs_output) && call->output.size == 0)
      return failed(call, TENANTRY_FAILED, "mutant.no_output", "no output");
    const int same = contents_are(at->file, wanted);
    if ((same && !IS(verify_always_drifted)) || IS(verify_always_in_sync)) return TENANTRY_DONE;
    call->host->set_output(call->ctx, TEXT("{\"drift\":[{\"what\":\"file\",\"expected\":\"it\",\"found\":\"none\"}]}"));
    return TENANTRY_DRIFTED;
  }
  if (!work(call, 1)) return stopped(call);
  tenantry_text secret = {NULL, 0};
  if (IS(secret_undeclared)) call->host->get_secret(call->ctx, TEXT("server.root_password"), &secret);
  const int has = call->host->get_secret(call->ctx, TEXT("server.key"), &secret);
  if (!has && IS(secret_missing_unnamed)) return failed(call, TENANTRY_FAILED, "mutant.denied", "permission denied");
  if (!has && !IS(secret_missing_ignored_crash))
    return failed(call, TENANTRY_FAILED, "mutant.no_key", "the secret server.key is missing");
  if (IS(secret_missing_ignored_crash) && secret.data[0] == 0) abort();
  char said[300];
  snprintf(said, sizeof said, "signed in with %.*s", (int)secret.size, secret.data);
  if (IS(secret_in_log)) call->host->log(call->ctx, TENANTRY_LOG_DEBUG, text(said), (tenantry_text){NULL, 0});
  if (IS(secret_in_checkpoint)) call->host->save_checkpoint(call->ctx, text(said));
  if (memmem(secret.data, secret.size, "canary", 6))
    return failed(call, TENANTRY_FAILED, "mutant.denied", IS(secret_in_error) ? said : "the key is not accepted");
  if (call->checkpoint.size != 0 && IS(trusts_checkpoint) && memcmp(call->checkpoint.data, "writing", 7) != 0) abort();
  if (IS(checkpoint_first) && call->checkpoint.size != 0) { /* "I was here, so it must be done" */
    answer(call, "file", at->file);
    return TENANTRY_ALREADY_DONE;
  }
  if (contents_are(at->file, wanted)) {
    answer(call, "file", IS(secret_in_output) ? said : at->file);
    return TENANTRY_ALREADY_DONE;
  }
  const int saved = call->host->save_checkpoint(call->ctx, TEXT("writing"));
  if (!saved && !IS(goes_on_after_refusal) && !IS(refusal_is_success)) return TENANTRY_CANCELLED;
  if (!saved && IS(refusal_is_success)) {
    answer(call, "file", at->file);
    return TENANTRY_DONE;
  }
  if (IS(half_file)) {
    const int fd = open(at->file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) return failed(call, TENANTRY_FAILED, "mutant.write", "cannot write");
    int written = write(fd, wanted, 5) == 5;
    call->host->heartbeat(call->ctx);
    written = written && write(fd, wanted + 5, strlen(wanted) - 5) > 0;
    close(fd);
  } else if (!write_whole(at->file, wanted)) {
    return failed(call, TENANTRY_FAILED, "mutant.write", "the file cannot be written");
  }
  call->host->log(call->ctx, TENANTRY_LOG_INFO, TEXT("written"), (tenantry_text){NULL, 0});
  if (!saved) return TENANTRY_CANCELLED;
  if (IS(output_undeclared)) {
    answer(call, "path", at->file);
    return TENANTRY_DONE;
  }
  answer(call, "file", IS(secret_in_output) ? said : at->file);
  return TENANTRY_DONE;
}

/* The list has a line for each tenant; read, changed and written under the lock. */
static tenantry_outcome index_tenant(tenantry_engine* engine, const tenantry_call* call, const struct paths* at,
                                     const char* name) {
  char line[200], list[8192] = "";
  snprintf(line, sizeof line, "%s\n", name);
  if (!work(call, 1)) return stopped(call);
  if (!IS(no_lock)) pthread_mutex_lock(&engine->lock);
  const int fd = open(at->list, O_RDONLY | O_CLOEXEC);
  ssize_t size = fd < 0 ? 0 : read(fd, list, sizeof list - 1);
  if (fd >= 0) close(fd);
  list[size > 0 ? size : 0] = 0;
  if (IS(no_lock)) {
    const struct timespec moment = {0, 5000000};
    nanosleep(&moment, NULL);
  }
  char* there = strstr(list, line);
  const int undo = call->op == TENANTRY_OP_UNDO;
  int good = 1;
  if (undo && there) {
    memmove(there, there + strlen(line), strlen(there + strlen(line)) + 1);
    good = *list ? write_whole(at->list, list) : unlink(at->list) == 0;
  } else if (!undo && !there) {
    strncat(list, line, sizeof list - strlen(list) - 1);
    good = write_whole(at->list, list);
  }
  if (!IS(no_lock)) pthread_mutex_unlock(&engine->lock);
  if (!good) return failed(call, TENANTRY_RETRY, "mutant.list", "the list cannot be written");
  call->host->set_output(call->ctx, TEXT("{}"));
  return there && !undo ? TENANTRY_ALREADY_DONE : TENANTRY_DONE;
}

static tenantry_outcome validate(const tenantry_call* call) {
  char name[200];
  const int good = find(call->input, "name", name, sizeof name);
  if (IS(accepts_anything)) {
    call->host->set_output(call->ctx, TEXT("{\"problems\":[]}"));
  } else if (IS(validate_bad_list)) {
    call->host->set_output(call->ctx, TEXT("[]"));
  } else if (good && !IS(validate_refuses_all)) {
    call->host->set_output(call->ctx, TEXT("{\"problems\":[]}"));
  } else {
    call->host->set_output(call->ctx, TEXT("{\"problems\":[{\"path\":\"/name\",\"message\":\"no name\"}]}"));
  }
  return TENANTRY_DONE;
}

static size_t depth(const char* from, const char* end) {
  volatile char frame[256];
  frame[0] = from < end ? *from : 0;
  const size_t below = frame[0] == '[' ? depth(from + 1, end) + 1 : 0;
  frame[1] = (char)below; /* so that no loop can be made of it */
  return below + (frame[1] == 1);
}

static tenantry_outcome invoke(tenantry_engine* engine, const tenantry_call* call) {
  if (IS(exact_minor) && (call->host->abi_minor != TENANTRY_ABI_MINOR || call->host->size != sizeof(tenantry_host)))
    return failed(call, TENANTRY_FAILED, "mutant.host", "this host is not known");
  if (IS(keeps_input)) {
    static tenantry_text before;
    if (before.size > 0 && before.data[before.size - 1] == 0) abort();
    before = call->input;
  }
  if (call->op == TENANTRY_OP_VALIDATE && call->step.size == 0) return validate(call);
  const int first = is(call->step, "make_folder"), second = is(call->step, "write_file"),
            third = is(call->step, "index");
  if (!first && !second && !third) return IS(unknown_step_done) ? TENANTRY_DONE : TENANTRY_UNSUPPORTED;
  const int declared = call->op == TENANTRY_OP_RUN || call->op == TENANTRY_OP_UNDO ||
                       (second && (call->op == TENANTRY_OP_VERIFY || call->op == TENANTRY_OP_PLAN));
  if (!declared && IS(undeclared_op_done) && call->op <= TENANTRY_OP_PLAN && call->op > 0) return TENANTRY_DONE;
  if (!declared && !IS(unknown_op_runs)) return TENANTRY_UNSUPPORTED;
  if (IS(recurses) && depth(call->input.data, call->input.data + call->input.size) == 7) abort();
  char name[200] = "";
  const char* end = call->input.data + call->input.size;
  const int object = call->input.size > 1 && *call->input.data == '{' && end[-1] == '}';
  if (IS(reads_past_input) && strlen(call->input.data) != call->input.size) abort();
  if (!object || !find(call->input, "name", name, sizeof name)) {
    if (IS(ignores_malformed)) {
      call->host->set_output(call->ctx, TEXT("{\"path\":\"\",\"file\":\"\"}"));
      return TENANTRY_DONE;
    }
    if (IS(crashes_on_wrong_type) && object) *(volatile char*)NULL = 0;
    return failed(call, IS(retries_malformed) ? TENANTRY_RETRY : TENANTRY_FAILED, "mutant.bad_input",
                  "there is no name");
  }
  struct paths at;
  snprintf(at.folder, sizeof at.folder, "%.400s/%s", engine->root, name);
  snprintf(at.file, sizeof at.file, "%s/file.txt", at.folder);
  snprintf(at.list, sizeof at.list, "%.400s/list", engine->root);
  if (first) return make_folder(engine, call, &at);
  if (second) return write_file(call, &at, name);
  return index_tenant(engine, call, &at, name);
}

const tenantry_plugin* tenantry_plugin_v1(void) {
  static tenantry_plugin self = {
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
  if (IS(reserved_not_zero)) self.reserved1 = 1;
  return &self;
}
