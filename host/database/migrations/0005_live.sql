-- The run and the steps that an event is about, as they were after it; empty for lines of a log.

alter table events add column shown text not null default '';

-- Commands to many tenants. An item's operation is chosen before it is given.
create table batches (
  id {key} not null primary key,
  account {key} not null references accounts (id),
  request text not null,
  host {key} not null,
  created_at bigint not null,
  finished_at bigint not null
){clustered};

create index batches_unfinished on batches (created_at, id) where finished_at = 0;

create table batch_items (
  batch {key} not null references batches (id),
  number bigint not null,
  tenant {key} not null references tenants (id),
  operation {key} not null,
  state text not null,
  code text not null,
  message text not null,
  next_action text not null,
  at bigint not null,
  primary key (batch, number)
){clustered};

-- What webhooks are told. position: up to which event their deliveries have been made.
create table webhooks (
  id {key} not null primary key,
  position bigint not null,
  host {key} not null,
  boot {key} not null,
  lease_until bigint not null
){clustered};

create table deliveries (
  id {identity},
  webhook {key} not null references webhooks (id),
  event bigint not null,
  state text not null,
  attempts bigint not null,
  due_at bigint not null,
  created_at bigint not null,
  unique (webhook, event)
);

create index deliveries_due on deliveries (webhook, due_at, id) where state = 'waiting';

create table delivery_attempts (
  delivery bigint not null references deliveries (id),
  number bigint not null,
  at bigint not null,
  status bigint not null,
  took bigint not null,
  error text not null,
  primary key (delivery, number)
){clustered};
