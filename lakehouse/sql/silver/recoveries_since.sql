-- Question: which events were recovered since a number, up to another? Grain: one row an event.
select
    topic,
    part,
    off
from silver.recoveries
where
    recovery_no > %(after)s
    and recovery_no <= %(last)s
