-- The run and the steps that an event is about, as they were after it; empty for lines of a log.

alter table events add column shown text not null default '';
