-- Notes how a run ended. The cause is an error's code; figures are numbers by name.
update silver.job_runs
set
    ended_at = %(ended_at)s,
    outcome = %(outcome)s,
    cause = %(cause)s,
    figures = %(figures)s::jsonb
where job = %(job)s and began_at = %(began_at)s
