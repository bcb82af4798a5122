-- Times are milliseconds since 1970 in UTC; 0 stands for "not yet". Words are those of model/state.hpp.
-- Marks in braces are filled in by the dialect.

create table accounts (
  id {key} not null primary key,
  email {key} not null unique,
  name text not null,
  role text not null,
  password_hash text not null,
  created_at bigint not null
){clustered};

create table tokens (
  hash {key} not null primary key,
  account {key} not null references accounts (id),
  created_at bigint not null,
  expires_at bigint not null
){clustered};

create index tokens_expires_at on tokens (expires_at);

create table tenants (
  id {key} not null primary key,
  owner {key} not null references accounts (id),
  name {key} not null,
  engine text not null,
  server {key} not null,
  country_code text not null,
  admin_name text not null,
  admin_email text not null,
  category text not null,
  description text not null,
  labels text not null,
  created_at bigint not null,
  unique (owner, name)
){clustered};

create index tenants_created_at on tenants (created_at, id);

create index tenants_server on tenants (server);

create table members (
  account {key} not null references accounts (id),
  tenant {key} not null references tenants (id),
  role text not null,
  primary key (account, tenant)
){clustered};

create table tenant_secrets (
  tenant {key} not null references tenants (id),
  name {key} not null,
  sealed {bytes} not null,
  primary key (tenant, name)
){clustered};

create table manifests (
  digest {key} not null primary key,
  text text not null
);

-- One row for each life of each host: it leases all of its runs together.
create table lives (
  id {identity},
  host {key} not null,
  boot {key} not null,
  lease_until bigint not null,
  unique (host, boot)
);

-- owner: the life that carries the run on; null once the run is finished, so "active" is "has an owner".
-- What never changes and may be large is in run_documents: this row is rewritten by every change.
create table runs (
  id {key} not null primary key,
  tenant {key} not null references tenants (id),
  state text not null,
  epoch bigint not null,
  stopping bigint not null,
  events bigint not null,
  started_at bigint not null,
  completed_at bigint not null,
  created_at bigint not null,
  owner bigint references lives (id),
  token bigint not null
){clustered};

create unique index runs_one_active on runs (tenant) where owner is not null;

create index runs_owner on runs (owner, created_at, id) where owner is not null;

create index runs_tenant on runs (tenant, created_at, id);

create table run_documents (
  run {key} not null primary key references runs (id),
  manifest {key} not null references manifests (digest),
  server text not null,
  request text not null,
  tenant_document text not null,
  server_document text not null
);

create table steps (
  run {key} not null references runs (id),
  step bigint not null,
  id {key} not null,
  state text not null,
  wait_reason text not null,
  due_at bigint not null,
  attempt bigint not null,
  attempts bigint not null,
  in_flight bigint not null,
  op text not null,
  check_due bigint not null,
  check_tries bigint not null,
  blame bigint not null,
  waited bigint not null,
  called_at bigint not null,
  first_started_at bigint not null,
  started_at bigint not null,
  completed_at bigint not null,
  progress bigint not null,
  message text not null,
  failure_class text not null,
  failure_code text not null,
  failure_message text not null,
  failure_action text not null,
  failure_detail text not null,
  output text,
  checkpoint {bytes},
  primary key (run, step)
){clustered};

create table attempts (
  run {key} not null references runs (id),
  step bigint not null,
  number bigint not null,
  epoch bigint not null,
  op text not null,
  outcome text not null,
  failure_class text not null,
  failure_code text not null,
  failure_message text not null,
  failure_action text not null,
  failure_detail text not null,
  started_at bigint not null,
  ended_at bigint not null,
  primary key (run, step, number)
){clustered};

create table events (
  id {identity},
  run {key} not null references runs (id),
  number bigint not null,
  step text not null,
  type text not null,
  data text not null,
  at bigint not null,
  unique (run, number)
);

create table operations (
  id {key} not null primary key,
  tenant {key} not null references tenants (id),
  run {key} not null references runs (id),
  verb text not null,
  step text not null,
  actor text not null,
  reason text not null,
  scope text not null,
  created_at bigint not null
){clustered};

create table idempotency_keys (
  account {key} not null,
  key {key} not null,
  body_hash text not null,
  status bigint not null,
  body text not null,
  location text not null,
  created_at bigint not null,
  primary key (account, key)
){clustered};

create index idempotency_keys_created_at on idempotency_keys (created_at);
