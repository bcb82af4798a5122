/* What the steps do. A failure of the disk may pass and is tried again; anything else in the way stays until a person
 * has looked at it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine.h"

enum { kMostBytes = 1 << 20 };

tenantry_outcome fail(const tenantry_call* call, tenantry_outcome outcome, const char* code, const char* message) {
  call->host->set_error(call->ctx, text_of(code), text_of(message), text_of(""));
  return outcome;
}

static tenantry_outcome disk_failure(const struct step* step) {
  char message[512];
  (void)snprintf(message, sizeof message, "%s: %s", step->file, strerror(errno));
  if (errno == ENOENT || errno == ENOTDIR)
    return fail(step->call, TENANTRY_FAILED, "ledger.missing_dependency", message);
  return fail(step->call, TENANTRY_RETRY, "ledger.disk.transient", message);
}

/* The answer of a step; only the ledger counts accounts. */
static tenantry_outcome answer(const struct step* step, tenantry_outcome outcome) {
  char output[640];
  if (is_text(step->call->step, "write_ledger"))
    (void)snprintf(output, sizeof output, "{\"file\":\"%s\",\"accounts\":%ld}", step->file, step->accounts);
  else
    (void)snprintf(output, sizeof output, "{\"file\":\"%s\"}", step->file);
  step->call->host->set_output(step->call->ctx, text_of(output));
  return outcome;
}

static tenantry_outcome drifted(const struct step* step, const char* found) {
  char output[640];
  (void)snprintf(output, sizeof output,
                 "{\"drift\":[{\"what\":\"%s\",\"expected\":\"as it was made\",\"found\":\"%s\"}]}", step->file, found);
  step->call->host->set_output(step->call->ctx, text_of(output));
  return TENANTRY_DRIFTED;
}

/* The content of a file; NULL and errno if it cannot be read. The caller frees it. */
static char* content_of(const char* path) {
  FILE* file = fopen(path, "rbe");
  char* content = file != NULL ? malloc(kMostBytes + 1) : NULL;
  if (content != NULL) content[fread(content, 1, kMostBytes, file)] = '\0';
  if (file != NULL) (void)fclose(file);
  return content;
}

static int holds(const char* path, const char* content) {
  char* found = content_of(path);
  const int same = found != NULL && strcmp(found, content) == 0;
  free(found);
  return same;
}

/* Whole or not at all: written beside its place, then renamed. The name is the attempt's own. */
static int write_whole(const struct step* step, const char* content) {
  char aside[480];
  const size_t size = strlen(content);
  (void)snprintf(aside, sizeof aside, "%s.%.*s.part", step->file, (int)(step->call->run_id.size % 64),
                 step->call->run_id.data);
  FILE* file = fopen(aside, "wbe");
  if (file == NULL) return 0;
  const int written = fwrite(content, 1, size, file) == size && fflush(file) == 0 && fsync(fileno(file)) == 0;
  if (fclose(file) == 0 && written && rename(aside, step->file) == 0) return 1;
  (void)unlink(aside);
  return 0;
}

static tenantry_outcome run_file(const struct step* step, const char* content) {
  if (holds(step->file, content)) return answer(step, TENANTRY_ALREADY_DONE);
  if (access(step->file, F_OK) == 0)
    return fail(step->call, TENANTRY_FAILED, "ledger.conflict", "There is another file of that name.");
  return write_whole(step, content) ? answer(step, TENANTRY_DONE) : disk_failure(step);
}

static tenantry_outcome verify_file(const struct step* step, const char* content) {
  if (holds(step->file, content)) return answer(step, TENANTRY_DONE);
  return drifted(step, access(step->file, F_OK) == 0 ? "another content" : "nothing");
}

/* What the host asks to be taken back, this run made: it never asks for what was there before. */
tenantry_outcome undo_file(const struct step* step) {
  return unlink(step->file) == 0 || errno == ENOENT || errno == ENOTDIR ? TENANTRY_DONE : disk_failure(step);
}

