-- The lists of operations: of all, and of one tenant.

create index operations_created_at on operations (created_at, id);

create index operations_tenant on operations (tenant, created_at, id);
