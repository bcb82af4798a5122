/* A next minor version that nobody has released: what 1.1 could look like. It adds one of each kind: a host function
 * (count), a field of a call (locale), a plugin function (describe) and an operation (ESTIMATE). The tests hold it
 * against 1.0, in both directions; all else is a copy of
 *
 * tenantry/abi.h - the binary contract between a provisioning host and an engine plugin.
 *
 * Everything a host and a plugin ever say to each other is in this file. It is plain C99, includes nothing but
 * <stdint.h> and <stddef.h>, and can be spoken from any language that can export one C function. C++ authors
 * normally include <tenantry/engine.hpp> instead, which wraps it.
 *
 * Shape
 *   A plugin exports one function, tenantry_plugin_v1(). It returns a constant table: who I am, what I can do (a
 *   JSON manifest), and a few functions. The host opens the engine once, and then calls invoke() for every step of
 *   every run. A call carries bytes in; answers go back through the functions in tenantry_host. The outcome is the
 *   return value.
 *
 * Memory    Whatever you are given is yours to read until the call you got it in returns. Whatever you hand over is
 *           copied before the function you handed it to returns. Nobody ever frees memory of the other side; there is
 *           no allocator in this contract.
 * Text      All text is UTF-8, counted, not terminated. {NULL, 0} is the empty text.
 * Threads   Each function below ends in a tag. [loader]: one host thread, never concurrent with anything else on the
 *           same engine. [step]: many host threads at once, but never two for the same step of the same run.
 *           [any]: any thread. [in call]: any thread, the plugin's own included, until the invoke() that handed out
 *           the context returns; afterwards the context is gone.
 * Unwinding No exception, longjmp or thread exit may leave a function of this contract. The host's functions are
 *           noexcept. The plugin's are deliberately not: if one throws all the same, noexcept would turn that into
 *           std::terminate for the whole host, while without it the host can catch, log and go on.
 * Growth    Within major version 1 structs only grow at their end and values are only added. Every struct starts with
 *           its size; a reader looks at a field only if TENANTRY_HAS says it is there.
 */
#ifndef TENANTRY_ABI_H
#define TENANTRY_ABI_H

#include <stddef.h>
#include <stdint.h>

#define TENANTRY_ABI_MAJOR 1
#define TENANTRY_ABI_MINOR 1 /* newest minor version described by this file */

/* The minor version this translation unit speaks. Set it lower to make the compiler refuse everything younger: a
 * plugin that compiles with 0 runs in every 1.x host. */
#ifndef TENANTRY_ABI_TARGET
#define TENANTRY_ABI_TARGET TENANTRY_ABI_MINOR
#endif

#define TENANTRY_MAGIC UINT64_C(0x5952544E414E4554) /* the bytes "TENANTRY" on a little-endian machine */

/* True if the struct behind p, as its writer compiled it, reaches as far as field f. For texts and numbers. */
#define TENANTRY_HAS_FIELD(p, f) ((p)->size >= offsetof(__typeof__(*(p)), f) + sizeof((p)->f))

/* The same, and f is not null. For pointers and functions. */
#define TENANTRY_HAS(p, f) (TENANTRY_HAS_FIELD(p, f) && (p)->f)

