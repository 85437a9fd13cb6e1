-- Question: what was recovered, with these numbers? Grain: one row an event, by number.
select
    topic,
    part,
    off,
    recovery_no,
    outcome,
    code,
    recovered_at
from silver.recoveries
where
    recovery_no > %(after)s
    and recovery_no <= %(last)s
order by recovery_no
