-- Question: what was recovered of a range of a partition, up to a number? Grain: one row an event.
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
    topic = %(topic)s
    and part = %(part)s
    and off >= %(first_off)s
    and off < %(next_off)s
    and recovery_no <= %(last_no)s
order by off