tenantry_outcome run_room(const struct step* step) {
  struct stat status;
  if (mkdir(step->room, 0700) == 0) return answer(step, TENANTRY_DONE);
  if (errno != EEXIST) return disk_failure(step);
  if (stat(step->room, &status) == 0 && S_ISDIR(status.st_mode)) return answer(step, TENANTRY_ALREADY_DONE);
  return fail(step->call, TENANTRY_FAILED, "ledger.conflict", "There is a file where the room should be.");
}

tenantry_outcome undo_room(const struct step* step) {
  if (rmdir(step->room) == 0 || errno == ENOENT || errno == ENOTDIR) return TENANTRY_DONE;
  if (errno == ENOTEMPTY || errno == EEXIST)
    return fail(step->call, TENANTRY_FAILED, "ledger.conflict",
                "The room is not empty: somebody else's files are in it.");
  return disk_failure(step);
}

tenantry_outcome verify_room(const struct step* step) {
  struct stat status;
  if (stat(step->room, &status) == 0 && S_ISDIR(status.st_mode)) return answer(step, TENANTRY_DONE);
  return drifted(step, "nothing");
}

/* The caller frees it; NULL when there is no memory. */
static char* ledger_of(const struct step* step) {
  char* content = malloc(kMostBytes);
  size_t size = 0;
  if (content == NULL) return NULL;
  size += (size_t)snprintf(content, kMostBytes, "account;owner;balance\n");
  for (long i = 1; i <= step->accounts; ++i)
    size += (size_t)snprintf(content + size, kMostBytes - size, "%04ld;%s;0.00\n", i, step->name);
  return content;
}

tenantry_outcome run_ledger(const struct step* step) {
  char* content = ledger_of(step);
  if (content == NULL) return fail(step->call, TENANTRY_RETRY, "ledger.memory.transient", "Out of memory.");
  step->call->host->progress(step->call->ctx, 500, text_of("accounts"));
  const tenantry_outcome outcome = run_file(step, content);
  free(content);
  return outcome;
}

tenantry_outcome verify_ledger(const struct step* step) {
  char* content = ledger_of(step);
  if (content == NULL) return fail(step->call, TENANTRY_RETRY, "ledger.memory.transient", "Out of memory.");
  const tenantry_outcome outcome = verify_file(step, content);
  free(content);
  return outcome;
}

static void profile_of(const struct step* step, char* to, size_t size) {
  (void)snprintf(to, size, "name: %s\naccounts: %ld\n", step->name, step->accounts);
}

tenantry_outcome run_profile(const struct step* step) {
  char content[128];
  profile_of(step, content, sizeof content);
  return run_file(step, content);
}

tenantry_outcome verify_profile(const struct step* step) {
  char content[128];
  profile_of(step, content, sizeof content);
  return verify_file(step, content);
}

/* 1: the link leads to the room. 0: there is none. -1: something else is there. */
static int published(const struct step* step) {
  char target[360];
  const ssize_t size = readlink(step->file, target, sizeof target - 1);
  if (size < 0) return errno == ENOENT ? 0 : -1;
  target[size] = '\0';
  return strcmp(target, step->name) == 0 ? 1 : -1;
}

tenantry_outcome run_publish(const struct step* step) {
  if (symlink(step->name, step->file) == 0) {
    step->call->host->log(step->call->ctx, TENANTRY_LOG_INFO, text_of("published"), text_of(""));
    return answer(step, TENANTRY_DONE);
  }
  if (errno != EEXIST) return disk_failure(step);
  if (published(step) == 1) return answer(step, TENANTRY_ALREADY_DONE);
  return fail(step->call, TENANTRY_FAILED, "ledger.conflict", "Something else is published under that name.");
}

tenantry_outcome verify_publish(const struct step* step) {
  const int state = published(step);
  if (state == 1) return answer(step, TENANTRY_DONE);
  return drifted(step, state == 0 ? "nothing" : "something else");
}
