-- The lists of operations: of all, and of one tenant.

create index operations_created_at on operations (created_at, id);

create index operations_tenant on operations (tenant, created_at, id);

-- The newest runs on a manifest: how long their steps took is how long steps take.

create index run_documents_manifest on run_documents (manifest, run);
