-- Notes that a job begins; grain: one row a run. Instants are UTC.
insert into silver.job_runs (job, began_at)
values (%(job)s, %(began_at)s)
on conflict (job, began_at) do nothing
