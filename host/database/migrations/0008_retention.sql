-- Finding what is old without reading what is young, and everything that refers to a run.

create index runs_finished on runs (completed_at, id) where owner is null;

create index operations_run on operations (run);

create index batches_finished on batches (finished_at, id) where finished_at <> 0;

-- A webhook's page, newest first.
create index deliveries_webhook on deliveries (webhook, id);

-- Up to which number a list is no longer whole.
create table trims (
  list {key} not null primary key,
  upto bigint not null
){clustered};
