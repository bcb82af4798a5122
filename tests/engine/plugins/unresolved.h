#include <tenantry/abi.h>
extern tenantry_outcome nobody_has_this(tenantry_engine* engine, const tenantry_call* call);
