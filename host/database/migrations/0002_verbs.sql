-- What rollback, verify and deprovision have to remember. Words are those of model/state.hpp.

alter table steps add column made text not null default '';

alter table steps add column undo text not null default '';

alter table steps add column drift text;

update steps set made = 'this_run' where state = 'completed';

alter table runs add column verifying bigint not null default 0;

alter table runs add column removing bigint not null default 0;

alter table runs add column condition text not null default '';

-- 0: not removed. A removed tenant keeps its rows for the audit, without its secrets, and gives its name free.
alter table tenants add column removed_at bigint not null default 0;
