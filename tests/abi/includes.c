/* The contract alone, and both questions a reader asks of a struct. Compiled in every dialect that is promised. */
#include <tenantry/abi.h>

#ifdef __cplusplus
extern "C" {
#endif
int emits(const tenantry_host* host);
int traces(const tenantry_call* call);
#ifdef __cplusplus
}
#endif

int emits(const tenantry_host* host) { return TENANTRY_HAS(host, emit) ? 1 : 0; }
int traces(const tenantry_call* call) { return TENANTRY_HAS_FIELD(call, traceparent) ? 1 : 0; }
