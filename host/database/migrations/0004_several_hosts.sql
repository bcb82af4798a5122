-- Commands for runs that another host carries on: written by the host that was asked, carried out by the run's owner.
-- A row goes when the operation is written; taken: its owner has read it; refusal: the error as JSON, '' for none.

create table handed_commands (
  id {key} not null primary key,
  run {key} not null references runs (id),
  verb text not null,
  step text not null,
  actor text not null,
  reason text not null,
  forced bigint not null,
  downstream bigint not null,
  created_at bigint not null,
  taken bigint not null default 0,
  refusal text not null default ''
){clustered};

create index handed_commands_run on handed_commands (run);

create index handed_commands_created_at on handed_commands (created_at);

-- Calls that were out when the life ended; counted by the first who takes one of its runs over.
alter table lives add column suspects bigint not null default 0;
