-- Question: how did each job's newest run go, and when did one last succeed? Grain: one row a job.
-- Durations in seconds; figures are those of the newest run that succeeded.
with newest as (
    select distinct on (job)
        job,
        began_at,
        ended_at,
        outcome,
        cause
    from silver.job_runs
    order by job asc, began_at desc
),

succeeded as (
    select distinct on (job)
        job,
        ended_at,
        figures::text as figures,
        extract(epoch from ended_at - began_at)::double precision as seconds
    from silver.job_runs
    where outcome = 'ok'
    order by job asc, began_at desc
)

select
    newest.job,
    newest.began_at,
    newest.outcome,
    newest.cause,
    succeeded.ended_at as succeeded_at,
    succeeded.seconds,
    succeeded.figures
from newest
left join succeeded on newest.job = succeeded.job
order by newest.job
