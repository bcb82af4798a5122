/* Prints where every field of the contract is. Compiled as C and, through layout.cpp, as C++. */
#include <abi.h>
#include <stdio.h>

#define STRUCT(type) printf(#type " size %zu\n", sizeof(type))
#define FIELD(type, field) \
  printf(#type "." #field " at %zu size %zu\n", offsetof(type, field), sizeof(((type*)0)->field))
#define NUMBER(name) printf(#name " %lld\n", (long long)(name))

int main(void) {
  NUMBER(TENANTRY_ABI_MAJOR);
  NUMBER(TENANTRY_MAGIC);
  printf("TENANTRY_ENTRY_SYMBOL %s\n", TENANTRY_ENTRY_SYMBOL);
  printf("TENANTRY_EXTENSION_SECRETS %s\n", TENANTRY_EXTENSION_SECRETS);

  STRUCT(tenantry_text);
  FIELD(tenantry_text, data);
  FIELD(tenantry_text, size);

  NUMBER(TENANTRY_OP_RUN);
  NUMBER(TENANTRY_OP_UNDO);
  NUMBER(TENANTRY_OP_VERIFY);
  NUMBER(TENANTRY_OP_PLAN);
  NUMBER(TENANTRY_OP_VALIDATE);
  NUMBER(TENANTRY_DONE);
  NUMBER(TENANTRY_ALREADY_DONE);
  NUMBER(TENANTRY_SKIPPED);
  NUMBER(TENANTRY_WAIT);
  NUMBER(TENANTRY_RETRY);
  NUMBER(TENANTRY_FAILED);
  NUMBER(TENANTRY_CANCELLED);
  NUMBER(TENANTRY_DRIFTED);
  NUMBER(TENANTRY_UNSUPPORTED);
  NUMBER(TENANTRY_LOG_DEBUG);
  NUMBER(TENANTRY_LOG_INFO);
  NUMBER(TENANTRY_LOG_WARN);
  NUMBER(TENANTRY_LOG_ERROR);

  STRUCT(tenantry_host);
  FIELD(tenantry_host, size);
  FIELD(tenantry_host, abi_major);
  FIELD(tenantry_host, abi_minor);
  FIELD(tenantry_host, name);
  FIELD(tenantry_host, set_output);
  FIELD(tenantry_host, set_error);
  FIELD(tenantry_host, set_retry_after);
  FIELD(tenantry_host, log);
  FIELD(tenantry_host, progress);
  FIELD(tenantry_host, heartbeat);
  FIELD(tenantry_host, save_checkpoint);
  FIELD(tenantry_host, get_secret);
  FIELD(tenantry_host, is_cancelled);
  FIELD(tenantry_host, sleep_ms);
  FIELD(tenantry_host, cancel_fd);
  FIELD(tenantry_host, remaining_ms);
  FIELD(tenantry_host, get_extension);
  FIELD(tenantry_host, emit);

  STRUCT(tenantry_call);
  FIELD(tenantry_call, size);
  FIELD(tenantry_call, op);
  FIELD(tenantry_call, step);
  FIELD(tenantry_call, run_id);
  FIELD(tenantry_call, tenant_id);
  FIELD(tenantry_call, idempotency_key);
  FIELD(tenantry_call, attempt);
  FIELD(tenantry_call, max_attempts);
  FIELD(tenantry_call, input);
  FIELD(tenantry_call, output);
  FIELD(tenantry_call, checkpoint);
  FIELD(tenantry_call, host);
  FIELD(tenantry_call, ctx);
  FIELD(tenantry_call, traceparent);

  STRUCT(tenantry_plugin);
  FIELD(tenantry_plugin, magic);
  FIELD(tenantry_plugin, size);
  FIELD(tenantry_plugin, abi_major);
  FIELD(tenantry_plugin, abi_minor);
  FIELD(tenantry_plugin, min_host_minor);
  FIELD(tenantry_plugin, reserved0);
  FIELD(tenantry_plugin, reserved1);
  FIELD(tenantry_plugin, built_with);
  FIELD(tenantry_plugin, manifest);
  FIELD(tenantry_plugin, open);
  FIELD(tenantry_plugin, close);
  FIELD(tenantry_plugin, invoke);
  FIELD(tenantry_plugin, get_extension);
  FIELD(tenantry_plugin, health);

  STRUCT(tenantry_secrets);
  FIELD(tenantry_secrets, size);
  FIELD(tenantry_secrets, reserved0);
  FIELD(tenantry_secrets, put_secret);
  return 0;
}
