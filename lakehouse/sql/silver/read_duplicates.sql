-- Question: what had been decided before, in this range of a partition? Grain: one row an event.
select
    topic,
    part,
    off,
    event_id,
    is_conflict,
    first_topic,
    first_part,
    first_off,
    seen_at
from silver.duplicates
where
    topic = %(topic)s
    and part = %(part)s
    and off >= %(first_off)s
    and off < %(next_off)s
order by off
