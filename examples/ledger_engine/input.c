/* Text is counted and not terminated; JSON comes from the host, which has checked it against the manifest's schemas. */
#include <stdio.h>
#include <string.h>

#include "engine.h"

tenantry_text text_of(const char* terminated) { return (tenantry_text){terminated, strlen(terminated)}; }

int is_text(tenantry_text text, const char* terminated) {
  return text.size == strlen(terminated) && memcmp(text.data, terminated, text.size) == 0;
}

/* Where the value of the first member called `name` begins; NULL if there is none. */
static const char* value_of(tenantry_text json, const char* name, const char** end) {
  const size_t size = strlen(name);
  const char* at = json.data;
  *end = json.data + json.size;
  for (; at != NULL && at + size + 3 <= *end; ++at) {
    if (*at != '"' || memcmp(at + 1, name, size) != 0 || at[size + 1] != '"') continue;
    at += size + 2;
    while (at < *end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r')) ++at;
    if (at == *end || *at != ':') continue; /* it was a value */
    for (++at; at < *end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'); ++at) {
    }
    return at < *end ? at : NULL;
  }
  return NULL;
}

int read_text(tenantry_text json, const char* name, char* to, size_t size) {
  const char* end = NULL;
  const char* at = value_of(json, name, &end);
  size_t length = 0;
  if (at == NULL || *at != '"') return 0;
  for (++at; at < end && *at != '"'; ++at) {
    if (*at == '\\' && (++at == end || *at != '/')) return 0; /* an escape that names and paths do without */
    if (length + 1 >= size || (unsigned char)*at < ' ') return 0;
    to[length++] = *at;
  }
  to[length] = '\0';
  return at < end && length > 0;
}

int read_number(tenantry_text json, const char* name, long* to) {
  const char* end = NULL;
  const char* at = value_of(json, name, &end);
  long number = 0;
  int digits = 0;
  for (; at != NULL && at < end && *at >= '0' && *at <= '9' && digits < 9; ++at, ++digits)
    number = number * 10 + (*at - '0');
  if (digits == 0 || (at < end && *at != ',' && *at != '}' && *at != ' ' && *at != '\n')) return 0;
  *to = number;
  return 1;
}

/* The host has judged the name, but a path is made of it: a name that could lead elsewhere is none. */
static int is_name(const char* name) {
  if (*name < 'a' || *name > 'z') return 0;
  for (; *name != '\0'; ++name)
    if ((*name < 'a' || *name > 'z') && (*name < '0' || *name > '9') && *name != '-') return 0;
  return 1;
}

int read_step(const tenantry_engine* engine, const tenantry_call* call, struct step* step) {
  const char* made = is_text(call->step, "write_ledger")    ? "/ledger.csv"
                     : is_text(call->step, "write_profile") ? "/profile.txt"
                                                            : "";
  step->call = call;
  step->accounts = 12;
  if (!read_text(call->input, "name", step->name, sizeof step->name) || !is_name(step->name)) return 0;
  (void)read_number(call->input, "accounts", &step->accounts);
  if (step->accounts < 1 || step->accounts > 9999) return 0;
  (void)snprintf(step->root, sizeof step->root, "%s", engine->root);
  (void)snprintf(step->room, sizeof step->room, "%s/%s", engine->root, step->name);
  if (is_text(call->step, "publish"))
    (void)snprintf(step->file, sizeof step->file, "%s/published-%s", engine->root, step->name);
  else
    (void)snprintf(step->file, sizeof step->file, "%s%s", step->room, made);
  return 1;
}
