-- Question: which of these offsets of a partition were recovered, when, and as what?
-- Grain: one row an event that was.
select
    off,
    outcome,
    recovered_at
from silver.recoveries
where
    topic = %(topic)s
    and part = %(part)s
    and off = any(%(offs)s::bigint[])
