-- Exclusive names that steps hold, over all hosts. A name is its life's for as long as that life's lease.
-- wanted: another host has asked for it meanwhile.

create table held_names (
  name {key} not null primary key,
  life bigint not null,
  wanted bigint not null
){clustered};
