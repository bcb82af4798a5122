-- The number of each writer's newest commit, for databases at the other end of a wire: a writer that did not hear
-- whether a commit took place reads it here.

create table commit_marks (
  writer {key} not null primary key,
  number bigint not null
){clustered};
