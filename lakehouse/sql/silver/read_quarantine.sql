-- Question: what was refused in this range of a partition? Grain: one row a refused event.
select
    topic,
    part,
    off,
    stage,
    code,
    reason,
    raw_size,
    raw_sha256,
    raw,
    first_seen_at
from silver.quarantine
where
    topic = %(topic)s
    and part = %(part)s
    and off >= %(first_off)s
    and off < %(next_off)s
order by off
