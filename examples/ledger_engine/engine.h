/* The inside of the ledger engine: what a step is given, and what each step can do. */
#ifndef LEDGER_ENGINE_H
#define LEDGER_ENGINE_H

#include <tenantry/abi.h>

struct tenantry_engine {
  char root[256];
};

/* One call, read. Paths are complete. */
struct step {
  const tenantry_call* call;
  char name[32];
  long accounts;
  char root[256];
  char room[320];
  char file[360]; /* what the step makes */
};

/* input.c: text and JSON, as far as this engine meets them. */
tenantry_text text_of(const char* terminated);
int is_text(tenantry_text text, const char* terminated);
/* The string, or the whole number, of the first member called `name`; 0 if there is none that fits. */
int read_text(tenantry_text json, const char* name, char* to, size_t size);
int read_number(tenantry_text json, const char* name, long* to);
int read_step(const tenantry_engine* engine, const tenantry_call* call, struct step* step);

/* steps.c */
tenantry_outcome fail(const tenantry_call* call, tenantry_outcome outcome, const char* code, const char* message);
tenantry_outcome run_room(const struct step*);
tenantry_outcome undo_room(const struct step*);
tenantry_outcome verify_room(const struct step*);
tenantry_outcome run_ledger(const struct step*);
tenantry_outcome verify_ledger(const struct step*);
tenantry_outcome run_profile(const struct step*);
tenantry_outcome verify_profile(const struct step*);
tenantry_outcome run_publish(const struct step*);
tenantry_outcome verify_publish(const struct step*);
tenantry_outcome undo_file(const struct step*); /* takes back the one file of the step */

#endif