#if defined(__cplusplus)
#define TENANTRY_NOEXCEPT noexcept
#define TENANTRY_STATIC_ASSERT(name, condition) static_assert(condition, #name)
extern "C" {
#else
#define TENANTRY_NOEXCEPT
#if defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define TENANTRY_STATIC_ASSERT(name, condition) _Static_assert(condition, #name)
#else
#define TENANTRY_STATIC_ASSERT(name, condition) typedef char tenantry_assert_##name[(condition) ? 1 : -1]
#endif
#endif

typedef struct tenantry_text {
  const char* data;
  uint64_t size;
} tenantry_text;

/* What a call asks for. */
typedef int32_t tenantry_op;
#define TENANTRY_OP_RUN 1      /* make it so; safe to repeat with the same idempotency key                          */
#define TENANTRY_OP_UNDO 2     /* take it back; succeeds if there is nothing to take back                           */
#define TENANTRY_OP_VERIFY 3   /* look, touch nothing: is the world still as RUN left it?                           */
#define TENANTRY_OP_PLAN 4     /* look, touch nothing: what would RUN do?                                           */
#define TENANTRY_OP_VALIDATE 5 /* step is empty, input is the request: judge it beyond what its schema says         */
#if TENANTRY_ABI_TARGET >= 1
#define TENANTRY_OP_ESTIMATE 6 /* since 1.1: look, touch nothing: how long will RUN take? */
#endif

/* How a call ended. Zero is never a valid answer, so a forgotten return is not a success. */
typedef int32_t tenantry_outcome;
#define TENANTRY_DONE 1         /* RUN: changed the world. VERIFY: in sync. Others: answered.                        */
#define TENANTRY_ALREADY_DONE 2 /* nothing had to be changed; output is as complete as for DONE */
#define TENANTRY_SKIPPED 3      /* does not apply to this request; dependants still run. set_error says why          */
#define TENANTRY_WAIT 4         /* not ready, nothing wrong: ask again later, costs no attempt. set_error says why   */
#define TENANTRY_RETRY 5        /* failed, may pass next time; costs an attempt                                      */
#define TENANTRY_FAILED 6       /* failed for good until a person changes something                                  */
#define TENANTRY_CANCELLED 7    /* stopped because the host asked for it, or because the lease was lost              */
#define TENANTRY_DRIFTED 8      /* VERIFY only: the world differs; output says where                                 */
#define TENANTRY_UNSUPPORTED 9  /* this engine has no such step or operation                                         */

typedef int32_t tenantry_level;
#define TENANTRY_LOG_DEBUG 1
#define TENANTRY_LOG_INFO 2
#define TENANTRY_LOG_WARN 3
#define TENANTRY_LOG_ERROR 4

typedef struct tenantry_ctx tenantry_ctx;       /* the host's side of one running call  */
typedef struct tenantry_engine tenantry_engine; /* the plugin's side of one open engine */

/* The host, as a running call sees it. */
typedef struct tenantry_host {
  uint32_t size;
  uint16_t abi_major, abi_minor;
  tenantry_text name; /* "tenantry 0.4.2", for logs only */

  /* The answer, a JSON document; the last write wins. A RUN that ends DONE or ALREADY_DONE must have set one. A VERIFY
   * that was called without an output (the attempt never answered) and finds the work complete may set what RUN would
   * have returned. [in call] */
  void (*set_output)(tenantry_ctx*, tenantry_text json) TENANTRY_NOEXCEPT;

  /* Why the call did not succeed: a dotted code that starts with the engine's id, a sentence for a person, and an
   * optional JSON object; the last write wins. [in call] */
  void (*set_error)(tenantry_ctx*, tenantry_text code, tenantry_text message,
                    tenantry_text detail_json) TENANTRY_NOEXCEPT;

  /* For WAIT and RETRY: not before this many milliseconds from now; the host bounds it. [in call] */
  void (*set_retry_after)(tenantry_ctx*, uint64_t milliseconds) TENANTRY_NOEXCEPT;

  /* One line in the step's log; fields_json is an object or empty. Renews the step's lease. [in call] */
  void (*log)(tenantry_ctx*, tenantry_level, tenantry_text message, tenantry_text fields_json) TENANTRY_NOEXCEPT;

  /* How far along, 0 to 1000; only the newest value is kept. Renews the step's lease. [in call] */
  void (*progress)(tenantry_ctx*, uint32_t permille, tenantry_text note) TENANTRY_NOEXCEPT;

  /* Renews the step's lease and does nothing else. [in call] */
  void (*heartbeat)(tenantry_ctx*) TENANTRY_NOEXCEPT;

  /* 1: durable; comes back as tenantry_call.checkpoint on the next attempt, and to UNDO. 0: the lease was lost,
   * somebody else owns the step: stop at once. At most 256 KiB. [in call] */
  int32_t (*save_checkpoint)(tenantry_ctx*, tenantry_text bytes) TENANTRY_NOEXCEPT;

  /* 1 and *value if the manifest lists this secret for this step and it exists, else 0. The value is wiped when the
   * call returns. [in call] */
  int32_t (*get_secret)(tenantry_ctx*, tenantry_text name, tenantry_text* value) TENANTRY_NOEXCEPT;

  /* 1 once the host wants this call to end: cancelled, shutting down, or past its deadline. [in call] */
  int32_t (*is_cancelled)(tenantry_ctx*) TENANTRY_NOEXCEPT;

  /* 1: slept all of it. 0: woken by cancellation or deadline. [in call] */
  int32_t (*sleep_ms)(tenantry_ctx*, uint64_t milliseconds) TENANTRY_NOEXCEPT;

  /* A descriptor that becomes readable once cancelled: poll it, never read or close it. -1 if there is none. [in call]
   */
  int32_t (*cancel_fd)(tenantry_ctx*) TENANTRY_NOEXCEPT;

  /* Until the deadline: 0 when it has passed, UINT64_MAX without one. [in call] */
  uint64_t (*remaining_ms)(tenantry_ctx*) TENANTRY_NOEXCEPT;

  /* A host feature outside the core, by name; NULL if absent. What it returns lives as long as the process. [in call]
   */
  const void* (*get_extension)(tenantry_ctx*, tenantry_text id)TENANTRY_NOEXCEPT;

  /* Publishes an event of the engine's own, a JSON object, on the run's event stream. [in call] */
  void (*emit)(tenantry_ctx*, tenantry_text type, tenantry_text json) TENANTRY_NOEXCEPT;

#if TENANTRY_ABI_TARGET >= 1
  /* since 1.1: adds to a number that is shown with the step. [in call] */
  void (*count)(tenantry_ctx*, tenantry_text what, uint64_t more) TENANTRY_NOEXCEPT;
#endif
} tenantry_host;

/* One call. */
typedef struct tenantry_call {
  uint32_t size;
  tenantry_op op;
  tenantry_text step; /* id from the manifest; empty for VALIDATE */
  tenantry_text run_id;
  tenantry_text tenant_id;
  tenantry_text idempotency_key; /* same for every attempt of this step in this run; different otherwise */
  uint32_t attempt;              /* 1 for the first try */
  uint32_t max_attempts;         /* 0: unlimited */
  tenantry_text input;           /* JSON object with exactly the members the manifest asked for */
  tenantry_text output;          /* UNDO, VERIFY: what RUN returned, empty if it never finished */
  tenantry_text checkpoint;      /* what save_checkpoint last stored, empty if nothing */
  const tenantry_host* host;
  tenantry_ctx* ctx;
  tenantry_text traceparent; /* W3C trace context of the step's span; may be empty */
#if TENANTRY_ABI_TARGET >= 1
  tenantry_text locale; /* since 1.1: the language of messages for a person; may be empty */
#endif
} tenantry_call;

/* Takes a text from the other side. It may be called several times; the pieces are appended. */
typedef void (*tenantry_sink)(void* to, tenantry_text);

/* The plugin. The table and all it points to are constant and live as long as the process. */
typedef struct tenantry_plugin {
  uint64_t magic; /* TENANTRY_MAGIC */
  uint32_t size;
  uint16_t abi_major, abi_minor; /* what the plugin was compiled for  */
  uint16_t min_host_minor;       /* oldest host it can work with      */
  uint16_t reserved0;
  uint32_t reserved1;
  tenantry_text built_with; /* SDK and compiler, for logs and bug reports */

  /* The manifest: identity, request schema, steps. Always the same bytes; no I/O. [any] */
  void (*manifest)(tenantry_sink, void* to);

  /* Starts the engine with the operator's settings, a JSON object. On failure returns NULL after calling error once.
   * [loader] */
  tenantry_engine* (*open)(tenantry_text settings_json, tenantry_sink error, void* to);

  /* After every invoke has returned. [loader] */
  void (*close)(tenantry_engine*);

  /* Executes one operation of one step. [step] */
  tenantry_outcome (*invoke)(tenantry_engine*, const tenantry_call*);

  /* A plugin feature outside the core, by name; NULL if absent. May itself be NULL. [any] */
  const void* (*get_extension)(tenantry_text id);

  /* JSON {"healthy":bool,...} about the engine's own backends. May be NULL. [any], between open and close */
  void (*health)(tenantry_engine*, tenantry_sink, void* to);

#if TENANTRY_ABI_TARGET >= 1
  /* since 1.1: a sentence for a person about this engine. May be NULL. [any], between open and close */
  void (*describe)(tenantry_engine*, tenantry_sink, void* to);
#endif
} tenantry_plugin;

/* Host extension "tenantry.secrets/1", from tenantry_host.get_extension: a step may store what it was given to keep. */
#define TENANTRY_EXTENSION_SECRETS "tenantry.secrets/1"
typedef struct tenantry_secrets {
  uint32_t size;
  uint32_t reserved0;

  /* 1: sealed durably as a secret of the tenant; later steps that list the name get it by get_secret. 0: not stored,
   * and nothing that depends on it may happen. [in call] */
  int32_t (*put_secret)(tenantry_ctx*, tenantry_text name, tenantry_text value) TENANTRY_NOEXCEPT;
} tenantry_secrets;

/* A field that hid in old padding would look present to TENANTRY_HAS, so there is none. */
#if UINTPTR_MAX == UINT64_MAX
TENANTRY_STATIC_ASSERT(text_is_16_bytes, sizeof(tenantry_text) == 16);
#if TENANTRY_ABI_TARGET >= 1
TENANTRY_STATIC_ASSERT(host_is_144_bytes, sizeof(tenantry_host) == 144);
TENANTRY_STATIC_ASSERT(call_is_176_bytes, sizeof(tenantry_call) == 176);
TENANTRY_STATIC_ASSERT(plugin_is_96_bytes, sizeof(tenantry_plugin) == 96);
#else
TENANTRY_STATIC_ASSERT(host_is_136_bytes, sizeof(tenantry_host) == 136);
TENANTRY_STATIC_ASSERT(call_is_160_bytes, sizeof(tenantry_call) == 160);
TENANTRY_STATIC_ASSERT(plugin_is_88_bytes, sizeof(tenantry_plugin) == 88);
#endif
#endif
TENANTRY_STATIC_ASSERT(host_is_whole_words, sizeof(tenantry_host) % 8 == 0);
TENANTRY_STATIC_ASSERT(call_is_whole_words, sizeof(tenantry_call) % 8 == 0);
TENANTRY_STATIC_ASSERT(plugin_is_whole_words, sizeof(tenantry_plugin) % 8 == 0);
TENANTRY_STATIC_ASSERT(secrets_is_whole_words, sizeof(tenantry_secrets) % 8 == 0);

#if defined(_WIN32)
#define TENANTRY_EXPORT __declspec(dllexport)
#else
#define TENANTRY_EXPORT __attribute__((visibility("default")))
#endif

#define TENANTRY_ENTRY_SYMBOL "tenantry_plugin_v1"

/* The one function a plugin exports. May be called any number of times. [any] */
TENANTRY_EXPORT const tenantry_plugin* tenantry_plugin_v1(void);

#if defined(__cplusplus)
}
#endif
#endif
