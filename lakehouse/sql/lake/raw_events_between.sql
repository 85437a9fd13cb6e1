-- Question: which bytes came from a partition's offsets `first_off` to `last_off`, and when? Grain:
-- one row an event.
select
    off,
    received_at,
    raw
from raw_events
where
    topic = $topic
    and part = $part
    and off between $first_off and $last_off
